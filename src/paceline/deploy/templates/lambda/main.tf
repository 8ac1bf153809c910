# @{integration} (@{title}) as an AWS Lambda function. Made by `paceline build lambda`; owner: @{team}; ends: @{expires}.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.40" }
  }
}

#@each
variable "@{secret}" {
  type        = string
  description = "Where @{secret} lies: a secret's ARN, and #KEY behind it for a key of a JSON secret"
}
#@end

variable "alarm_topic_arns" {
  type    = list(string)
  default = []
}

resource "aws_sqs_queue" "dead_letters" {
  name_prefix               = "@{dashed}-dead-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "events" {
  name_prefix                = "@{dashed}-"
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = @{visibility_secs}
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 6 })
}

resource "aws_iam_role" "function" {
  name_prefix        = "@{dashed}-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "function" {
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = aws_sqs_queue.events.arn },
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = aws_sqs_queue.dead_letters.arn },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.logs.arn}:*" },
#@any
      { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = distinct(local.secret_arns) },
#@end
    ]
  })
}

locals {
  secret_arns = [
    split("#", var.@{secret})[0],
  ]
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/@{dashed}"
  retention_in_days = 30
}

resource "aws_lambda_function" "function" {
  function_name    = "@{dashed}"
  role             = aws_iam_role.function.arn
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  handler          = "lambda_function.handler"
  runtime          = "python@{python}"
  architectures    = ["@{lambda_arch}"]
  memory_size      = 512
  timeout          = @{timeout_secs}

  environment {
    variables = {
      PACELINE_DEAD_LETTERS = "sqs:${aws_sqs_queue.dead_letters.url}"
      PACELINE_MAX_RECEIVES = "5"
      PACELINE_INSTANCES    = "@{instances}"
      @{secret} = "aws-sm:${var.@{secret}}"
    }
  }

  depends_on = [aws_cloudwatch_log_group.logs, aws_iam_role_policy.function]
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = aws_sqs_queue.events.arn
  function_name                      = aws_lambda_function.function.arn
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  scaling_config { maximum_concurrency = @{instances} }
}

resource "aws_cloudwatch_log_metric_filter" "given_up" {
  name           = "@{dashed}-dead-lettered"
  log_group_name = aws_cloudwatch_log_group.logs.name
  pattern        = "{ ($.event = \"delivery.dead_lettered\") || ($.event = \"function.not_done\") }"
  metric_transformation {
    namespace     = "paceline"
    name          = "@{integration}.dead_lettered"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "error_spike" {
  alarm_name          = "@{dashed}-dead-lettered"
  alarm_description   = "@{integration} gives up on deliveries; look into the dead-letter queue and the runbook"
  namespace           = "paceline"
  metric_name         = "@{integration}.dead_lettered"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

output "queue_url" { value = aws_sqs_queue.events.url }
output "dead_letter_queue_url" { value = aws_sqs_queue.dead_letters.url }

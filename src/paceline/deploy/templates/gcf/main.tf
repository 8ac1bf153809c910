# @{integration} (@{title}) as a Google Cloud function. Made by `paceline build gcf`; owner: @{team}; ends: @{expires}.
#
# Each secret is a secret of Secret Manager with the name below; its value never passes through Terraform.
terraform {
  required_providers {
    google = { source = "hashicorp/google", version = ">= 5.20" }
  }
}

variable "project" { type = string }
variable "region" { type = string }
variable "source_bucket" {
  type        = string
  description = "Where source.zip was uploaded: zip -r source.zip . && gcloud storage cp source.zip gs://BUCKET/"
}
variable "notification_channels" {
  type    = list(string)
  default = []
}

locals {
  secrets = {
    @{secret} = "@{secret_dashed}"
  }
}

resource "google_service_account" "function" {
  account_id = substr("@{dashed}", 0, 30)
}

resource "google_secret_manager_secret_iam_member" "read" {
  for_each  = local.secrets
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.function.email}"
}

resource "google_pubsub_topic" "events" { name = "@{dashed}" }
resource "google_pubsub_topic" "dead_letters" { name = "@{dashed}-dead" }
resource "google_pubsub_subscription" "dead_letters" {
  name                       = "@{dashed}-dead"
  topic                      = google_pubsub_topic.dead_letters.id
  message_retention_duration = "604800s"
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  topic  = google_pubsub_topic.dead_letters.id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${google_service_account.function.email}"
}

resource "google_cloudfunctions2_function" "function" {
  name     = "@{dashed}"
  location = var.region

  build_config {
    runtime     = "python@{python_digits}"
    entry_point = "cloud_event" # `http` for a function that clients call
    source {
      storage_source {
        bucket = var.source_bucket
        object = "source.zip"
      }
    }
  }

  service_config {
    service_account_email = google_service_account.function.email
    max_instance_count    = @{instances}
    timeout_seconds       = @{timeout_secs}
    available_memory      = "256M"
    ingress_settings      = "ALLOW_INTERNAL_ONLY"
    environment_variables = {
      PACELINE_DEAD_LETTERS = "pubsub:${google_pubsub_topic.dead_letters.id}"
      PACELINE_INSTANCES    = "@{instances}"
      PACELINE_TIMEOUT_SECS = "@{timeout_secs}"
    }
    dynamic "secret_environment_variables" {
      for_each = local.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
  }

  event_trigger {
    event_type            = "google.cloud.pubsub.topic.v1.messagePublished"
    pubsub_topic          = google_pubsub_topic.events.id
    retry_policy          = "RETRY_POLICY_RETRY" # what is not done comes again, for a week
    service_account_email = google_service_account.function.email
  }

  depends_on = [google_secret_manager_secret_iam_member.read]
}

resource "google_cloud_run_service_iam_member" "invoke" {
  location = var.region
  service  = google_cloudfunctions2_function.function.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.function.email}"
}

resource "google_logging_metric" "given_up" {
  name   = "@{dashed}-dead-lettered"
  filter = "resource.labels.service_name=\"@{dashed}\" AND (jsonPayload.event=\"delivery.dead_lettered\" OR jsonPayload.event=\"function.not_done\")"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_monitoring_alert_policy" "error_spike" {
  display_name          = "@{integration} gives up on deliveries"
  combiner              = "OR"
  notification_channels = var.notification_channels
  conditions {
    display_name = "dead letters"
    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.given_up.name}\" AND resource.type=\"cloud_run_revision\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }
}

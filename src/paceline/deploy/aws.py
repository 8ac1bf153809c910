"""Requests to AWS, signed, and what their answers mean. Pure: the time and the credentials come as arguments.

Three calls are all that a function needs, so that no SDK (14 MB, a quarter of a second of cold start) has to be loaded.
Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read
2026-11-23.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from paceline.model.delivery import Answer, WireRequest

MOST_ENTRIES = 10
"""Messages in one SendMessageBatch."""

SECRETS_MANAGER_PREFIX = "aws-sm:"
PARAMETER_PREFIX = "aws-ssm:"


class AwsCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the function's role gives it; in the environment of every invocation."""

    key_id: str
    secret_key: str
    token: str
    region: str

    def __repr__(self) -> str:
        return f"AwsCredentials({self.key_id}, {self.region})"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> AwsCredentials:
        """From the variables that Lambda sets."""
        return cls(
            key_id=environment.get("AWS_ACCESS_KEY_ID", ""),
            secret_key=environment.get("AWS_SECRET_ACCESS_KEY", ""),
            token=environment.get("AWS_SESSION_TOKEN", ""),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1"),
        )


def is_aws_reference(value: str) -> bool:
    """Whether a variable's value says where in AWS the secret is.

    >>> is_aws_reference("aws-sm:shop/crm#api_key"), is_aws_reference("hunter2")
    (True, False)
    """
    return value.startswith((SECRETS_MANAGER_PREFIX, PARAMETER_PREFIX))


def secret_request(reference: str, credentials: AwsCredentials, *, now_ms: int, endpoint: str = "") -> WireRequest:
    """The request for one secret: `aws-sm:NAME`, `aws-sm:NAME#KEY` for a key of a JSON secret, `aws-ssm:/NAME`."""
    if reference.startswith(PARAMETER_PREFIX):
        name = reference.removeprefix(PARAMETER_PREFIX)
        body: dict[str, object] = {"Name": name, "WithDecryption": True}
        return _call("ssm", "AmazonSSM.GetParameter", body, credentials, now_ms=now_ms, endpoint=endpoint)
    name = reference.removeprefix(SECRETS_MANAGER_PREFIX).partition("#")[0]
    body = {"SecretId": name}
    return _call("secretsmanager", "secretsmanager.GetSecretValue", body, credentials, now_ms=now_ms, endpoint=endpoint)


def read_secret(reference: str, answer: Answer) -> str | None:
    """The secret in an answer, None when there is none."""
    if answer.status != 200:
        return None
    try:
        found = msgspec.json.decode(answer.body, type=dict[str, object])
        if reference.startswith(PARAMETER_PREFIX):
            parameter = found.get("Parameter")
            value = parameter.get("Value") if isinstance(parameter, dict) else None
        else:
            value = found.get("SecretString")
            key = reference.partition("#")[2]
            if key and isinstance(value, str):
                value = msgspec.json.decode(value, type=dict[str, object]).get(key)
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, str) else None


def send_request(
    queue_url: str, bodies: Sequence[bytes], credentials: AwsCredentials, *, now_ms: int, endpoint: str = ""
) -> WireRequest:
    """The request that puts at most ten messages into an SQS queue."""
    entries = [{"Id": str(number), "MessageBody": body.decode()} for number, body in enumerate(bodies)]
    parts = urlsplit(queue_url)
    return _call(
        "sqs",
        "AmazonSQS.SendMessageBatch",
        {"QueueUrl": queue_url, "Entries": entries},
        credentials,
        now_ms=now_ms,
        endpoint=endpoint or f"{parts.scheme}://{parts.netloc}",
    )


def taken_messages(answer: Answer, number: int) -> set[int]:
    """Which of the messages of a request the queue has now."""
    if answer.status != 200:
        return set()
    try:
        found = msgspec.json.decode(answer.body, type=_SendAnswer)
        taken = {int(entry.id) for entry in found.successful}
    except (msgspec.DecodeError, ValueError):
        return set()
    return {one for one in taken if one < number}


def sign(request: WireRequest, credentials: AwsCredentials, service: str, *, now_ms: int) -> WireRequest:
    """The request with a signature over its method, path, query, headers and body."""
    moment = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    parts = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers} | {"host": parts.netloc, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            request.method,
            parts.path or "/",
            "&".join(sorted(parts.query.split("&"))) if parts.query else "",
            *(f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    scope = f"{day}/{credentials.region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return msgspec.structs.replace(request, headers=tuple(headers.items()))


class _Sent(msgspec.Struct):
    id: str = msgspec.field(name="Id")


class _SendAnswer(msgspec.Struct):
    successful: list[_Sent] = msgspec.field(name="Successful", default_factory=list)


def _call(
    service: str, target: str, body: Mapping[str, object], credentials: AwsCredentials, *, now_ms: int, endpoint: str
) -> WireRequest:
    version = "1.0" if service == "sqs" else "1.1"
    request = WireRequest(
        method="POST",
        url=f"{endpoint or f'https://{service}.{credentials.region}.amazonaws.com'}/",
        headers=(("content-type", f"application/x-amz-json-{version}"), ("x-amz-target", target)),
        body=msgspec.json.encode(body),
    )
    return sign(request, credentials, service, now_ms=now_ms)

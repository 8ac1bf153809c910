"""Objects of S3, copied to this machine for as long as they are read."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from paceline.errors import EnvironmentFaultError, MissingExtraError, UsageError


def fetch_object(url: str, folder: Path) -> tuple[Path, str]:
    """Copy `s3://bucket/key` into a folder; the copy and the object's ETag, which says whether it has changed.

    Credentials, region and endpoint are what boto3 finds. Raises MissingExtraError, UsageError, EnvironmentFaultError.
    """
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("objects of S3 are read by boto3, which is not installed", "s3") from None
    parts = urlsplit(url)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if not bucket or not key or key.endswith("/"):
        raise UsageError("it names no object", where=url, expected="s3://bucket/key")
    copy = folder / Path(key).name
    try:
        client = boto3.client("s3")
        etag = str(client.head_object(Bucket=bucket, Key=key)["ETag"])
        client.download_file(bucket, key, str(copy))
    except (BotoCoreError, ClientError) as error:
        raise EnvironmentFaultError(f"it cannot be read: {error}", where=url) from None
    return copy, etag

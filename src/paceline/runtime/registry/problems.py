"""What the registry answers when it cannot do what was asked, in the codes that its clients know.

Codes and statuses are those of the Confluent Schema Registry API reference
(https://docs.confluent.io/platform/current/schema-registry/develop/api.html, read 2026-11-23).
"""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal: the HTTP status, Confluent's error code, and what to do about it. A value, never raised."""

    status: int
    error_code: int
    message: str


def not_found(path: str) -> Problem:
    """There is nothing at this path."""
    return Problem(status=404, error_code=404, message=f"there is nothing at {path}")


def method_not_allowed(method: str) -> Problem:
    """The path exists, the method does not."""
    return Problem(status=405, error_code=405, message=f"{method} is not possible here")


def unknown_subject(subject: str) -> Problem:
    """Confluent's 40401."""
    return Problem(status=404, error_code=40401, message=f"Subject '{subject}' not found.")


def unknown_version(subject: str, version: str) -> Problem:
    """Confluent's 40402."""
    return Problem(status=404, error_code=40402, message=f"Version {version} of subject '{subject}' not found.")


def unknown_schema() -> Problem:
    """Confluent's 40403."""
    return Problem(status=404, error_code=40403, message="Schema not found")


def bad_request(message: str) -> Problem:
    """A request that is none."""
    return Problem(status=400, error_code=400, message=message)


def invalid_schema(message: str) -> Problem:
    """Confluent's 42201."""
    return Problem(status=422, error_code=42201, message=message)


def invalid_version(written: str) -> Problem:
    """Confluent's 42202."""
    return Problem(
        status=422,
        error_code=42202,
        message=f"The specified version '{written}' is not a valid version id: 1 and above, or latest",
    )


def not_permitted(message: str) -> Problem:
    """Confluent's 42205."""
    return Problem(status=422, error_code=42205, message=message)


def incompatible(message: str) -> Problem:
    """Confluent's 409."""
    return Problem(status=409, error_code=409, message=message)

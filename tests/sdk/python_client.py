"""Sends events from standard input with a Python client library, one JSON object a line.

usage: python_client.py segment|rudderstack GATEWAY_URL WRITE_KEY [gzip]
Exits 0 only when the library reported no failure. A program of its own, because the libraries start threads.
"""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime
from typing import Any

COMMON = {"userId": "user_id", "context": "context", "integrations": "integrations", "messageId": "message_id"}
KNOWN = COMMON | {"anonymousId": "anonymous_id"}
VIEW = KNOWN | {"name": "name", "category": "category", "properties": "properties"}
FIELDS = {
    "track": KNOWN | {"event": "event", "properties": "properties"},
    "identify": KNOWN | {"traits": "traits"},
    "group": KNOWN | {"groupId": "group_id", "traits": "traits"},
    "page": VIEW,
    "screen": VIEW,
    "alias": COMMON | {"previousId": "previous_id"},
}


def arguments(event: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of the library's call for this event."""
    chosen = {argument: event[field] for field, argument in FIELDS[event["type"]].items() if field in event}
    return chosen | {"timestamp": datetime.fromisoformat(event["timestamp"])}


def main() -> int:
    library, url, write_key, *options = sys.argv[1:]
    client_class = importlib.import_module(f"{library}.analytics.client").Client
    failures: list[str] = []
    client = client_class(
        write_key,
        host=url,
        gzip="gzip" in options,
        max_retries=2,
        on_error=lambda error, _batch: failures.append(str(error)),
    )
    for line in sys.stdin:
        event = json.loads(line)
        getattr(client, event["type"])(**arguments(event))
    client.flush()
    client.join()
    sys.stderr.writelines(f"{failure}\n" for failure in failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""A client that keeps sending while processes are being killed, and its own book of what was promised to it."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from typing import Any

from workspaces import WRITE_KEY

TIMEOUT_SECS = 10.0
RECONNECT_SECS = 0.02


def post_batch(
    connection: http.client.HTTPConnection, events: list[dict[str, Any]], *, write_key: str
) -> tuple[int, dict[str, Any]]:
    """Send one batch; the answer's status and body. Raises OSError or HTTPException when none comes."""
    credentials = base64.b64encode(f"{write_key}:".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    connection.request("POST", "/v1/batch", json.dumps({"batch": events}), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


class LoadClient(threading.Thread):
    """Sends batches one after the other until stopped.

    `acknowledged` are the message ids of events that a 200 answer called accepted; `unanswered` those of events that
    were sent and never answered, `refused` those of events that got another answer. With `resends`, a batch without an
    answer is sent again until it has one, as client libraries do; without, it is given up, so that a half-done request
    stays half-done.
    """

    def __init__(self, port: int, *, name: str, resends: bool, events: int = 3, pause_secs: float = 0.01) -> None:
        super().__init__(name=name, daemon=True)
        self.acknowledged: set[str] = set()
        self.unanswered: set[str] = set()
        self.refused: set[str] = set()
        self.refusals: list[str] = []
        self.answers = 0
        self.resent_batches = 0
        self._port = port
        self._resends = resends
        self._events = events
        self._pause_secs = pause_secs
        self._connection: http.client.HTTPConnection | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            events = [self._event(number + place) for place in range(self._events)]
            number += self._events
            self._deliver(events)
            time.sleep(self._pause_secs)

    def stop(self) -> None:
        """Finish the batch under way, and end."""
        self._stopping.set()
        self.join()
        if self._connection is not None:
            self._connection.close()

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"{self.name}-{number:07d}",
            "userId": f"user-{number % 50}",
            "timestamp": "2026-03-29T01:30:00.123Z",
            "properties": {"order_id": f"order-{number}", "total": number + 0.5},
        }

    def _deliver(self, events: list[dict[str, Any]]) -> None:
        ids = {event["messageId"] for event in events}
        while True:
            answer = self._exchange(events)
            if answer is not None:
                self.acknowledged |= ids & answer
                self.refused |= ids - answer
                return
            if not self._resends:
                self.unanswered |= ids
                return
            self.resent_batches += 1

    def _exchange(self, events: list[dict[str, Any]]) -> set[str] | None:
        """The ids that were accepted, or None when no answer came."""
        connection = self._connect()
        try:
            status, answer = post_batch(connection, events, write_key=WRITE_KEY)
        except (OSError, http.client.HTTPException):
            connection.close()
            self._connection = None
            return None
        self.answers += 1
        if connection.sock is None:  # the answer said that it is the last one of this connection
            self._connection = None
        if status != http.HTTPStatus.OK:
            self.refusals.append(f"{status} {answer}")
            return set()
        return {event["id"] for event in answer["events"] if event["verdict"] == "accepted"}

    def _connect(self) -> http.client.HTTPConnection:
        """An open connection; waits for the gateway, for nothing was sent yet that could be lost."""
        while self._connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECS)
            try:
                connection.connect()
                self._connection = connection
            except OSError:
                time.sleep(RECONNECT_SECS)
        return self._connection

"""The source of the Google Cloud function, served by functions-framework; Pub/Sub and metadata are small fakes."""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from functions import WEB_KEY, Program, Vendors, events, free_port

KEY = {"Authorization": "Basic " + base64.b64encode(f"{WEB_KEY}:".encode()).decode()}


class GoogleServices:
    """The metadata server's token and Pub/Sub's publish call."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.headers["metadata-flavor"] == "Google"
                self._answer({"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"})

            def do_POST(self) -> None:
                assert self.headers["authorization"] == "Bearer ya29.token"
                assert self.path == "/v1/projects/p/topics/dead:publish"
                messages = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"]
                services.published += [json.loads(base64.b64decode(one["data"])) for one in messages]
                self._answer({"messageIds": ["1"] * len(messages)})

            def _answer(self, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def google() -> Iterator[GoogleServices]:
    services = GoogleServices()
    yield services
    services.server.shutdown()
    services.server.server_close()


def serving(
    builds: dict[str, Path], target: str, kind: str, vendors: Vendors, google: GoogleServices | None = None, **more: str
) -> Program:
    port = free_port()
    environment = {"PACELINE_FAKE_VENDORS": vendors.url, "PACELINE_TIMEOUT_SECS": "3", **more}
    if google is not None:
        environment |= {
            "PACELINE_DEAD_LETTERS": "pubsub:projects/p/topics/dead",
            "PACELINE_METADATA_URL": google.url,
            "PACELINE_PUBSUB_URL": google.url,
        }
    command = [sys.executable, "-m", "functions_framework", "--target", target, "--signature-type", kind]
    return Program([*command, "--port", str(port)], builds["gcf"], port, environment)


def pubsub_push(event: object, *, attempt: int = 1, message_id: str = "1") -> tuple[dict[str, Any], dict[str, str]]:
    """A Pub/Sub message as Eventarc sends it: a CloudEvent in binary mode
    (https://cloud.google.com/eventarc/docs/cloudevents, read 2026-11-23)."""
    data = base64.b64encode(json.dumps(event).encode()).decode()
    message = {"data": data, "messageId": message_id, "publishTime": "2026-11-23T12:00:00.000Z", "attributes": {}}
    headers = {
        "ce-id": message_id, "ce-specversion": "1.0", "ce-time": "2026-11-23T12:00:00.000Z",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/events",
    }  # fmt: skip
    return {"message": message, "subscription": "projects/p/subscriptions/s", "deliveryAttempt": attempt}, headers


def test_http_function_takes_what_the_gateway_takes(builds: dict[str, Path], vendors: Vendors) -> None:
    with serving(builds, "http", "http", vendors) as function:
        status, body = function.post("/v1/batch", {"batch": events(6)}, KEY)
        assert (status, [one["verdict"] for one in json.loads(body)["events"]]) == (200, ["accepted"] * 6)
        assert function.post("/", events(2)[1], KEY)[0] == 200
        assert function.post("/v1/batch", {"batch": events(1)})[0] == 401
    assert vendors.received()["distinct"] == 6


def test_pubsub_message_is_delivered(builds: dict[str, Path], vendors: Vendors, google: GoogleServices) -> None:
    with serving(builds, "cloud_event", "cloudevent", vendors, google) as function:
        body, headers = pubsub_push({"batch": events(3)})
        assert function.post("/", body, headers)[0] == 200
    assert vendors.received()["items"] == 3


def test_pubsub_message_that_the_vendor_does_not_take_now_is_not_acknowledged(
    builds: dict[str, Path], vendors: Vendors, google: GoogleServices
) -> None:
    vendors.misbehave(status=503)
    with serving(builds, "cloud_event", "cloudevent", vendors, google, PACELINE_MAX_DELIVERIES="5") as function:
        body, headers = pubsub_push(events(2)[1], attempt=4)
        assert function.post("/", body, headers)[0] == 500
        assert google.published == []
        body, headers = pubsub_push(events(2)[1], attempt=5)
        assert function.post("/", body, headers)[0] == 200
    (letter,) = google.published
    assert letter["dead_letter"]["letter_class"] == "vendor_exhausted"
    assert letter["event"] == events(2)[1]


def test_what_the_vendor_will_never_take_is_published_as_a_dead_letter(
    builds: dict[str, Path], vendors: Vendors, google: GoogleServices
) -> None:
    vendors.misbehave(status=400)
    with serving(builds, "cloud_event", "cloudevent", vendors, google) as function:
        body, headers = pubsub_push(events(2)[1])
        assert function.post("/", body, headers)[0] == 200
    assert google.published[0]["dead_letter"]["letter_class"] == "vendor_permanent"

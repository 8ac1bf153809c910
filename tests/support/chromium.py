"""A page in headless Chromium that sends events with the browser library, and what it reports back.

The page is served from a port of its own, so the gateway is another origin to it. Its policy lets it connect to that
gateway and to nothing else, and no host name resolves: whatever else the library tries is reported as a problem.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
TIMEOUT_SECS = 90.0


def find_chromium() -> str | None:
    """The browser's program, None when there is none."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


def send_in_chromium(
    events: list[dict[str, Any]], *, gateway: str, write_key: str, files: dict[str, Path], profile: Path
) -> list[str]:
    """Let the page send `events`, and return the problems that it reported. `files` are served by their URL path."""
    program = find_chromium()
    assert program is not None
    answers = {
        "/events.json": json.dumps(events).encode(),
        "/config.json": json.dumps({"gateway": gateway, "writeKey": write_key}).encode(),
        **{path: file.read_bytes() for path, file in files.items()},
    }
    with _serve(answers, gateway) as (url, reports):
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            return reports.get(timeout=TIMEOUT_SECS)
        except queue.Empty:
            process.kill()
            return [f"the page has not finished: {process.communicate()[1].decode(errors='replace')[-2000:]}"]
        finally:
            process.kill()
            process.communicate()


@contextmanager
def _serve(answers: dict[str, bytes], gateway: str) -> Iterator[tuple[str, queue.Queue[list[str]]]]:
    reports: queue.Queue[list[str]] = queue.Queue()
    policy = f"default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' {gateway}"
    types = {".html": "text/html", ".js": "text/javascript", ".json": "application/json"}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = "/page.html" if self.path == "/" else self.path
            body = answers.get(path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", types.get(Path(path).suffix, "application/octet-stream"))
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            report = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            reports.put(json.loads(report))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", reports
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""What a built Lambda function costs: the archive's size, the CPU of a cold start, and of each event once it is warm.

    python benchmarks/functions.py            # builds customerio_onboarding of examples/shop

Each cold start is a process of its own on the unpacked archive, without this environment's packages. CPU is
`time.process_time()`: what the process used, whatever else the machine does. The vendor is a server on loopback in
another process that answers at once.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPO = Path(__file__).parents[1]
NAME = "customerio_onboarding"
COLD_STARTS = 10

COLD = """
import sys, time
began = time.process_time()
import lambda_function
handler = lambda_function.handler
transform = handler._function.packed.plan.transforms_for("track:Signed Up")[0]
payload = transform.apply(EVENT, now_ms=0)
mapped = time.process_time()
assert type(payload) is dict, payload
handler(SQS([EVENT]), Context())
print((mapped - began) * 1e3, (time.process_time() - began) * 1e3)
"""

WARM = """
import time
import lambda_function
handler = lambda_function.handler
sizes = {}
for size in (1, 10, 100):
    for _ in range(3):
        handler(SQS(more(size)), Context())
    calls = max(3, 600 // size)
    batches = [SQS(more(size)) for _ in range(calls)]
    began, own_began = time.process_time(), time.thread_time()
    for batch in batches:
        assert handler(batch, Context()) == {"batchItemFailures": []}
    own = time.thread_time() - own_began
    exchange = time.process_time() - began - own
    sizes[size] = own * 1e3 / calls / size, exchange * 1e3 / calls / size
print(sizes)
"""

COMMON = """
import itertools, json, sys
sys.stderr = open("/dev/null", "w")
numbers = itertools.count()
def more(size):
    return [{"type": "track", "event": "Signed Up", "messageId": f"m-{n}", "userId": f"u-{n}",
             "timestamp": "2026-11-23T10:00:00.000Z",
             "properties": {"email": f"u{n}@example.com", "first_name": "Ada", "method": "email", "plan": "plus"}}
            for n in itertools.islice(numbers, size)]
EVENT = more(1)[0]
def SQS(events):
    return {"Records": [{"messageId": e["messageId"], "eventSource": "aws:sqs", "body": json.dumps(e),
                         "attributes": {"SentTimestamp": "1795392000000", "ApproximateReceiveCount": "1"}}
                        for e in events]}
class Context:
    aws_request_id = "r"
    def get_remaining_time_in_millis(self):
        return 30000
"""


class Vendor(BaseHTTPRequestHandler):
    """Takes everything at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        build = [sys.executable, "-m", "paceline", "build", "lambda", NAME, "--json", "--offline"]
        built = subprocess.run(
            [*build, "--workspace", str(REPO / "examples" / "shop"), "--out", str(folder / "out")],
            capture_output=True,
            text=True,
            check=True,
        )
        report = json.loads(built.stdout)
        archive = folder / "out" / "function.zip"
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder / "function")
            unpacked = sum(one.file_size for one in packed.infolist())
        server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        vendor = f"http://127.0.0.1:{server.server_port}"
        cold = [list(map(float, run(COLD, folder, vendor).split())) for _ in range(COLD_STARTS)]
        print(f"archive                {report['archive_bytes'] / 1e6:.2f} MB, unpacked {unpacked / 1e6:.1f} MB")
        print(f"packages               {', '.join(report['packages'])}; {report['modules']} modules of paceline")
        for title, column in (("to first mapping", 0), ("to first answer", 1)):
            values = sorted(row[column] for row in cold)
            print(f"cold, {title:<17}{statistics.median(values):.0f} ms CPU ({values[0]:.0f} to {values[-1]:.0f})")
        for size, (own, exchange) in eval(run(WARM, folder, vendor), {}).items():
            print(f"warm, batch of {size:<8}{own:.3f} ms CPU an event, and {exchange:.3f} for the vendor's answer")


def run(code: str, folder: Path, vendor: str) -> str:
    environment = {"CIO_SITE_ID": "a", "CIO_API_KEY": "b", "PACELINE_FAKE_VENDORS": vendor}
    done = subprocess.run(
        [sys.executable, "-S", "-c", COMMON + code],
        cwd=folder / "function",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    main()

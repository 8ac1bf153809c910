"""`paceline etl run` as a process: every form of source, and what is left when it is killed."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions import SECRETS, SHOP, Vendors, events
from moto.server import ThreadedMotoServer

REPO_SOURCE = Path(__file__).parents[2] / "src"


def command(place: str, state: Path, vendors: Vendors, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "paceline", "etl", "run", "--workspace", str(SHOP)),
        *("--integration", "customerio_onboarding", "--from", place, "--state", str(state)),
        *("--fake-vendors", vendors.url, *more),
    ]


def run(
    place: str, state: Path, vendors: Vendors, *more: str, expect: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(place, state, vendors, *more),
        capture_output=True,
        text=True,
        env={**os.environ, **SECRETS, **environment},
        check=False,
        timeout=60,
    )
    assert done.returncode == expect, done.stderr
    return done


def report(
    place: str, state: Path, vendors: Vendors, *more: str, expect: int = 0, **environment: str
) -> dict[str, Any]:
    ledger = json.loads(run(place, state, vendors, "--json", *more, expect=expect, **environment).stdout)["ledger"]
    assert ledger["adds_up"]
    return ledger


def wait_for_more(vendors: Vendors) -> None:
    """Until the vendor has taken something that it had not."""
    before, ends = vendors.received()["items"], time.monotonic() + 60
    while vendors.received()["items"] == before and time.monotonic() < ends:
        time.sleep(0.02)


def jsonl(folder: Path, rows: list[Any]) -> str:
    path = folder / "events.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def test_every_line_is_delivered_once(tmp_path: Path, vendors: Vendors) -> None:
    place = jsonl(tmp_path, events(250))
    assert report(place, tmp_path / "s.db", vendors)["delivered"] == 250
    assert report(place, tmp_path / "s.db", vendors)["delivered"] == 250
    assert (vendors.received()["items"], vendors.received()["duplicates"]) == (250, 0)


def test_what_is_appended_is_delivered_by_the_next_run(tmp_path: Path, vendors: Vendors) -> None:
    report(jsonl(tmp_path, events(5)), tmp_path / "s.db", vendors)
    assert report(jsonl(tmp_path, events(9)), tmp_path / "s.db", vendors)["delivered"] == 9
    assert vendors.received()["items"] == 9


def test_rows_that_are_no_events_are_counted_and_do_not_stop_the_others(tmp_path: Path, vendors: Vendors) -> None:
    place = tmp_path / "events.jsonl"
    good = [json.dumps(event) for event in events(3)]
    place.write_text("\n".join([good[0], "no json", "", '{"batch": []}', good[1], good[1], good[2]]))
    ledger = report(str(place), tmp_path / "s.db", vendors, expect=1)
    assert (ledger["delivered"], ledger["rejected"], ledger["suppressed"]) == (3, 2, 1)
    assert ledger["rules"]["rejected.door:bad_json"] == 1


def test_job_killed_again_and_again_loses_nothing_and_repeats_under_the_same_keys(
    tmp_path: Path, vendors: Vendors
) -> None:
    place = jsonl(tmp_path, events(1500))
    vendors.misbehave(mode="slow", delay_secs=0.05)
    kills = 0
    for _ in range(4):
        job = subprocess.Popen(
            command(place, tmp_path / "s.db", vendors),
            env={**os.environ, **SECRETS},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wait_for_more(vendors)
        kills += job.poll() is None
        job.kill()
        job.wait()
    vendors.misbehave()
    ledger = report(place, tmp_path / "s.db", vendors)
    taken = vendors.received()
    assert kills
    assert (ledger["delivered"], taken["distinct"]) == (1500, 1500)
    assert taken["items"] - taken["distinct"] <= kills * 100


def test_job_that_is_told_to_end_repeats_nothing(tmp_path: Path, vendors: Vendors) -> None:
    place = jsonl(tmp_path, events(1000))
    vendors.misbehave(mode="slow", delay_secs=0.05)
    job = subprocess.Popen(command(place, tmp_path / "s.db", vendors), env={**os.environ, **SECRETS})
    wait_for_more(vendors)
    job.send_signal(signal.SIGTERM)
    assert job.wait(30) in {0, 1}
    vendors.misbehave()
    report(place, tmp_path / "s.db", vendors)
    assert vendors.received()["items"] == 1000


def test_what_the_vendor_does_not_take_waits_for_the_next_run(tmp_path: Path, vendors: Vendors) -> None:
    place = jsonl(tmp_path, events(4))
    vendors.misbehave(status=503)
    waiting = report(place, tmp_path / "s.db", vendors, "--wait-secs", "0.5", expect=1)
    assert waiting["parked"] == 4
    vendors.misbehave()
    assert report(place, tmp_path / "s.db", vendors)["delivered"] == 4


def test_state_of_another_source_is_refused(tmp_path: Path, vendors: Vendors) -> None:
    run(jsonl(tmp_path, events(2)), tmp_path / "s.db", vendors)
    done = run(jsonl(tmp_path, events(3)[1:]), tmp_path / "s.db", vendors, expect=2)
    assert "whose first row was another" in done.stderr


def test_dead_letters_of_a_function_are_sent_again(tmp_path: Path, vendors: Vendors) -> None:
    letters = [
        {"dead_letter": {"event_id": event["messageId"], "source": "web"}, "event": event, "received_ms": 1795392000000}
        for event in events(3)
    ]
    assert report(jsonl(tmp_path, letters), tmp_path / "s.db", vendors)["delivered"] == 3


def test_compressed_lines_are_read(tmp_path: Path, vendors: Vendors) -> None:
    place = tmp_path / "events.jsonl.gz"
    place.write_bytes(gzip.compress(b"".join(json.dumps(event).encode() + b"\n" for event in events(30))))
    assert report(str(place), tmp_path / "s.db", vendors)["delivered"] == 30


def sign_ups(number: int) -> list[dict[str, Any]]:
    return [
        {
            "messageId": f"m-{at}", "userId": f"u-{at}", "timestamp": "2026-11-23T10:00:00.000Z",
            "email": f"u{at}@example.com", "first_name": 'Ada "the first"\nLovelace', "method": "email",
            "properties.newsletter": True,
        }
        for at in range(number)
    ]  # fmt: skip


def payloads(vendors: Vendors) -> Counter[str]:
    return Counter(body for _, _, body in vendors.requests())


def test_csv_parquet_and_table_make_the_same_requests_as_lines(tmp_path: Path, vendors: Vendors) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = sign_ups(25)
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet", row_group_size=10)
    with sqlite3.connect(tmp_path / "rows.sqlite") as database:
        names = ", ".join(f'"{name}"' for name in rows[0])
        database.execute(f"CREATE TABLE sign_ups ({names})")
        database.executemany(
            f"INSERT INTO sign_ups VALUES ({', '.join('?' * len(rows[0]))})",
            [[str(value) if value is True else value for value in row.values()] for row in rows],
        )
    made: list[Counter[str]] = []
    before: Counter[str] = Counter()
    for number, (place, more) in enumerate(
        [
            (str(tmp_path / "rows.csv"), ()),
            (str(tmp_path / "rows.parquet"), ()),
            ("${env:SHOP_DB}", ("--query", 'SELECT * FROM sign_ups ORDER BY "messageId"')),
        ]
    ):
        database_url = f"sqlite:///{tmp_path / 'rows.sqlite'}"
        ledger = report(place, tmp_path / f"{number}.db", vendors, "--event", "Signed Up", *more, SHOP_DB=database_url)
        assert ledger["delivered"] == 25
        now = Counter(json.dumps(item) for item in received_items(vendors))
        made.append(now - before)
        before = now
    assert made[0] == made[1] == made[2]
    assert "Lovelace" in next(iter(made[0]))


def received_items(vendors: Vendors) -> list[Any]:
    """The vendor's items without what depends on when they were received (the first half of a ULID)."""
    return [
        {**item, "id": str(item.get("id"))[10:]}
        for _, _, body in vendors.requests()
        for item in json.loads(body).get("batch", [json.loads(body)])
    ]


def test_query_without_an_order_is_refused(tmp_path: Path, vendors: Vendors) -> None:
    pytest.importorskip("sqlalchemy")
    done = run("sqlite:///x.db", tmp_path / "s.db", vendors, "--query", "SELECT * FROM sign_ups", expect=2)
    assert "no ORDER BY" in done.stderr


def test_missing_extra_is_named_with_its_command(tmp_path: Path, vendors: Vendors) -> None:
    (tmp_path / "off").mkdir()
    (tmp_path / "off" / "pyarrow.py").write_text("raise ImportError")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    paths = f"{tmp_path / 'off'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = run(str(tmp_path / "rows.parquet"), tmp_path / "s.db", vendors, expect=3, PYTHONPATH=paths)
    assert 'pip install "paceline[parquet]"' in done.stderr


def test_object_of_s3_is_read(tmp_path: Path, vendors: Vendors) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    try:
        s3 = boto3.client(
            "s3", endpoint_url=access["AWS_ENDPOINT_URL"], aws_access_key_id="a", aws_secret_access_key="b",
            region_name="us-east-1",
        )  # fmt: skip
        s3.create_bucket(Bucket="exports")
        body = b"".join(json.dumps(event).encode() + b"\n" for event in events(7))
        s3.put_object(Bucket="exports", Key="2026/events.jsonl", Body=body)
        assert report("s3://exports/2026/events.jsonl", tmp_path / "s.db", vendors, **access)["delivered"] == 7
        done = run("s3://exports/none.jsonl", tmp_path / "t.db", vendors, expect=3, **access)
        assert "s3://exports/none.jsonl" in done.stderr
    finally:
        server.stop()

"""The program of a packed job: delivers the rows of one source and ends."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from paceline.assemble.etl import EtlOptions, run_etl
from paceline.assemble.function.parts import Packed
from paceline.assemble.row_sources import FORMATS, SourceChoice, open_rows
from paceline.drivers.sender.threads import ThreadSender
from paceline.errors import PacelineError
from paceline.model.event import EventType
from paceline.observe.ledger import LaneLedger


def main() -> None:
    """Run the job of a packed folder. Exit status 0 when all is delivered, 1 when something is not."""
    parser = argparse.ArgumentParser(description="Deliver the rows of a source, and end.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", dest="place", required=True, help="a file, s3://bucket/key or a database's URL")
    parser.add_argument("--state", type=Path, required=True, help="the file that remembers how far the job is")
    parser.add_argument("--query", default="", help="SELECT … ORDER BY …, for a database")
    parser.add_argument("--format", choices=FORMATS, default="")
    parser.add_argument("--event", default="", help="the track event that the rows of a table are")
    parser.add_argument("--type", choices=[str(call) for call in EventType], default="track")
    parser.add_argument("--wait-secs", type=float, default=900.0)
    asked = parser.parse_args()
    try:
        sys.exit(run(asked))
    except PacelineError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)


def run(asked: argparse.Namespace) -> int:
    """Run what was asked for. Raises PacelineError."""
    packed = Packed(asked.folder.resolve())
    parts = packed.open(os.environ)
    place = os.environ.get(asked.place[6:-1], "") if asked.place.startswith("${env:") else asked.place
    choice = SourceChoice(
        place=place, form=asked.format, query=asked.query, call=EventType(asked.type), event=asked.event
    )
    rows = open_rows(choice, parts, packed.bundle.contracts)
    fake_vendors = os.environ.get("PACELINE_FAKE_VENDORS", "")
    options = EtlOptions(state=asked.state, wait_secs=asked.wait_secs, fake_vendors=fake_vendors)
    report = run_etl(parts, rows, options, make_sender=lambda policy, most: ThreadSender(policy, max_connections=most))
    sys.stdout.write(account_of_run(report.ledger) + "\n")
    return 0 if report.is_done and not report.ledger.dead and not report.ledger.rejected else 1


def account_of_run(ledger: LaneLedger) -> str:
    """The ledger in a line."""
    fates = ("delivered", "filtered", "suppressed", "rejected", "dead", "parked", "in_flight")
    counts = ", ".join(f"{getattr(ledger, fate):,} {fate.replace('_', ' ')}" for fate in fates if getattr(ledger, fate))
    return f"{ledger.integration}: {ledger.accepted:,} rows: {counts or 'nothing to do'}"


if __name__ == "__main__":
    main()

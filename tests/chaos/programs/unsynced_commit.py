"""`paceline` with a fault built in: a commit returns before it is on the disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from paceline.drivers import sqlite_file

connect_writer = sqlite_file.connect_writer


def connect_without_syncs(path: Path) -> sqlite3.Connection:
    connection = connect_writer(path)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


sqlite_file.connect_writer = connect_without_syncs  # before anybody imports it by name

from paceline.cli.main import main  # noqa: E402

main()

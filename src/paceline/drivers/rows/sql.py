"""Rows of a query, by SQLAlchemy, so that every database with a driver for it can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from paceline.drivers.rows.text import ReadRow
from paceline.errors import EnvironmentFaultError, MissingExtraError, UsageError

_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


class QueryRows:
    """The rows of one SELECT with an ORDER BY: without one, no database promises the same row at the same place."""

    def __init__(self, url: str, query: str, read_row: ReadRow) -> None:
        if not _ORDER.search(query):
            raise UsageError(
                "the query has no ORDER BY, so a run that was interrupted could not go on where it was",
                where="--query",
                expected="an ORDER BY a column that is unique and does not change",
            )
        try:
            import sqlalchemy  # noqa: PLC0415 - an extra
            from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415
        except ImportError:
            raise MissingExtraError("databases are read by SQLAlchemy, which is not installed", "sql") from None
        self._sql = sqlalchemy
        try:
            self._engine = sqlalchemy.create_engine(url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise UsageError(
                f"the database cannot be used: {error}", where="--from", expected="an URL that SQLAlchemy takes"
            ) from None
        self.description = self._engine.url.render_as_string(hide_password=True)
        self._query = query.strip().rstrip(";")
        self._read_row = read_row
        self._at = 0
        self._rows: Iterator[Any] | None = None
        self._connection: Any = None

    def count(self) -> int:
        """See the port."""
        found = self._run(f"SELECT count(*) FROM ({self._query}) AS paceline_rows")  # noqa: S608 - the user's own query
        return int(next(iter(found))[0])

    def read(self, first: int, most: int) -> Sequence[bytes]:
        """See the port."""
        if self._rows is None or first < self._at:
            self._rows, self._at = iter(self._run(self._query)), 0
        read: list[bytes] = []
        for row in self._rows:
            self._at += 1
            if self._at > first:
                read.append(msgspec.json.encode(self._read_row(dict(row._mapping))))
            if len(read) == most:
                break
        return read

    def close(self) -> None:
        """See the port."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _run(self, text: str) -> Any:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - an extra

        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(stream_results=True)
            return self._connection.execute(self._sql.text(text))
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise EnvironmentFaultError(f"the database refuses: {said}", where=self.description) from None

"""JSON lines and CSV files, plain or compressed with gzip."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from paceline.errors import EnvironmentFaultError, UsageError

ROWS_A_MARK = 1000
"""After so many rows the place in the file is remembered, so that going back does not begin at the front."""

MAX_LINE_BYTES = 16 * 1024**2

ReadRow = Callable[[Mapping[str, object]], dict[str, object]]


class TextRows:
    """What lines and CSV files share: where in the file every thousandth row begins."""

    def __init__(self, path: Path, *, description: str = "") -> None:
        self.description = description or str(path)
        self._path = path
        self._marks: list[int] = [0]
        self._at = 0
        self._rows: Iterator[tuple[bytes, int]] | None = None
        self._file: IO[bytes] | None = None

    def count(self) -> int:
        """See the port."""
        number = 0
        with self._opened() as file:
            for number, (_, ends) in enumerate(self._rows_in(file, self._marks[0]), 1):
                if number % ROWS_A_MARK == 0:
                    self._marks.append(ends)
        return number

    def read(self, first: int, most: int) -> Sequence[bytes]:
        """See the port."""
        if self._rows is None or first < self._at or first - self._at > ROWS_A_MARK:
            self._go_to(first)
        assert self._rows is not None
        while self._at < first:
            if next(self._rows, None) is None:
                return []
            self._at += 1
        read: list[bytes] = []
        for data, _ in self._rows:
            read.append(data)
            self._at += 1
            if len(read) == most:
                break
        return read

    def close(self) -> None:
        """See the port."""
        if self._file is not None:
            self._file.close()

    def _go_to(self, row: int) -> None:
        self.close()
        mark = min(row // ROWS_A_MARK, len(self._marks) - 1)
        self._file = self._opened()
        self._rows = self._rows_in(self._file, self._marks[mark])
        self._at = mark * ROWS_A_MARK

    def _opened(self) -> IO[bytes]:
        try:
            plain = self._path.open("rb")
        except OSError as error:
            raise UsageError(f"it cannot be read: {error.strerror}", where=self.description) from None
        return gzip.GzipFile(fileobj=plain) if self._path.suffix == ".gz" else plain  # type: ignore[return-value]

    def _rows_in(self, file: IO[bytes], start: int) -> Iterator[tuple[bytes, int]]:
        """Rows from byte `start` on, each with the byte behind it."""
        raise NotImplementedError

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise UsageError(
                    f"a line is longer than {MAX_LINE_BYTES} bytes", where=self.description, expected="one event a line"
                )
            yield line


class JsonLines(TextRows):
    """One event a line. Empty lines do not count."""

    def _rows_in(self, file: IO[bytes], start: int) -> Iterator[tuple[bytes, int]]:
        ends = start
        try:
            file.seek(start)
            for line in self._lines(file):
                ends += len(line)
                if data := line.strip():
                    yield data, ends
        except (OSError, EOFError) as error:
            raise EnvironmentFaultError(f"it cannot be read: {error}", where=self.description) from None


class CsvFile(TextRows):
    """A CSV file with a line of column names, in UTF-8; `read_row` makes an event of a row."""

    def __init__(self, path: Path, read_row: ReadRow, *, description: str = "", delimiter: str = ",") -> None:
        super().__init__(path, description=description)
        self._read_row = read_row
        self._delimiter = delimiter
        with self._opened() as file:
            head = self._lines(file)
            self._columns = next(csv.reader(self._texts(head), delimiter=delimiter), [])
            self._marks = [file.tell()]
        if not self._columns:
            raise UsageError("the file has no line of column names", where=self.description)
        twice = {name for name in self._columns if self._columns.count(name) > 1}
        if twice:
            raise UsageError(f"the column {min(twice)!r} is there twice", where=self.description)

    def _rows_in(self, file: IO[bytes], start: int) -> Iterator[tuple[bytes, int]]:
        ends = start

        def counted() -> Iterator[bytes]:
            nonlocal ends
            for line in self._lines(file):
                ends += len(line)
                yield line

        try:
            file.seek(start)
            for values in csv.reader(self._texts(counted()), delimiter=self._delimiter):
                if values:
                    row = dict(zip(self._columns, values, strict=False))
                    yield msgspec.json.encode(self._read_row(row)), ends
        except (OSError, EOFError) as error:
            raise EnvironmentFaultError(f"it cannot be read: {error}", where=self.description) from None
        except csv.Error as error:
            raise UsageError(f"it is no CSV: {error}", where=self.description) from None

    def _texts(self, lines: Iterator[bytes]) -> Iterator[str]:
        for line in lines:
            try:
                yield line.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise UsageError("it is not UTF-8", where=self.description) from None

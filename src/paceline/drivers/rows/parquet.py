"""Parquet files, by pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from paceline.drivers.rows.text import ReadRow
from paceline.errors import MissingExtraError, UsageError


class ParquetFile:
    """Reads one row group at a time; `read_row` makes an event of a row."""

    def __init__(self, path: Path, read_row: ReadRow, *, description: str = "") -> None:
        self.description = description or str(path)
        try:
            from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra
        except ImportError:
            raise MissingExtraError("Parquet files are read by pyarrow, which is not installed", "parquet") from None
        try:
            self._file: Any = parquet.ParquetFile(path)
        except OSError as error:
            raise UsageError(f"it cannot be read: {error}", where=self.description) from None
        except ArrowException as error:
            raise UsageError(f"it is no Parquet file: {error}", where=self.description) from None
        self._read_row = read_row
        metadata = self._file.metadata
        self._starts = [0]
        for group in range(metadata.num_row_groups):
            self._starts.append(self._starts[-1] + metadata.row_group(group).num_rows)
        self._group = -1
        self._rows: list[dict[str, object]] = []

    def count(self) -> int:
        """See the port."""
        return self._starts[-1]

    def read(self, first: int, most: int) -> Sequence[bytes]:
        """See the port."""
        read: list[bytes] = []
        while len(read) < most and first + len(read) < self._starts[-1]:
            row = first + len(read)
            group = next(number for number, end in enumerate(self._starts[1:]) if row < end)
            if group != self._group:
                self._rows, self._group = self._file.read_row_group(group).to_pylist(), group
            inside = row - self._starts[group]
            wanted = self._rows[inside : inside + most - len(read)]
            read += [msgspec.json.encode(self._read_row(one)) for one in wanted]
        return read

    def close(self) -> None:
        """See the port."""
        self._file.close()

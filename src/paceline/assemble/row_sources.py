"""Opens what a job reads, by its name: a file, an object of S3, or a database with a query."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import msgspec

from paceline.assemble.function.parts import Parts
from paceline.delivery.plan import TRACK_PREFIX
from paceline.drivers.rows.parquet import ParquetFile
from paceline.drivers.rows.s3 import fetch_object
from paceline.drivers.rows.sql import QueryRows
from paceline.drivers.rows.text import CsvFile, JsonLines
from paceline.errors import UsageError
from paceline.exchange.rows import RowShape, declared_types, event_of
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.ports.rows import Rows

FORMATS = ("jsonl", "csv", "tsv", "parquet")
_ENDINGS = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl", "csv": "csv", "tsv": "tsv", "parquet": "parquet"}


class SourceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read. `place` is a path, `s3://bucket/key` or a database's URL; `query` belongs to the latter.

    `form` overrules what the name's ending says; `call` and `event` say what the rows of a table are.
    """

    place: str
    form: str = ""
    query: str = ""
    call: EventType = EventType.TRACK
    event: str = ""


def open_rows(choice: SourceChoice, parts: Parts, contracts: dict[str, dict[str, ContractFile]]) -> Rows:
    """The rows. Raises UsageError, MissingExtraError, EnvironmentFaultError."""
    read_row = functools.partial(event_of, shape=_shape(choice, parts, contracts))
    if choice.place.startswith("s3://"):
        folder = tempfile.TemporaryDirectory(prefix="paceline-s3-")
        path, etag = fetch_object(choice.place, Path(folder.name))
        rows = _file(path, choice, read_row, description=f"{choice.place} {etag}")
        rows.copy = folder  # type: ignore[attr-defined] # the copy goes with the object that reads it
        return rows
    if "://" in choice.place:
        if not choice.query:
            raise UsageError("which rows of the database?", where="--query", expected="SELECT … ORDER BY …")
        return QueryRows(choice.place, choice.query, read_row)
    path = Path(choice.place)
    if not path.is_file():
        raise UsageError("there is no such file", where=choice.place)
    return _file(path, choice, read_row, description=choice.place)


def _file(
    path: Path, choice: SourceChoice, read_row: functools.partial[dict[str, object]], *, description: str
) -> Rows:
    match choice.form or _form_of(path):
        case "jsonl":
            return JsonLines(path, description=description)
        case "csv":
            return CsvFile(path, read_row, description=description)
        case "tsv":
            return CsvFile(path, read_row, description=description, delimiter="\t")
        case "parquet":
            return ParquetFile(path, read_row, description=description)
    raise UsageError(
        "its form cannot be told from its name", where=choice.place, remedy=f"say --format {'|'.join(FORMATS)}"
    )


def _form_of(path: Path) -> str:
    """By the ending, the one before `.gz`."""
    name = path.name.removesuffix(".gz").lower()
    return _ENDINGS.get(name.rpartition(".")[2], "")


def _shape(choice: SourceChoice, parts: Parts, contracts: dict[str, dict[str, ContractFile]]) -> RowShape:
    types = {}
    for versions in contracts.values():
        newest = list(versions.values())[-1]
        types[newest.event_name] = declared_types(newest.schema)
    event = choice.event
    if not event and choice.call is EventType.TRACK:
        taken = [name.removeprefix(TRACK_PREFIX) for name in parts.plan.transforms if name.startswith(TRACK_PREFIX)]
        event = taken[0] if len(taken) == 1 else ""
    return RowShape(call=choice.call, event=event, types=types)

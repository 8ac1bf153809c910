"""Requests from the tickets of other trackers: the CSV exports of Jira and Linear, and GitHub issues as CSV or JSON.

Only what a ticket says is carried over. Numbers are never made up: what a decision needs besides is asked for later.

Columns, as the exports name them: Jira "Export CSV (all fields)" (`Issue key`, `Summary`, `Created`, `Due date`,
`Labels` once for each label, `Custom field (NAME)`); Linear "Export issues to CSV" (`ID`, `Title`, `Created`,
`Due Date`, `Labels`); GitHub `gh issue list --json number,title,createdAt,labels,milestone,url,state` as JSON, or the
same as columns.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from paceline.errors import UsageError
from paceline.exchange.backlog_cells import read_day, read_estimate, split_list
from paceline.exchange.loss import Loss

Format = Literal["jira", "linear", "github"]
FORMATS: tuple[Format, ...] = ("jira", "linear", "github")
Row = Mapping[str, tuple[str, ...]]
"""One ticket: its cells by the normalized name of their column; a name may occur more than once."""

_NAME_COLUMNS: Mapping[Format, tuple[str, ...]] = {
    "jira": ("issue key", "key"),
    "linear": ("id", "identifier"),
    "github": ("number",),
}
_TITLES = ("summary", "title")
_CREATED = ("created", "created at", "createdat", "date created")
_DUE = ("due date", "due", "due on", "dueon", "duedate", "milestone due on")
_STATES = ("status", "state", "resolution")
_DONE = ("done", "closed", "canceled", "cancelled", "completed", "resolved", "duplicate", "won't do", "wontfix")
_LINKS = ("url", "issue url", "html url")
_IGNORED_SILENTLY = frozenset(
    [*_TITLES, *_CREATED, *_DUE, *_STATES, *_LINKS, "labels", "label", "components", "component/s", "milestone"]
)
_USEFUL = {
    "story points": "points are no duration",
    "story point estimate": "points are no duration",
    "estimate": "points are no duration",
    "original estimate": "one number is no range",
    "remaining estimate": "one number is no range",
    "priority": "a word is no cost of delay",
    "assignee": "a person is no owning team",
    "team": "it may not be the owning team",
    "project": "it may not be the owning team",
    "description": "free text is not interpreted",
    "body": "free text is not interpreted",
}
"""Columns that people may miss in the result, and why they are not carried over."""
_TEXTS = {
    "kind": "kind",
    "vendor": "vendor",
    "residency": "residency",
    "platform owner": "platform_owner",
    "acceptance test": "acceptance.now",
    "acceptance now": "acceptance.now",
    "acceptance downstream": "acceptance.downstream",
    "owner team": "owner.team",
    "owner role": "owner.role",
    "schema": "schema",
    "migration plan": "migration_plan",
}
_LISTS = {"events": "events", "data classes": "data_classes", "compliance": "compliance"}
_ESTIMATES = {
    "cost of delay per week": "cost_of_delay.per_week",
    "cost of delay": "cost_of_delay.per_week",
    "sprint days": "estimates.sprint.days",
    "marathon days": "estimates.marathon.days",
    "sprint build hours": "estimates.sprint.build_hours",
    "marathon build hours": "estimates.marathon.build_hours",
    "teams in 24 months": "teams.in_24_months",
}
_SCORES = {
    f"risk {bucket.replace('_', ' ')}": f"risk.{bucket}"
    for bucket in ("privacy", "lock_in", "performance", "observability")
}
_KINDS = ("tactical", "strategic")
_NAME_FORM = re.compile(r"[^A-Za-z0-9_.-]+")
_CUSTOM = re.compile(r"custom field \((.*)\)")


class ImportedBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """Requests as plain values, in the order of the tickets; what was left out, and tickets that are done already."""

    format: Format
    requests: tuple[dict[str, object], ...]
    losses: tuple[Loss, ...]
    done: int


def import_backlog(
    text: str, *, format_name: Format | None = None, today: str, connectors: Collection[str] = ()
) -> ImportedBacklog:
    """The open tickets of an export as requests of a backlog.

    `today` (YYYY-MM-DD) is the day of the request where a ticket does not say when it was made. A label or component
    that is the name of one of `connectors` is the vendor. Raises UsageError for text that is no export.

    Example: `import_backlog(text, today="2026-11-23").requests`
    """
    rows = _read_json(text) if text.lstrip().startswith("[") else _read_csv(text)
    if not rows:
        raise UsageError(
            "there are no tickets in it", expected="a row with the names of the columns, and tickets below"
        )
    chosen = format_name or _recognize(rows[0])
    requests: list[dict[str, object]] = []
    losses: list[Loss] = list(_columns_not_read(rows[0], chosen))
    done = 0
    taken: set[str] = set()
    for number, row in enumerate(rows, start=2):
        if any(_first(row, state).lower() in _DONE for state in _STATES):
            done += 1
            continue
        request, lost = _request(row, chosen, today=today, connectors=connectors, line=number)
        losses += lost
        name = str(request.get("request", ""))
        if not name or name in taken:
            what = f"there is a ticket {name!r} before it" if name else "it has no key and no title"
            losses.append(Loss(about=f"row {number}", message=f"left out: {what}"))
            continue
        taken.add(name)
        requests.append(request)
    return ImportedBacklog(format=chosen, requests=tuple(requests), losses=tuple(losses), done=done)


def _read_csv(text: str) -> list[Row]:
    text = text.lstrip("\ufeff")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(10_000_000)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(f"not a CSV file: {error}") from None
    if not lines:
        return []
    columns = [_column(name) for name in lines[0]]
    rows: list[Row] = []
    for cells in lines[1:]:
        if any(cell.strip() for cell in cells):
            row: dict[str, tuple[str, ...]] = dict.fromkeys(columns, ())
            for column, cell in zip(columns, cells, strict=False):
                if cell.strip():
                    row[column] = (*row[column], cell.strip())
            rows.append(row)
    return rows


def _read_json(text: str) -> list[Row]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"not valid JSON: {error}") from None
    return [
        {_column(str(key)): tuple(_texts(part)) for key, part in one.items()} for one in value if isinstance(one, dict)
    ]


def _texts(value: object) -> Iterator[str]:
    match value:
        case None | "" | False:
            return
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            yield from _texts(value.get("name") or value.get("title") or value.get("login"))
        case _:
            yield str(value)


def _column(name: str) -> str:
    plain = " ".join(re.sub(r"[_/]", " ", name.strip().lower()).split())
    custom = _CUSTOM.fullmatch(plain)
    return custom[1].strip() if custom else plain


def _recognize(row: Row) -> Format:
    for chosen in FORMATS:
        if any(column in row for column in _NAME_COLUMNS[chosen]) and any(title in row for title in _TITLES):
            return chosen
    raise UsageError(
        f"no format is recognized by its columns: {', '.join(list(row)[:8])}",
        expected="Issue key and Summary (Jira), ID and Title (Linear), or number and title (GitHub)",
        remedy="name it: --format jira, linear or github",
    )


def _first(row: Row, *columns: str) -> str:
    return next((row[column][0] for column in columns if row.get(column)), "")


def _request(
    row: Row, chosen: Format, *, today: str, connectors: Collection[str], line: int
) -> tuple[dict[str, object], list[Loss]]:
    losses: list[Loss] = []
    title = " ".join(_first(row, *_TITLES).split())
    name = _name(_first(row, *_NAME_COLUMNS[chosen]), title, chosen)
    request: dict[str, object] = {"request": name}
    if title:
        request["outcome"] = title

    def lose(message: str, hint: str = "") -> None:
        losses.append(Loss(about=name or f"row {line}", message=message, hint=hint))

    for key, columns in (("asked", _CREATED), ("deadline", _DUE)):
        text = _first(row, *columns)
        day = read_day(text)
        if day is not None:
            request[key] = day
        elif text:
            lose(f"the day {text!r} ({columns[0]}) was not understood", "write YYYY-MM-DD")
    if "asked" not in request:
        request["asked"] = today
        lose(f"nothing says when it was asked for; {today} is assumed", "correct `asked`")
    if str(request.get("deadline", "9")) <= str(request["asked"]):
        lose(f"the due date {request.pop('deadline')} is not after the day of the request", "write the real deadline")
    labels = [label for column in ("labels", "label", "components", "component s") for label in row.get(column, ())]
    labels = [label.strip() for text in labels for label in split_list(text)]
    kinds = [label for label in labels if label.lower() in _KINDS]
    if len(set(kinds)) == 1:
        request["kind"] = kinds[0].lower()
    vendors = sorted({label.lower() for label in labels if label.lower() in connectors})
    if len(vendors) == 1:
        request["vendor"] = vendors[0]
    elif vendors:
        lose(f"labels name several vendors: {', '.join(vendors)}", "one request a vendor")
    for message, hint in _stated(row, request):
        lose(message, hint)
    link = _first(row, *_LINKS)
    if link:
        request["note"] = link
    return request, losses


def _name(key: str, title: str, chosen: Format) -> str:
    """A name that a request may have: the ticket's key, or its title in lower-case words."""
    text = f"gh-{key.lstrip('#')}" if chosen == "github" and key else key
    plain = _NAME_FORM.sub("-", text).strip("-_.")
    return (plain or _NAME_FORM.sub("-", title.lower()).strip("-_."))[:80]


def _stated(row: Row, request: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Put in what columns say that are named like the parts of a request; yield what cannot be understood."""
    for column, path in _TEXTS.items():
        text = _first(row, column)
        if text:
            _put(request, path, text.lower() if path in ("kind", "schema") else text)
    for column, path in _LISTS.items():
        items = [item for text in row.get(column, ()) for item in split_list(text)]
        if items:
            _put(request, path, items)
    for column, path in _SCORES.items():
        text = _first(row, column)
        if text in ("1", "2", "3", "4", "5"):
            _put(request, path, int(text))
        elif text:
            yield f"the score {text!r} ({column}) was not understood", "write 1 to 5"
    for column, path in _ESTIMATES.items():
        text = _first(row, column)
        estimate = read_estimate(text)
        if estimate is not None:
            _put(request, path, estimate)
        elif text:
            yield f"{text!r} ({column}) is no range", "write low, likely and high, such as 2 - 3 - 6"
    risk = request.get("risk")
    if isinstance(risk, dict) and len(risk) < len(_SCORES):
        del request["risk"]
        yield (
            "not all four risks are scored, so none is carried over",
            "score privacy, lock in, performance, observability",
        )


def _put(request: dict[str, object], path: str, value: object) -> None:
    *steps, last = path.split(".")
    node = request
    for step in steps:
        inner = node.setdefault(step, {})
        assert isinstance(inner, dict)
        node = inner
    node[last] = value


def _columns_not_read(row: Row, chosen: Format) -> Iterator[Loss]:
    """What the export has and no request gets: said once, by column."""
    known = {*_NAME_COLUMNS[chosen], *_IGNORED_SILENTLY, *_TEXTS, *_LISTS, *_SCORES, *_ESTIMATES, "component s"}
    for column in row:
        if column in _USEFUL and column not in known:
            yield Loss(about=f"column {column!r}", message=f"not carried over: {_USEFUL[column]}")
    others = [column for column in row if column and column not in known and column not in _USEFUL]
    if others:
        shown: Sequence[str] = sorted(set(others))
        more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
        yield Loss(about="other columns", message=f"not carried over: {', '.join(shown[:8])}{more}")

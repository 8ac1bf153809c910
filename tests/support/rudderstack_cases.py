"""Public cases of what RudderStack sends to vendors, and how close our import of its destinations comes.

    python tests/support/rudderstack_cases.py [VENDOR …]    prints every difference of these vendors

A body counts by its leaf fields: those that are equal on both sides over those on either side. Not counted are:

- a named addition (`ADDITIONS`), a field that the vendor documents and RudderStack leaves out;
- a named exception (`EXCEPTIONS`), a row that must not come out as RudderStack's does; the reason stands there.

Counting these too gives the strict ratio.
"""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from paceline.assemble.door import record_type
from paceline.assemble.lanes import make_lane_plan
from paceline.assemble.preview import Previewer
from paceline.cli.deliver import answer
from paceline.connectors.catalog import Catalog
from paceline.connectors.described import DescribedConnector
from paceline.delivery.batch import make_batches
from paceline.delivery.plan import LanePlan, plan_delivery
from paceline.model.connector import IdPlace
from paceline.model.delivery import Delivery
from paceline.model.event import Event, EventType
from paceline.model.record import Position

Row = dict[str, Any]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Why rows of a vendor come out otherwise on purpose: which ones, and what becomes of them here.

    `refused_by` is the rule that refuses them; nothing where they are sent, only with another method or URL.
    """

    concerns: Callable[[Row], bool]
    reason: str
    refused_by: str = ""


def _is_foreign_platform(case: Row) -> bool:
    event = case["event"]
    device = event.get("context", {}).get("device", {})
    names = {"Application Installed", "Application Opened", case["destination_config"].get("deviceTokenEventName")}
    is_device = event.get("event") in names and "token" in device and "userId" in event
    return is_device and str(device.get("type")).lower() not in {"ios", "android"}


def _names_its_url(case: Row) -> bool:
    return "fullPath" in case["event"]


def _has_no_event_name(case: Row) -> bool:
    return case["event"].get("type") == "track" and not case["event"].get("event")


EXCEPTIONS: Mapping[str, Sequence[Difference]] = {
    "customerio": [
        Difference(
            concerns=_is_foreign_platform,
            reason="Customer.io takes devices of the platforms ios and android only",
            refused_by="device.platform",
        )
    ],
    "iterable": [
        Difference(
            concerns=_has_no_event_name,
            reason="a track call needs its name, and Iterable requires eventName",
            refused_by="event",
        )
    ],
    "webhook": [
        Difference(
            concerns=_names_its_url, reason="an event cannot choose which host is called, nor with which secrets"
        )
    ],
}

ADDITIONS: Mapping[str, Mapping[str, str]] = {
    "segment": {
        ".batch[0].timestamp": "RudderStack calls it timeStamp, which is no field of Segment's",
        ".batch[0].messageId": "Segment recognizes repetitions by it",
    },
    "customerio": {".name": "Customer.io requires a name of page views, too"},
}


def data_folder() -> Path | None:
    """Where the public cases are: `PACELINE_CONFORMANCE_DATA`, or beside the repository. None when they are nowhere."""
    given = os.environ.get("PACELINE_CONFORMANCE_DATA")
    folder = Path(given) if given else Path(__file__).parents[2].parent / "shared" / "data"
    return folder if (folder / "mapping_cases.jsonl").is_file() else None


def read_cases(folder: Path) -> dict[str, list[Row]]:
    """The cases by RudderStack's name of the vendor."""
    cases: dict[str, list[Row]] = {}
    for case in read_rows(folder / "mapping_cases.jsonl"):
        cases.setdefault(case["vendor"], []).append(case)
    return cases


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of JSON lines."""
    return [msgspec.json.decode(line) for line in path.read_text(encoding="utf-8").splitlines()]


def preview(case: Row, previewer: Previewer) -> Row:
    """Our answer to one case, as `paceline deliver preview` prints it."""
    row = {
        "rudderstack": {"vendor": case["vendor"], "destination_config": case["destination_config"]},
        "event": case["event"],
    }
    if case["now_ms"] is not None:
        row["now_ms"] = case["now_ms"]
    decoded: Row = msgspec.json.decode(msgspec.json.encode(answer(row, previewer)))
    return decoded


class Score(msgspec.Struct, kw_only=True):
    """How one vendor's cases came out. `envelope` are rows whose methods, URLs and authorization are all the same.

    `strict` counts every field of every row; `fields` as the module says. `unlike` are rows whose envelope differs
    without being an exception, `excepted` the exceptions, `broken` those that did not come out as their reason says.
    """

    success_rows: int = 0
    envelope: int = 0
    error_rows: int = 0
    refused: int = 0
    strict: int = 0
    strict_equal: int = 0
    fields: int = 0
    equal_fields: int = 0
    unlike: list[str] = []
    excepted: list[str] = []
    broken: list[str] = []
    not_refused: list[str] = []
    differences: list[str] = []

    @property
    def field_ratio(self) -> float:
        """The share of equal fields, without named additions and exceptions."""
        return self.equal_fields / self.fields if self.fields else 1.0

    @property
    def strict_ratio(self) -> float:
        """The share of equal fields when every field counts."""
        return self.strict_equal / self.strict if self.strict else 1.0


def score(cases: list[Row]) -> Score:
    """Run one vendor's cases."""
    previewer = Previewer(None)
    total = Score()
    for case in cases:
        got = preview(case, previewer)
        if case["outcome"] == "error":
            total.error_rows += 1
            if got.get("requests"):
                total.differences.append(f"{case['id']}: should be refused: {case.get('expected_error')}")
                total.not_refused.append(case["id"])
            else:
                total.refused += 1
            continue
        total.success_rows += 1
        _compare(case, got, total)
    return total


def _compare(case: Row, got: Row, total: Score) -> None:
    requests: list[Row] = got.get("requests", [])
    expected: list[Row] = case["expected_requests"]
    exception = next((one for one in EXCEPTIONS.get(case["vendor"], []) if one.concerns(case)), None)
    same_envelope = len(expected) == len(requests)
    if not same_envelope:
        total.differences.append(f"{case['id']}: {len(expected)} requests expected, got {len(requests)}: {got}"[:600])
    for number, want in enumerate(expected):
        request = requests[number] if number < len(requests) else {}
        for part in envelope_differences(want, request):
            same_envelope = False
            total.differences.append(f"{case['id']} [{number}]: {part}")
        wanted, given = Counter(leaves(want["body"])), Counter(leaves(request.get("body") or {}))
        total.strict += (wanted | given).total()
        total.strict_equal += (wanted & given).total()
        given = _without_additions(case["vendor"], wanted, given)
        if not (exception and exception.refused_by):
            total.fields += (wanted | given).total()
            total.equal_fields += (wanted & given).total()
        total.differences += [f"{case['id']} [{number}] - {one}" for one in (wanted - given)]
        total.differences += [f"{case['id']} [{number}] + {one}" for one in (given - wanted)]
    total.envelope += same_envelope
    if exception is not None:
        total.excepted.append(f"{case['id']}: {exception.reason}")
        if exception.refused_by != got.get("rejected", {}).get("rule", ""):
            total.broken.append(f"{case['id']}: {exception.reason}: {got}"[:600])
    elif not same_envelope:
        total.unlike.append(case["id"])


def _without_additions(vendor: str, wanted: Counter[str], given: Counter[str]) -> Counter[str]:
    places = {one.partition(" = ")[0] for one in wanted}
    additions = ADDITIONS.get(vendor, {}).keys() - places
    return Counter({one: count for one, count in given.items() if one.partition(" = ")[0] not in additions})


@functools.cache
def delivery_parts(vendor: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the lists that a vendor's endpoints take, and of the fields that belong to a delivery."""
    catalog = Catalog(with_entry_points=False)
    names = {name: name for name in catalog.names}
    names |= {catalog.manifest(name).names_elsewhere.get("rudderstack", name): name for name in catalog.names}
    if vendor not in names:
        return frozenset(), frozenset()
    connector = catalog.load(names[vendor])
    places = [connector.manifest.idempotency]
    places += [action.idempotency for action in connector.actions.values() if action.idempotency]
    rules = [action.body for action in connector.actions.values()]
    lists = {rule.under[-1] for rule in rules if rule.under}
    fields = {place.field for place in places if place.place is IdPlace.ITEM}
    return frozenset(lists), frozenset(fields | {rule.sent_at for rule in rules if rule.sent_at})


def envelope_differences(want: Row, got: Row) -> Iterator[str]:
    """What of method, URL, query and headers is not the same. `Host` and its like are the HTTP client's."""
    for part in ("method", "url"):
        if str(want[part]).rstrip("/") != str(got.get(part)).rstrip("/"):
            yield f"{part}: expected {want[part]}, got {got.get(part)}"
    wanted_query = {name: str(value) for name, value in want["query"].items()}
    got_query = {name: str(value) for name, value in (got.get("query") or {}).items()}
    if wanted_query != got_query:
        yield f"query: expected {wanted_query}, got {got_query}"
    got_headers = {name.lower(): value for name, value in (got.get("headers") or {}).items()}
    for name, value in want["headers"].items():
        if name.lower() in {"content-type", "accept", "user-agent", "host"}:
            continue
        if got_headers.get(name.lower()) != value:
            yield f"header {name}: expected {value!r}, got {got_headers.get(name.lower())!r}"


def batch_parts(case: Row) -> tuple[Counter[str], Counter[str], int]:
    """What RudderStack and we send for several events: every leaf of every item, and how many events we refuse.

    A request counts by its items, each under its method and URL, because requests of one list may be cut differently.
    """
    connector, lanes = _lanes(case)
    name = connector.name
    deliveries: list[Delivery] = []
    refused = 0
    now_ms = case["now_ms"] or 0
    for number, given in enumerate(case["inputs"]):
        made = [lane.deliver(given["event"], number, now_ms) for lane in lanes]
        deliveries += [one for one in made if one is not None]
        refused += not any(made)
    batches = make_batches(
        deliveries,
        batch_key=lambda one: (one.action, connector.batch_key(one.action, one.item.payload)),
        max_items=lambda one: connector.batch_limits(one.action).max_items,
    )
    settings = lanes[0].settings
    ours = [connector.build(batch[0].action, [one.item for one in batch], settings, now_ms=now_ms) for batch in batches]
    got = Counter(leaf for one in ours for leaf in _items(name, msgspec.to_builtins(one)))
    theirs = [request for output in case["expected_outputs"] for request in output["requests"]]
    return Counter(leaf for one in theirs for leaf in _items(name, one)), got, refused


class _BatchLane(msgspec.Struct, frozen=True):
    settings: Mapping[str, object]
    plan: LanePlan

    def deliver(self, event: Row, number: int, now_ms: int) -> Delivery | None:
        kind = record_type(EventType(event["type"]), str(event.get("event", "")))
        message_id = str(event.get("messageId", f"message-{number}"))
        arrived = Event(id=message_id, name=kind, key="", source="batch", received_ms=now_ms, payload=event)
        planned = plan_delivery(arrived, kind, Position(0, number), self.plan, now_ms=now_ms)
        return planned if isinstance(planned, Delivery) else None


def _lanes(case: Row) -> tuple[DescribedConnector, list[_BatchLane]]:
    catalog = Catalog(with_entry_points=False)
    config = case["inputs"][0]["destination_config"]
    name, destination = catalog.read_rudderstack(case["vendor"], config)
    connector = catalog.load(name)
    lanes = [
        _BatchLane(one.settings, make_lane_plan("batch", one.mappings, connector)) for one in destination.integrations
    ]
    return connector, lanes


def _items(vendor: str, request: Row) -> Iterator[str]:
    lists, own_fields = delivery_parts(vendor)
    place = f"{request['method']} {str(request['url']).rstrip('/')}"
    body = request["body"] or {}
    listed = next((under for under in lists if isinstance(body.get(under), list)), None)
    items = body[listed] if listed else [{key: value for key, value in body.items() if key not in own_fields}]
    rest = {key: value for key, value in body.items() if key != listed} if listed else {}
    for item in items:
        bare = {key: value for key, value in item.items() if key not in own_fields}
        yield from (f"{place} {leaf}" for leaf in leaves(bare))
    yield from (f"{place} {leaf}" for leaf in leaves(rest))


def leaves(value: object, path: str = "") -> Iterator[str]:
    """Every leaf of a JSON value as `path = value`, numbers by value."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        shown = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        yield f"{path} = {shown!r}"


def main(vendors: list[str]) -> None:
    folder = data_folder()
    if folder is None:
        sys.exit("the public cases are not here; set PACELINE_CONFORMANCE_DATA")
    for vendor, cases in read_cases(folder).items():
        if vendors and vendor not in vendors:
            continue
        result = score(cases)
        if vendors:
            sys.stdout.writelines(f"{line}\n" for line in result.differences)
        sys.stdout.write(
            f"{vendor}: envelope {result.envelope}/{result.success_rows} ({len(result.excepted)} exceptions), "
            f"fields {result.equal_fields}/{result.fields} ({result.field_ratio:.1%}; "
            f"strictly {result.strict_equal}/{result.strict}, {result.strict_ratio:.1%}), "
            f"refused {result.refused}/{result.error_rows}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])

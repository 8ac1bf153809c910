"""From deliveries to requests: how many calls find what a vendor refuses, and what else becomes of a batch."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence

import pytest

from paceline.drivers.marks.memory import MemoryMark
from paceline.drivers.store.memory import MemoryStore
from paceline.model.connector import OAuth2Auth, OAuth2Grant
from paceline.model.delivery import Answer, Delivery, Item, Outcome, OutcomeClass, Request, WireRequest
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Position
from paceline.observe.telemetry import Telemetry
from paceline.ports.connector import BatchLimits
from paceline.runtime.deliver.credentials import Credentials, FixedCredentials, TokenCredentials
from paceline.runtime.deliver.dispatch import Dispatcher, Held, Tried, Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.testing.simulated_time import SimulatedClock, run_simulated

CLASSES = {
    200: OutcomeClass.OK,
    400: OutcomeClass.PERMANENT,
    401: OutcomeClass.AUTH,
    413: OutcomeClass.TOO_BIG,
    503: OutcomeClass.TRANSIENT,
}


class Plain:
    """A connector that sends a list of numbers with the access token in a header."""

    name = "plain"

    def __init__(self, limits: BatchLimits | None = None) -> None:
        self._limits = limits or BatchLimits(max_items=1000, max_bytes=1_000_000)

    def batch_limits(self, action: str) -> BatchLimits:
        return self._limits

    def batch_key(self, action: str, payload: Mapping[str, object]) -> object:
        return None

    def build(self, action: str, items: Sequence[Item], settings: Mapping[str, object], *, now_ms: int) -> Request:
        return Request(
            method="POST",
            url="https://vendor.example/",
            headers={"authorization": str(settings.get("access_token", ""))},
            body=[item.payload for item in items],
        )

    def follow_up(self, *_: object, now_ms: int) -> None:
        return None

    def read(self, action: str, items: Sequence[Item], answer: Answer, *, now_ms: int) -> Sequence[Outcome]:
        outcome = Outcome(outcome_class=CLASSES[answer.status], status=answer.status, is_whole_request=True)
        return [outcome] * len(items)


class Sender:
    """Answers by a function of the numbers in a request; remembers them."""

    def __init__(self, status_of: Callable[[list[int], str], int]) -> None:
        self._status_of = status_of
        self.calls: list[list[int]] = []

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        numbers = [item["n"] for item in json.loads(request.body)]
        self.calls.append(numbers)
        return Answer(status=self._status_of(numbers, dict(request.headers).get("authorization", "")))

    async def close(self) -> None:
        return None


def deliveries(count: int, **payload: object) -> list[Delivery]:
    return [
        Delivery(
            id=f"d{n}",
            position=Position(0, n),
            key=f"k{n}",
            mapping="m",
            action="send",
            item=Item(delivery_id=f"d{n}", payload={"n": n, **payload}),
            event_id=f"e{n}",
            event_name="track:A",
            source="web",
        )
        for n in range(count)
    ]


def send(
    count: int,
    sender: Sender,
    *,
    connector: Plain | None = None,
    credentials: Credentials | None = None,
    mark: MemoryMark | None = None,
) -> dict[int, Tried | Held]:
    """Dispatch numbers from 0; what became of each."""

    async def story(clock: SimulatedClock) -> list[Tried | Held]:
        vendor = Vendor(
            connector=connector or Plain(),
            credentials=credentials or FixedCredentials({}),
            sender=sender,
            limits=DeliveryLimits(max_in_flight=2000),
        )
        gate = Gate("plain:1", clock, Telemetry(), MemoryStore())
        dispatcher = Dispatcher(
            vendor, gate, clock, mark=mark or MemoryMark(), stopping=asyncio.Event(), keeps_order=False
        )
        return await dispatcher.send(deliveries(count))

    results = run_simulated(story)
    found = {result.delivery.position.offset: result for result in results}
    assert len(found) == len(results) == count
    return found


def classes(found: Mapping[int, Tried | Held]) -> dict[int, OutcomeClass]:
    return {n: one.outcome.outcome_class for n, one in found.items() if isinstance(one, Tried)}


@pytest.mark.parametrize("count", [2, 3, 8, 100, 1000])
@pytest.mark.parametrize("place", [0.0, 0.37, 1.0])
def test_one_bad_item_is_found_in_no_more_than_log2_n_plus_1_further_calls(count: int, place: float) -> None:
    bad = round(place * (count - 1))
    sender = Sender(lambda numbers, _: 400 if bad in numbers else 200)
    found = classes(send(count, sender))
    assert [n for n, outcome_class in found.items() if outcome_class is not OutcomeClass.OK] == [bad]
    assert len(sender.calls) - 1 <= math.ceil(math.log2(count)) + 1
    assert sorted(n for call in sender.calls if bad not in call for n in call) == [n for n in range(count) if n != bad]


@pytest.mark.parametrize("bad", [{0, 99}, {3, 4, 5}, set(range(100)), set(range(0, 100, 2))])
def test_several_bad_items_are_each_found_and_every_good_one_is_sent_once(bad: set[int]) -> None:
    sender = Sender(lambda numbers, _: 400 if bad & set(numbers) else 200)
    found = classes(send(100, sender))
    assert {n for n, outcome_class in found.items() if outcome_class is OutcomeClass.PERMANENT} == bad
    assert sorted(n for call in sender.calls if not bad & set(call) for n in call) == sorted(set(range(100)) - bad)
    assert len(sender.calls) <= 2 * 100 + 8


def test_too_big_a_request_is_halved_until_it_fits() -> None:
    sender = Sender(lambda numbers, _: 413 if len(numbers) > 3 else 200)
    assert set(classes(send(16, sender)).values()) == {OutcomeClass.OK}
    assert max(len(call) for call in sender.calls if len(call) <= 3) <= 3


def test_item_over_the_vendors_limit_is_never_sent_and_takes_no_other_with_it() -> None:
    limits = BatchLimits(max_items=100, max_bytes=1_000_000, max_item_bytes=7)  # {"n":11} has 8
    sender = Sender(lambda numbers, _: 200)
    found = classes(send(12, sender, connector=Plain(limits)))
    assert {n for n, outcome_class in found.items() if outcome_class is OutcomeClass.POISON} == {10, 11}
    assert sorted(n for call in sender.calls for n in call) == list(range(10))


def test_suspect_of_a_crash_travels_alone() -> None:
    sender = Sender(lambda numbers, _: 200)
    send(5, sender, mark=MemoryMark({Position(0, 2): 1}))
    assert sorted(map(len, sender.calls)) == [1, 4]
    assert [2] in sender.calls


class TokenVendor:
    """Gives out tokens t1, t2, …, or refuses them with `status`."""

    def __init__(self, *, status: int = 200) -> None:
        self.status = status
        self.forms: list[str] = []

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        self.forms.append(request.body.decode())
        token = {"access_token": f"t{len(self.forms)}", "expires_in": 3600}
        error = {"error": "invalid_grant", "error_description": "secret s3cret is wrong"}
        return Answer(status=self.status, body=json.dumps(token if self.status == 200 else error).encode())

    async def close(self) -> None:
        return None


AUTH = OAuth2Auth(grant=OAuth2Grant.CLIENT_CREDENTIALS, token_url="https://login.example/token")
SECRETS = {"client_id": "id", "client_secret": "s3cret"}


def with_tokens(vendor: TokenVendor) -> TokenCredentials:
    return TokenCredentials(AUTH, SECRETS, vendor, SimulatedClock())


def test_token_is_fetched_once_for_many_requests() -> None:
    tokens = TokenVendor()
    sender = Sender(lambda numbers, token: 200 if token == "t1" else 401)
    found = send(20, sender, connector=Plain(BatchLimits(max_items=2, max_bytes=1000)), credentials=with_tokens(tokens))
    assert set(classes(found).values()) == {OutcomeClass.OK}
    assert tokens.forms == ["grant_type=client_credentials&client_id=id&client_secret=s3cret"]


def test_refused_token_is_renewed_once_and_the_request_sent_again() -> None:
    async def story(clock: SimulatedClock) -> tuple[list[Tried | Held], TokenVendor]:
        tokens = TokenVendor()
        credentials = TokenCredentials(AUTH, SECRETS, tokens, clock)
        await credentials.settings()
        await clock.sleep(60.0)  # t1 has been in use for a while when the vendor revokes it
        vendor = Vendor(
            connector=Plain(),
            credentials=credentials,
            sender=Sender(lambda _, token: 200 if token == "t2" else 401),
            limits=DeliveryLimits(),
        )
        gate = Gate("plain:1", clock, Telemetry(), MemoryStore())
        dispatcher = Dispatcher(vendor, gate, clock, mark=MemoryMark(), stopping=asyncio.Event(), keeps_order=False)
        return await dispatcher.send(deliveries(3)), tokens

    results, tokens = run_simulated(story)
    assert {one.outcome.outcome_class for one in results if isinstance(one, Tried)} == {OutcomeClass.OK}
    assert len(tokens.forms) == 2


def test_fresh_token_that_is_refused_pauses_the_account_instead_of_asking_for_another() -> None:
    tokens = TokenVendor()
    found = send(3, Sender(lambda *_: 401), credentials=with_tokens(tokens))
    assert set(classes(found).values()) == {OutcomeClass.AUTH}
    assert len(tokens.forms) == 1


@pytest.mark.parametrize(
    ("status", "outcome_class"), [(400, OutcomeClass.AUTH), (503, OutcomeClass.TRANSIENT), (429, OutcomeClass.THROTTLE)]
)
def test_vendor_is_not_called_without_a_token(status: int, outcome_class: OutcomeClass) -> None:
    sender = Sender(lambda *_: 200)
    found = send(3, sender, credentials=with_tokens(TokenVendor(status=status)))
    assert set(classes(found).values()) == {outcome_class}
    assert sender.calls == []
    messages = [one.outcome.message for one in found.values() if isinstance(one, Tried)]
    assert not any("s3cret" in message for message in messages)

"""Where a function's dead letters go: the platform's own queue for them, in our form, each with its event.

A function has no log, so the event travels with its letter, in the shape that `paceline dlq show --json` prints:

    {"dead_letter": {"delivery_id": …, "letter_class": "vendor_permanent", "attempts": 3, …}, "event": {…},
     "received_ms": 1795392000000}
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from paceline.deploy import aws, google
from paceline.errors import UsageError
from paceline.model.delivery import DeadLetter
from paceline.ports.clock import Clock
from paceline.ports.sender import Sender

CALL_SECS = 5.0
MOST_BATCH_BYTES = 200_000
"""SQS takes 262,144 bytes in one call (older regions and endpoints), what wraps each message included."""

TOKEN_MARGIN_SECS = 60.0


class LetterSink(Protocol):
    """Keeps dead letters until somebody deals with them."""

    async def keep(self, letters: Sequence[bytes]) -> set[int]:
        """Which of the letters, by place, are kept now. Never raises: a letter that is not kept is not settled."""


def write_letter(letter: DeadLetter, event: bytes, *, received_ms: int) -> bytes:
    """A letter with its event and the time at which that was received. An event that is no JSON goes as text."""
    try:
        msgspec.json.decode(event)
        written: object = msgspec.Raw(event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        written = event.decode(errors="replace")
    return msgspec.json.encode({"dead_letter": letter, "event": written, "received_ms": received_ms})


class SqsLetters:
    """An SQS queue."""

    def __init__(
        self,
        url: str,
        sender: Sender,
        clock: Clock,
        credentials: Callable[[], aws.AwsCredentials],
        *,
        endpoint: str = "",
    ) -> None:
        self._url = url
        self._sender = sender
        self._clock = clock
        self._credentials = credentials
        self._endpoint = endpoint

    async def keep(self, letters: Sequence[bytes]) -> set[int]:
        """See the protocol."""
        kept: set[int] = set()
        for places in _batches(letters):
            bodies = [letters[place] for place in places]
            request = aws.send_request(
                self._url, bodies, self._credentials(), now_ms=self._clock.now_ms(), endpoint=self._endpoint
            )
            answer = await self._sender.send(request, timeout_secs=CALL_SECS)
            kept |= {places[number] for number in aws.taken_messages(answer, len(bodies))}
        return kept


class PubsubLetters:
    """A Pub/Sub topic."""

    def __init__(self, topic: str, sender: Sender, clock: Clock, *, metadata_url: str = "", base_url: str = "") -> None:
        self._topic = topic
        self._sender = sender
        self._clock = clock
        self._metadata_url = metadata_url or google.METADATA_URL
        self._base_url = base_url or google.PUBSUB_URL
        self._token: google.AccessToken | None = None
        self._good_until = 0.0

    async def keep(self, letters: Sequence[bytes]) -> set[int]:
        """See the protocol."""
        kept: set[int] = set()
        token = await self._fresh_token()
        if token is None:
            return kept
        for places in _batches(letters):
            request = google.publish_request(self._topic, [letters[place] for place in places], token, self._base_url)
            answer = await self._sender.send(request, timeout_secs=CALL_SECS)
            if answer.status == 200:
                kept.update(places)
        return kept

    async def _fresh_token(self) -> google.AccessToken | None:
        now = self._clock.monotonic_secs()
        if self._token is None or now >= self._good_until:
            answer = await self._sender.send(google.token_request(self._metadata_url), timeout_secs=CALL_SECS)
            self._token = google.read_token(answer)
            self._good_until = now + (self._token.expires_in - TOKEN_MARGIN_SECS if self._token else 0.0)
        return self._token


class FileLetters:
    """A file of JSON lines, on a disk that outlives the container."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def keep(self, letters: Sequence[bytes]) -> set[int]:
        """See the protocol."""
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, b"".join(letter + b"\n" for letter in letters))
                os.fsync(file)
            finally:
                os.close(file)
        except OSError:
            return set()
        return set(range(len(letters)))


class NoLetters:
    """Keeps nothing: what a function gives up on goes back to the platform as it came."""

    async def keep(self, letters: Sequence[bytes]) -> set[int]:
        """See the protocol."""
        return set()


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """How a function reaches its platform. The URLs take the place of the public ones where they are given."""

    sender: Sender
    clock: Clock
    credentials: Callable[[], aws.AwsCredentials]
    aws_url: str = ""
    metadata_url: str = ""
    pubsub_url: str = ""


def letter_sink(target: str, platform: Platform) -> LetterSink:
    """The sink that `PACELINE_DEAD_LETTERS` names: `sqs:URL`, `pubsub:projects/P/topics/T`, `file:PATH`, or nothing.

    Raises UsageError for anything else.
    """
    scheme, _, place = target.partition(":")
    match scheme:
        case "":
            return NoLetters()
        case "sqs" if place:
            return SqsLetters(place, platform.sender, platform.clock, platform.credentials, endpoint=platform.aws_url)
        case "pubsub" if place:
            return PubsubLetters(
                place,
                platform.sender,
                platform.clock,
                metadata_url=platform.metadata_url,
                base_url=platform.pubsub_url,
            )
        case "file" if place:
            return FileLetters(Path(place))
    raise UsageError(
        f"{target!r} is no place for dead letters",
        where="PACELINE_DEAD_LETTERS",
        expected="sqs:QUEUE_URL, pubsub:projects/P/topics/T or file:PATH",
    )


def _batches(letters: Sequence[bytes]) -> list[list[int]]:
    """Places that share a call."""
    batches: list[list[int]] = []
    size = 0
    for place, letter in enumerate(letters):
        if not batches or len(batches[-1]) >= aws.MOST_ENTRIES or size + len(letter) > MOST_BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(place)
        size += len(letter)
    return batches

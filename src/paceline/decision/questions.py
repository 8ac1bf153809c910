"""What a sitting asks about a request: the numbers without which nothing is decided, and the six questions. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paceline.errors import nearest_name_hint
from paceline.model.integration import Risk

Path = tuple[str, ...]
_SPLIT = re.compile(r"[\s,;/–—-]+")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?)", re.IGNORECASE)
_UNITS = {
    "w": "weeks",
    "week": "weeks",
    "weeks": "weeks",
    "d": "days",
    "day": "days",
    "days": "days",
    "months": "months",
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_YES, _NO = ("y", "yes", "true"), ("n", "no", "false")


class NotUnderstoodError(ValueError):
    """An answer that cannot be used; the text says what to write."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an answer: where it goes, what is asked, an example, and how it is read.

    `read` raises NotUnderstoodError. `instead` are paths that answer it as well.
    """

    path: Path
    ask: str
    example: str
    read: Callable[[str], object]
    instead: tuple[Path, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One of the questions; `id` is that of the check it answers, or N for the numbers."""

    id: str
    title: str
    why: str
    parts: tuple[Part, ...]


def questions(teams: Sequence[str] = ()) -> tuple[Question, ...]:
    """The six questions, and before them the numbers. `teams` are those that exist; any name will do without them."""
    return (
        Question(
            id="N",
            title="How long, and what does waiting cost?",
            why="Without the durations nothing can be decided; the cost of delay matters most, and only you know it.",
            parts=(
                Part(
                    path=("kind",),
                    ask="one campaign or purpose (t, tactical), or will others build on it (s, strategic)?",
                    example="t",
                    read=_choice({"t": "tactical", "s": "strategic"}),
                ),
                Part(
                    path=("estimates", "sprint", "days"),
                    ask="a small adapter: low, likely, high, in calendar days",
                    example="2 3 6",
                    read=read_range,
                    instead=(("estimates", "sprint", "build_hours"),),
                ),
                Part(
                    path=("estimates", "marathon", "days"),
                    ask="the platform piece: low, likely, high, in days or weeks",
                    example="6 8 12 weeks",
                    read=read_range,
                    instead=(("estimates", "marathon", "build_hours"),),
                ),
                Part(
                    path=("cost_of_delay", "per_week"),
                    ask="what does a week of waiting cost: low, likely, high, in money (Enter if nobody knows)",
                    example="500 2000 6000",
                    read=_money_range,
                    instead=(("cost_of_delay", "profile"),),
                ),
            ),
        ),
        Question(
            id="C1",
            title="How can anybody see that it works?",
            why="Without an acceptance test nobody can say when it is done.",
            parts=(
                Part(
                    path=("acceptance", "now"),
                    ask="test for who asked",
                    example="a test sign-up gets its e-mail in 24 h",
                    read=_text,
                ),
                Part(
                    path=("acceptance", "downstream"),
                    ask="test for who uses the data afterwards",
                    example="the sign-up is in the warehouse under the same user id",
                    read=_text,
                ),
            ),
        ),
        Question(
            id="C2",
            title="Canonical events, or a shape of their own?",
            why="Events of their own are the debt that a later platform has to pay.",
            parts=(
                Part(
                    path=("schema",),
                    ask="canonical (c) or one-off (o)",
                    example="c",
                    read=_choice({"c": "canonical", "o": "one_off"}),
                ),
            ),
        ),
        Question(
            id="C3",
            title="Who owns it, and what do they promise?",
            why="What nobody owns stops working on a weekend.",
            parts=(
                Part(path=("owner", "team"), ask="owning team", example=_first(teams), read=_team(teams)),
                Part(path=("sla", "delivered_within_secs"), ask="delivered within", example="5 min", read=read_seconds),
                Part(
                    path=("platform_owner",),
                    ask="team that would run the platform piece (Enter if there is none)",
                    example=_first(teams),
                    read=_team(teams),
                ),
            ),
        ),
        Question(
            id="C4",
            title="How does it end?",
            why="A sprint and a hybrid need a plan for their end, or they stay for good.",
            parts=(
                Part(
                    path=("migration_plan",),
                    ask="where it goes and what is removed",
                    example="to the bus, then delete the function",
                    read=_text,
                ),
            ),
        ),
        Question(
            id="C5",
            title="Do contract tests and monitoring come with the change?",
            why="What comes later does not come.",
            parts=(
                Part(path=("contract_tests",), ask="contract tests (y/n)", example="y", read=_yes_or_no),
                Part(path=("monitoring",), ask="monitoring and alarms (y/n)", example="y", read=_yes_or_no),
            ),
        ),
        Question(
            id="C6",
            title="How high are the risks, 1 (low) to 5 (high)?",
            why="From 4 on, in any of them, a plain sprint is out.",
            parts=(
                Part(
                    path=("risk",),
                    ask="privacy, lock-in, performance, observability",
                    example="3 2 1 2",
                    read=read_risk,
                ),
            ),
        ),
    )


def open_parts(question: Question, stated: Mapping[str, object]) -> tuple[Part, ...]:
    """The parts of a question that a request, as plain values, leaves open."""
    return tuple(
        part for part in question.parts if not any(_is_there(stated, path) for path in (part.path, *part.instead))
    )


def _is_there(value: object, path: Path) -> bool:
    for step in path:
        if not isinstance(value, Mapping) or value.get(step) in (None, "", [], {}):
            return False
        value = value[step]
    return True


def read_range(text: str) -> dict[str, object]:
    """Three numbers, and a unit after them or none.

    >>> read_range("6-8-12 weeks")
    {'low': 6, 'likely': 8, 'high': 12, 'unit': 'weeks'}
    """
    parts = [part for part in _SPLIT.split(text.strip()) if part]
    unit = _UNITS.get(parts[-1].lower()) if parts else None
    found = _three(parts[:-1] if unit else parts, "2 3 6, or 6 8 12 weeks")
    return {**found, "unit": unit} if unit and unit != "days" else found


def _money_range(text: str) -> dict[str, object]:
    return _three([part for part in _SPLIT.split(text.strip()) if part], "500 2000 6000")


def _three(parts: Sequence[str], example: str) -> dict[str, object]:
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        raise NotUnderstoodError(f"three numbers, such as {example}") from None
    if len(numbers) != 3:
        raise NotUnderstoodError(f"three numbers (low, likely, high), such as {example}")
    low, likely, high = numbers
    if not low <= likely <= high or low == high:
        raise NotUnderstoodError("low first and high last, and not all the same: nobody knows the future exactly")
    return {"low": low, "likely": likely, "high": high}


def _number(text: str) -> float:
    value = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    if not 0 <= value <= 1e12:
        raise ValueError(text)
    return int(value) if value == int(value) else value


def read_seconds(text: str) -> float:
    """A duration in seconds.

    >>> read_seconds("5 min")
    300.0
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise NotUnderstoodError("a number with s, min, h or d, such as 5 min")
    return float(found[1]) * _SECONDS[found[2][0].lower()]


def read_risk(text: str) -> dict[str, int]:
    """Four scores in the order of the buckets.

    >>> read_risk("3 2 1 2")["lock_in"]
    2
    """
    parts = [part for part in _SPLIT.split(text.strip()) if part]
    if len(parts) != 4 or any(part not in "12345" for part in parts):
        raise NotUnderstoodError(
            "four scores from 1 to 5 (privacy, lock-in, performance, observability), such as 3 2 1 2"
        )
    return dict(zip(Risk.__struct_fields__, map(int, parts), strict=True))


def _text(text: str) -> str:
    return text.strip()


def _yes_or_no(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*_YES, *_NO):
        raise NotUnderstoodError("y or n")
    return word in _YES


def _choice(choices: Mapping[str, str]) -> Callable[[str], object]:
    def read(text: str) -> str:
        word = text.strip().lower().replace("-", "_")
        for key, value in choices.items():
            if word in (key, value):
                return value
        raise NotUnderstoodError(" or ".join(f"{key} ({value.replace('_', '-')})" for key, value in choices.items()))

    return read


def _team(teams: Sequence[str]) -> Callable[[str], object]:
    def read(text: str) -> str:
        name = text.strip()
        if teams and name not in teams:
            raise NotUnderstoodError(f"teams.yaml has no team {name!r}; {nearest_name_hint(name, sorted(teams))}")
        return name

    return read


def _first(teams: Sequence[str]) -> str:
    return min(teams) if teams else "growth"

"""What an RFC must have before anybody is asked to read it, and when it may be closed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import msgspec

from paceline.lifecycle.rfc import FrontMatter, RfcState, RfcText, Section

MOST_WORDS = 900
_FEWEST_WORDS = 4
_FILLER = re.compile(
    r"\b(?:todo|tbd|tba|fixme|xxx|to decide|"
    r"to be (?:decided|defined|determined|done)|lorem ipsum|fill (?:this )?in|n/a|"
    r"say (?:what|who|which|how|when)|see above|as usual|placeholder)\b|\?\?\?|<[a-z][a-z _-]*>|\{[a-z][^{}|]*\}",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^[\W\d]*(now|downstream)\b\s*(?:\([^)]*\))?\W*?:\W*(.*)$", re.IGNORECASE)
_ARROW = re.compile(r"-->|---|==>|-\.->|->>|->|→")
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]+\)")


class RfcFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an RFC lacks. `code` is that of the finding, `line` a line of the file, 1-based."""

    code: str
    line: int
    message: str
    hint: str


def check_rfc_text(text: RfcText) -> Iterator[RfcFault]:
    """What is missing from the text of an RFC, or stands there without saying anything."""
    if text.words > MOST_WORDS:
        yield RfcFault(
            code="PL803",
            line=1,
            message=f"it has {text.words} words, and {MOST_WORDS} are the most",
            hint="what nobody reads nobody agrees to: move details into linked files",
        )
    yield from _diagram(text)
    yield from _acceptance(text)
    yield from _rollback(text)


def closing_obstacles(
    head: FrontMatter, *, closes: dt.datetime | None, now: dt.datetime, to: RfcState
) -> Iterator[str]:
    """Why an RFC cannot be closed in that state now; nothing when it can. Whoever asks for more time has a concern."""
    if head.status in (RfcState.COMMITTED, RfcState.ABANDONED):
        yield f"it is {head.status.value} already"
        return
    if to is RfcState.ABANDONED:
        return
    if head.status is RfcState.IDEATION:
        yield "it was never opened for review"
        return
    if head.status is to:
        yield f"it is {to.value} already"
    for concern in head.concerns:
        if concern.is_open:
            yield f"{concern.by} has an open concern: {concern.concern}"
    if closes is None:
        yield "a required reviewer is not known or not available, so the review window has no end"
    elif now < closes:
        yield f"the review window is open until {closes:%Y-%m-%d %H:%M} UTC"


def find_section(text: RfcText, *words: str) -> Section | None:
    """The part whose heading has one of the words, with the parts below it put together."""
    for index, section in enumerate(text.sections):
        if any(word in section.title.lower() for word in words) and section.level > 1:
            lines = list(section.lines)
            for below in text.sections[index + 1 :]:
                if below.level <= section.level:
                    break
                lines += [f"{below.title}:", *below.lines]
            return Section(title=section.title, level=section.level, line=section.line, lines=tuple(lines))
    return None


def is_filler(text: str) -> bool:
    """Whether a text holds a place instead of saying something.

    >>> is_filler("TBD"), is_filler("Set `route: direct` when deliveries take over five minutes")
    (True, False)
    """
    words = [word for word in text.split() if any(letter.isalnum() for letter in word)]
    return len(words) < _FEWEST_WORDS or len({word.lower() for word in words}) < _FEWEST_WORDS or _holds_a_place(text)


def _holds_a_place(text: str) -> bool:
    return _FILLER.search(re.sub(r"`[^`]*`", "", text)) is not None


def _diagram(text: RfcText) -> Iterator[RfcFault]:
    has_picture = any(_PICTURE.search(line) for section in text.sections for line in section.lines)
    drawn = [block for block in text.blocks if block.language in ("", "text", "mermaid", "plantuml", "dot")]
    if has_picture or any(sum(bool(_ARROW.search(line)) for line in block.lines) for block in drawn):
        return
    yield RfcFault(
        code="PL804",
        line=drawn[0].line if drawn else 1,
        message="the diagram connects nothing" if drawn else "there is no diagram",
        hint="draw what flows where now and then, in a ```mermaid block",
    )


def _acceptance(text: RfcText) -> Iterator[RfcFault]:
    section = find_section(text, "acceptance")
    hint = "write `- now: …` and `- downstream: …` under `## Acceptance tests`: what anybody can see when it works"
    if section is None:
        yield RfcFault(code="PL805", line=1, message="there are no acceptance tests", hint=hint)
        return
    said = _labeled(section)
    for label in ("now", "downstream"):
        if label not in said:
            message = f"there is no acceptance test for {label}"
            yield RfcFault(code="PL805", line=section.line, message=message, hint=hint)
        elif is_filler(said[label]):
            message = f"the acceptance test for {label} is filler: {said[label] or 'empty'}"
            yield RfcFault(code="PL805", line=section.line, message=message, hint=hint)
    if len(said) == 2 and said["now"].lower() == said["downstream"].lower():
        message = "the acceptance tests for now and for downstream are the same"
        yield RfcFault(code="PL805", line=section.line, message=message, hint=hint)


def _labeled(section: Section) -> dict[str, str]:
    """What is said after `now:` and `downstream:`, with the lines that go on below."""
    said: dict[str, str] = {}
    label = ""
    for line in section.lines:
        found = _LABEL.match(line)
        if found:
            label = found[1].lower()
            said[label] = found[2].strip()
        elif label:
            said[label] = f"{said[label]} {line.strip()}".strip()
    return said


def _rollback(text: RfcText) -> Iterator[RfcFault]:
    section = find_section(text, "rollback", "roll back")
    hint = "say under `## Rollback` how it is undone, and the number or event at which somebody does it"
    if section is None:
        yield RfcFault(code="PL806", line=1, message="there are no rollback criteria", hint=hint)
        return
    said = " ".join(line.strip() for line in section.lines)
    if is_filler(said):
        shown = said.strip() or "empty"
        yield RfcFault(code="PL806", line=section.line, message=f"the rollback criteria are filler: {shown}", hint=hint)
    elif not re.search(r"\b(?:when|if|once|unless|after|as soon as|until)\b|\d", said, re.IGNORECASE):
        message = "the rollback says how, and not when"
        yield RfcFault(code="PL806", line=section.line, message=message, hint=hint)

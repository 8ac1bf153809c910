"""RFCs: their states, their front matter (MADR 4.0), and the parts of their text."""

from __future__ import annotations

import datetime as dt
import enum
import re

import msgspec

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(\w*)")


class RfcState(enum.StrEnum):
    """Where an RFC stands: being written, under review, agreed on, put into effect, or given up."""

    IDEATION = "ideation"
    DISCUSSION = "discussion"
    PUBLISHED = "published"
    COMMITTED = "committed"
    ABANDONED = "abandoned"


class Concern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reviewer objects to. It blocks until `resolved` says how it was settled."""

    by: str
    concern: str
    resolved: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still blocks."""
        return not self.resolved.strip()


class FrontMatter(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"decision_makers": "decision-makers"}
):
    """The head of an RFC, as MADR 4.0 has it (https://adr.github.io/madr/, read 2026-11-23), and what a review adds.

    `decision_makers` are the required reviewers, people of teams.yaml. `opened`, `closes` and `closed` are moments with
    an offset. `title`, `parent` and `nav_order` are for sites that show the file.
    """

    status: RfcState
    date: str = ""
    decision_makers: list[str] = []
    consulted: list[str] = []
    informed: list[str] = []
    request: str = ""
    opened: str = ""
    closes: str = ""
    closed: str = ""
    because: str = ""
    concerns: list[Concern] = []
    title: str = ""
    parent: str = ""
    nav_order: int = 0


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the text under a heading, without the parts below it. `line` is that of its heading in the file."""

    title: str
    level: int
    line: int
    lines: tuple[str, ...]


class Diagram(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced block of the text. `language` is empty where none is named; `line` is that of its fence."""

    language: str
    line: int
    lines: tuple[str, ...]


class RfcText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of an RFC. `words` are those of its prose and tables: front matter and fenced blocks do not count."""

    title: str
    words: int
    sections: tuple[Section, ...]
    blocks: tuple[Diagram, ...]


def split_front_matter(text: str) -> tuple[str | None, int]:
    """The front matter, without its `---` lines, and how many lines of the file it takes; None and 0 without one."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None, 0
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:index]), index + 1
    return None, 0


def read_text(text: str) -> RfcText:
    """The parts of an RFC."""
    _, head = split_front_matter(text)
    sections: list[tuple[str, int, int, list[str]]] = [("", 0, head + 1, [])]
    blocks: list[Diagram] = []
    block: tuple[str, str, int, list[str]] | None = None
    words = 0
    for number, line in enumerate(text.split("\n")[head:], start=head + 1):
        fence = _FENCE.match(line)
        if block is not None:
            if fence and fence[1].startswith(block[0]) and not fence[2]:
                blocks.append(Diagram(language=block[1], line=block[2], lines=tuple(block[3])))
                block = None
            else:
                block[3].append(line)
        elif fence:
            block = (fence[1], fence[2].lower(), number, [])
        else:
            words += sum(any(letter.isalnum() for letter in word) for word in line.split())
            heading = _HEADING.match(line)
            if heading:
                sections.append((heading[2], len(heading[1]), number, []))
            else:
                sections[-1][3].append(line)
    made = [Section(title=title, level=level, line=at, lines=tuple(rows)) for title, level, at, rows in sections]
    title = next((section.title for section in made if section.level == 1), "")
    return RfcText(title=title, words=words, sections=tuple(made), blocks=tuple(blocks))


def set_front_matter(text: str, changes: dict[str, str]) -> str:
    """The file with keys of its front matter set to plain values; every other line stays as it is.

    >>> set_front_matter("---\\nstatus: ideation\\n---\\n", {"status": "discussion", "opened": "2026-11-27T15:00Z"})
    '---\\nstatus: discussion\\nopened: 2026-11-27T15:00Z\\n---\\n'
    """
    head, taken = split_front_matter(text)
    lines = text.split("\n")
    kept = (head or "").split("\n")
    for key, value in changes.items():
        at = next((index for index, line in enumerate(kept) if line.startswith(f"{key}:")), None)
        if at is None:
            kept.append(f"{key}: {value}")
        else:
            kept[at] = f"{key}: {value}"
    return "\n".join(["---", *kept, "---", *lines[taken:]])


def read_moment(text: str) -> dt.datetime | None:
    """A moment with an offset, in UTC; None when it is none. Without an offset it is UTC.

    >>> read_moment("2026-11-27T15:00:00+08:00").isoformat()
    '2026-11-27T07:00:00+00:00'
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)

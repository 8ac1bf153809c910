"""The sitting of `paceline triage --interactive`: six questions a request, against the clock, saved as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paceline.assemble.triage import OpenBacklog
    from paceline.assemble.triage_knowledge import Surroundings
    from paceline.decision.questions import Part, Question

_COMMANDS = "Enter skips, n: next request, ?: why this is asked, q: stop. Every answer is saved at once."


class _NextRequestError(Exception):
    """The user goes on to the next request."""


class _StopError(Exception):
    """The user stops."""


def hold_sitting(file: Path, *, minutes: int) -> None:
    """Ask on the terminal. Raises EnvironmentFaultError when there is none."""
    from paceline.errors import EnvironmentFaultError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentFaultError(
            "an interactive sitting needs a terminal, and standard input or output is none",
            remedy="run it in a terminal, or write the answers into the backlog: paceline triage lists what is missing",
        )
    sitting = Sitting(file, minutes=minutes, ask=input, say=click.echo, now=time.monotonic)
    sitting.hold()
    click.echo()


class Sitting:
    """One sitting over the requests of a backlog file.

    `ask` shows a prompt and returns a line (EOFError ends the sitting), `say` shows a line, `now` is a clock (seconds).
    """

    def __init__(
        self,
        file: Path,
        *,
        minutes: int,
        ask: Callable[[str], str],
        say: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._file = file
        self._ask = ask
        self._say = say
        self._now = now
        self._end = now() + 60.0 * minutes
        self._teams: tuple[str, ...] = ()
        self._around: Surroundings | None = None
        self.answers = 0

    def hold(self) -> None:
        """Ask what is open, request by request, and write each answer into the file. `answers` counts them."""
        waiting = self._waiting()
        if not waiting:
            self._say("Every question is answered.")
            return
        count = f"{len(waiting)} request{'' if len(waiting) == 1 else 's'}"
        self._say(f"{count} with open questions, {self._clock(self._end)} for all of them. {_COMMANDS}")
        try:
            for place, (index, name, outcome) in enumerate(waiting):
                self._say("")
                self._say(click.style(f"{name} ({place + 1} of {len(waiting)}) ", bold=True) + outcome)
                self._request(index, requests_left=len(waiting) - place)
        except (_StopError, EOFError):
            self._say("")
            self._say(f"Stopped. {self.answers} answers are in {self._file}; the next sitting goes on from here.")

    def _request(self, index: int, *, requests_left: int) -> None:
        from paceline.decision.questions import open_parts, questions

        share_ends = self._now() + max(self._end - self._now(), 0.0) / requests_left
        try:
            for question in questions(self._teams):
                open_now = open_parts(question, self._stated(index))
                if open_now:
                    clock = f"{self._clock(share_ends)} for this request, {self._clock(self._end)} in all"
                    self._say(f"{_label(question)} {question.title}  {click.style(f'[{clock}]', dim=True)}")
                for part in open_now:
                    self._part(index, question, part)
        except _NextRequestError:
            pass
        self._say_verdict(index)

    def _part(self, index: int, question: Question, part: Part) -> None:
        """Ask until there is an answer that can be used, or the user goes on."""
        from paceline.assemble.triage_editing import put_answers
        from paceline.decision.questions import NotUnderstoodError

        while True:
            line = self._ask(f"   {part.ask} (such as {part.example}): ").strip()
            match line:
                case "":
                    return
                case "q":
                    raise _StopError
                case "n" if part.path not in _YES_OR_NO:
                    raise _NextRequestError
                case "?":
                    self._say(f"   {question.why}")
                    continue
                case _:
                    pass
            try:
                value = part.read(line)
            except NotUnderstoodError as refusal:
                self._say(f"   Not understood: {refusal}.")
                continue
            root = () if self._is_single() else ("requests", index)
            put_answers(self._file, {(*root, *part.path): value})
            self.answers += 1
            return

    def _say_verdict(self, index: int) -> None:
        """What has come of the answers."""
        from paceline.decision.decide import decide

        backlog = self._read()
        if index in backlog.requests:
            known = backlog.requests[index]
            report = decide(known.request, known.facts, backlog.around.calibration)
            self._say(click.style(f"-> {report.verdict.value.replace('_', ' ')}. ", bold=True) + report.summary)
            return
        faults = backlog.refused[index].faults
        shown = "; ".join(f"{fault.place.partition('.')[2].partition('.')[2]}: {fault.remedy}" for fault in faults[:3])
        self._say(click.style("-> not ready. ", bold=True) + shown)

    def _waiting(self) -> list[tuple[int, str, str]]:
        """The requests with open questions: index, name and outcome."""
        from paceline.decision.questions import open_parts, questions

        backlog = self._read()
        self._teams = tuple(team.team for team in backlog.around.known.teams)
        names: dict[int, tuple[str, str]] = {
            index: (known.request.request, known.request.outcome) for index, known in backlog.requests.items()
        }
        names |= {index: (one.request, one.outcome) for index, one in backlog.refused.items()}
        everything = questions(self._teams)
        return [
            (index, *names[index])
            for index in sorted(names)
            if any(open_parts(question, self._stated(index)) for question in everything)
        ]

    def _read(self) -> OpenBacklog:
        from paceline.assemble.triage import open_backlog

        # What the workspace says takes a moment to find out, and does not change while questions are answered.
        backlog = open_backlog(self._file, self._around)
        self._around = backlog.around
        return backlog

    def _is_single(self) -> bool:
        value = self._read().document.value
        return not (isinstance(value, dict) and "requests" in value)

    def _stated(self, index: int) -> Mapping[str, object]:
        """What a request of the file says, as plain values, with what the workspace knows about it."""
        backlog = self._read()
        value = backlog.document.value
        item = value["requests"][index] if isinstance(value, dict) and "requests" in value else value
        stated = dict(item) if isinstance(item, dict) else {}
        known = backlog.requests.get(index)
        if known is not None and known.request.schema is not None:
            stated.setdefault("schema", known.request.schema.value)
        return stated

    def _clock(self, end: float) -> str:
        left = round(end - self._now())
        over = "over by " if left < 0 else ""
        return f"{over}{abs(left) // 60}:{abs(left) % 60:02d}{'' if left < 0 else ' left'}"


_YES_OR_NO = (("contract_tests",), ("monitoring",))


def _label(question: Question) -> str:
    return "  " if question.id == "N" else f"{question.id[1:]}."

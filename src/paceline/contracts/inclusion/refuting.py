"""Looks for an event that the writer's schema accepts and the reader's refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from paceline.contracts.inclusion.answers import Answer, Budget
from paceline.contracts.inclusion.reading import Reading
from paceline.contracts.inclusion.search import Search
from paceline.contracts.inclusion.terms import Goal, Literal, Terms, negated
from paceline.contracts.references import Document

most_steps = 60_000
"""How many steps one search may take; about a second of work in the worst case."""
_HINT_KEYWORDS = ("examples", "example", "default", "enum", "const")
_most_hints = 40


class Pair:
    """A writer and a reader, read into the same terms, with a memory of what was decided about their parts.

    With `is_trusting` the writer is assumed not to use names that only the reader declares.
    """

    def __init__(self, writer: Document, reader: Document, *, is_trusting: bool = False) -> None:
        self.terms = Terms()
        self.writing = Reading(self.terms, writer, side="writer" if is_trusting else "")
        self.reading = Reading(self.terms, reader, side="reader" if is_trusting else "")
        self._is_trusting = is_trusting
        self._memory: dict[Goal, Answer] = {}

    def refute(self, *, steps: int = most_steps) -> Answer:
        """An event that breaks, the proof that there is none, or what could not be decided within `steps`.

        What is found still has to be confirmed by a validator.
        """
        return self._whole(self.writing, self.reading, steps)

    def refute_reversed(self) -> Answer:
        """The same with the parts swapped: the reader writes. Not for a trusting pair."""
        return self._whole(self.reading, self.writing, most_steps)

    def search(self, literals: Iterable[Literal], budget: Budget, hints: Sequence[str] = ()) -> Answer:
        """A value that meets all literals, or the proof that there is none, within a budget."""
        search = Search(self.terms, budget, hints=hints, is_trusting=self._is_trusting, memory=self._memory)
        return search.answer(literals)

    def _whole(self, writing: Reading, reading: Reading, steps: int) -> Answer:
        roots = (writing.document.root, reading.document.root)
        hints = tuple(dict.fromkeys(text for root in roots for text in _texts_in(root)))[:_most_hints]
        goal = [writing.literal(roots[0]), negated(reading.literal(roots[1]))]
        return self.search(goal, Budget(steps), hints)


def _texts_in(schema: object) -> Iterator[str]:
    """Texts that the schemas themselves give as examples: good guesses where only guessing helps."""
    pending: list[tuple[object, bool]] = [(schema, False)]
    while pending:
        node, is_example = pending.pop()
        match node:
            case str() if is_example:
                yield node
            case list():
                pending.extend((item, is_example) for item in node)
            case dict():
                pending.extend((value, is_example or key in _HINT_KEYWORDS) for key, value in node.items())

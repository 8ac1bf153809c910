"""The tables of docs/decision.md, made from the code.

`python -m paceline.decision.reference < docs/decision.md` writes the page with its tables made anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence

from paceline.decision.catalog import SPECS
from paceline.decision.defaults import DEFAULTS, Basis, Default
from paceline.decision.rules import RULES


def inputs_table() -> str:
    """Every input with its place in a request, its unit and its limits."""
    rows = [(f"`{spec.path}`", spec.title, spec.unit.value, f"{spec.least:g} to {spec.most:g}") for spec in SPECS]
    return _table(("input", "what", "unit", "accepted"), rows)


def defaults_table() -> str:
    """Every default with its numbers and where they come from."""
    paths = {spec.name: spec.path for spec in SPECS}
    rows = [
        (default.id, f"`{paths[default.input]}`", _numbers(default), _narrowed(default), default.source)
        for default in DEFAULTS
    ]
    return _table(("id", "input", "low - likely - high", "for", "source"), rows)


def rules_table() -> str:
    """Every formula by id."""
    return _table(("id", "what", "how"), [(rule.id, rule.title, rule.formula) for rule in RULES])


BLOCKS: Mapping[str, Callable[[], str]] = {
    "inputs": inputs_table,
    "defaults": defaults_table,
    "formulas": rules_table,
}


def with_tables(page: str) -> str:
    """The page with what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` made anew."""
    for name, make in BLOCKS.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, count = pattern.subn(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"the page has {count} places for {name!r}")
    return page


def _numbers(default: Default) -> str:
    numbers = f"{default.low:g} - {default.likely:g} - {default.high:g}"
    return numbers if default.basis is Basis.PLAIN else f"{numbers} {default.basis.value}"


def _narrowed(default: Default) -> str:
    if default.regulated is not None:
        return "with residency or compliance" if default.regulated else "other requests"
    return default.kind.value if default.kind is not None else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(with_tables(sys.stdin.read()))

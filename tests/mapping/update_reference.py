"""Bring the function tables of docs/mapping.md up to date: `python tests/mapping/update_reference.py`."""

from __future__ import annotations

from pathlib import Path

from paceline.mapping.reference import BEGIN, END, reference_tables

DOCS = Path(__file__).parents[2] / "docs" / "mapping.md"


def main() -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
    DOCS.write_text(before + reference_tables() + after, encoding="utf-8")


if __name__ == "__main__":
    main()

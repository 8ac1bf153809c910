"""Written expressions laid out as the fields of a mapping file, as a person would write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from paceline.exchange.segment_directives.writing import Written
from paceline.model.mapping import FieldRule, MappingFields

MAX_EACH: Final = 4
_ESCAPED: Final = str.maketrans({character: f"\\{character}" for character in ".\\[]*"})


def target(*keys: str) -> str:
    r"""The target of a field: names joined by dots, with a backslash before a dot inside a name.

    >>> print(target("attributes", "first.name"))
    attributes.first\.name
    """
    return ".".join(key.translate(_ESCAPED) for key in keys)


def laid_out(fields: Mapping[str, Written], *, under: tuple[str, ...] = (), depth: int = 0) -> MappingFields:
    """Fields by target: objects become dotted targets, lists made of a list become `each`.

    What that changes: an object whose fields are all missing is left out, and `each` takes anything that is no list
    for a list of one.
    """
    rules: MappingFields = {}
    for key, written in fields.items():
        keys = (*under, key)
        if written.entries and "" not in written.entries:
            rules.update(laid_out(written.entries, under=keys, depth=depth))
        elif written.each is not None and written.each.entries and depth < MAX_EACH:
            rules[target(*keys)] = FieldRule(
                each=written.listed, fields=laid_out(written.each.entries, depth=depth + 1)
            )
        else:
            rules[target(*keys)] = expression(written)
    return rules


def expression(written: Written) -> str:
    """The expression of one field; plain text is written after `=`, without quotes."""
    text = written.constant
    if not (written.is_constant and isinstance(text, str)):
        return written.text
    is_plain = text.isprintable() and text == text.strip() and text != ""
    return f"= {text}" if is_plain else written.text

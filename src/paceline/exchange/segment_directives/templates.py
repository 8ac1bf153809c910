"""The text of `@template`: placeholders in curly braces."""

from __future__ import annotations

import re
from typing import Final

# `{{{a}}}` is replaced before `{{a}}`, so it is looked for first; there is no escaping to tell the two apart.
_PLACEHOLDER: Final = re.compile(r"\{\{\{([^}]+)\}\}\}|\{\{([^}]+)\}\}")


def template_parts(template: str) -> list[tuple[str, bool]]:
    """A template as its parts in order: text, and whether it is the path of a placeholder.

    >>> template_parts("Hello {{traits.name}}!")
    [('Hello ', False), ('traits.name', True), ('!', False)]
    """
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        if match.start() > end:
            parts.append((template[end : match.start()], False))
        parts.append(((match[1] or match[2]).strip(), True))
        end = match.end()
    if end < len(template):
        parts.append((template[end:], False))
    return parts

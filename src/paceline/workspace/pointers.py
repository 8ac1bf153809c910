"""JSON Pointers (RFC 6901) as ways through a document."""

from __future__ import annotations

from paceline.workspace.document import PathStep


def pointer_path(pointer: str, value: object) -> tuple[PathStep, ...]:
    """The steps of a pointer into `value`; numbers are indexes where `value` has a list.

    >>> pointer_path("/items/0/a~1b", {"items": [{}]})
    ('items', 0, 'a/b')
    """
    steps: list[PathStep] = []
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            steps.append(int(name))
            value = value[int(name)]
        else:
            steps.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(steps)

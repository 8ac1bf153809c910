"""Secrets: references in files, values only in memory, masked wherever they could be printed.

A workspace never holds a secret. It holds `${env:NAME}` (a variable of the environment, or of the workspace's `.env`)
or `${file:/run/secrets/name}` (a file's text, without the line break at its end). A reference is the whole value,
never part of one. Loading a workspace does not resolve references; assembling one does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NoReturn

import msgspec

from paceline.errors import MissingSecretError, nearest_name

_REFERENCE = re.compile(r"\$\{(env|file):([^${}]+)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
MASK = "********"


class Reference(msgspec.Struct, frozen=True):
    """Where a secret is: the environment variable or the file called `name`."""

    place: Literal["env", "file"]
    name: str

    def __str__(self) -> str:
        return f"${{{self.place}:{self.name}}}"


class Secret:
    """A secret value. Printing, formatting or logging it shows a mask; `reveal()` is the only way to the value.

    >>> f"{Secret('hunter2')} {Secret('hunter2')!r}"
    '******** Secret(********)'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the request that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied to disk")


def parse_reference(text: str) -> Reference | None:
    """The reference that a text is, or None for any other text.

    >>> parse_reference("${env:CIO_API_KEY}")
    Reference('env', 'CIO_API_KEY')
    """
    match = _REFERENCE.fullmatch(text)
    if match is None or (match[1] == "env" and not _VARIABLE.fullmatch(match[2])):
        return None
    return Reference("env" if match[1] == "env" else "file", match[2])


def is_malformed_reference(text: str) -> bool:
    """Whether a text looks as if it were meant as a reference but is none: `${CIO_KEY}`, `Bearer ${env:KEY}`."""
    return "${" in text and parse_reference(text) is None


def references(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Reference]]:
    """Every reference inside a value, with the way to it."""
    match value:
        case str():
            reference = parse_reference(value)
            if reference is not None:
                yield path, reference
        case dict():
            for key, child in value.items():
                yield from references(child, (*path, key))
        case list():
            for index, child in enumerate(value):
                yield from references(child, (*path, index))


def resolve(
    value: object,
    environment: Mapping[str, str],
    read_file: Callable[[str], str],
    *,
    where: str = "",
    needed_by: str = "",
) -> object:
    """The value with a Secret in the place of every reference; everything else stays as it is.

    `where` is the file and line that has the references, `needed_by` says for what (`integration crm_onboarding`); both
    go into the message. `read_file` gets the path of a file reference and raises OSError when it cannot be read.
    Raises MissingSecretError for the first reference that points at nothing, or at an empty text.

    >>> resolve({"key": "${env:KEY}", "region": "eu"}, {"KEY": "k"}, lambda path: "")
    {'key': Secret(********), 'region': 'eu'}
    """

    def resolved(child: object) -> object:
        match child:
            case str():
                reference = parse_reference(child)
                return (
                    child if reference is None else Secret(_fetch(reference, environment, read_file, where, needed_by))
                )
            case dict():
                return {key: resolved(grandchild) for key, grandchild in child.items()}
            case list():
                return [resolved(grandchild) for grandchild in child]
            case _:
                return child

    return resolved(value)


def reveal(value: object) -> object:
    """The value with every Secret replaced by its text: what a connector's `build` gets. Never log the result."""
    match value:
        case Secret():
            return value.reveal()
        case dict():
            return {key: reveal(child) for key, child in value.items()}
        case list():
            return [reveal(child) for child in value]
        case _:
            return value


def secret_texts(value: object) -> Iterator[str]:
    """The text of every Secret inside a value, for a redaction filter that looks for values."""
    match value:
        case Secret():
            yield value.reveal()
        case dict():
            for child in value.values():
                yield from secret_texts(child)
        case list():
            for child in value:
                yield from secret_texts(child)


def _fetch(
    reference: Reference, environment: Mapping[str, str], read_file: Callable[[str], str], where: str, needed_by: str
) -> str:
    needed = f", needed by {needed_by}," if needed_by else ""
    if reference.place == "env":
        text = environment.get(reference.name)
        if text:
            return text
        state = "is empty" if text == "" else "is not set"
        raise MissingSecretError(
            f"the environment variable {reference.name}{needed} {state}",
            where=where,
            remedy=_variable_remedy(reference.name, environment),
        )
    try:
        text = read_file(reference.name).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise MissingSecretError(
            f"the secret file {reference.name}{needed} cannot be read: {reason}",
            where=where,
            remedy="create it with the secret as its only line, readable by this user",
        ) from error
    if not text:
        raise MissingSecretError(
            f"the secret file {reference.name}{needed} is empty", where=where, remedy="write the secret into it"
        )
    return text


def _variable_remedy(name: str, environment: Mapping[str, str]) -> str:
    close = nearest_name(name, [known for known in environment if known.isupper()])
    meant = f" (did you mean {close}, which is set?)" if close and close != name else ""
    return f"set it in the environment or in the workspace's .env{meant}"

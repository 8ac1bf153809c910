"""Cut the text of an expression into tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, NoReturn

from paceline.errors import MappingSyntaxError

TokenKind = Literal["name", "step", "quoted_step", "number", "string", "symbol", "end"]

MAX_CHARACTERS = 4000

# A lone half of a surrogate pair is no character: it can stand in no JSON text that is sent as UTF-8.
_ESCAPE = (
    r"""\\(?:["'\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"""
)
_STRING = (
    rf'"(?:{_ESCAPE}|[^"\\\x00-\x1f\ud800-\udfff])*"'
    rf"|'(?:{_ESCAPE}|[^'\\\x00-\x1f\ud800-\udfff])*'"
)

_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<step>\.[A-Za-z_][A-Za-z0-9_]*)
    |(?P<quoted_step>\.(?:{_STRING}))
    |(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<string>{_STRING})
    |(?P<symbol>\$\$|\?\?|==|!=|<=|>=|[$@|()\[\]{{}},:?!<>+*/-])""",
    re.VERBOSE,
)

_ESCAPED = re.compile(_ESCAPE)
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_REMEDIES = {
    "=": "write == to compare, or begin the expression with = for a constant text",
    "&": "write and",
    "%": "there is no % operator",
    ".": 'quote a key that is not a plain name: ."my key"; an item of a list is [0]',
    "“": 'use straight quotes: "text"',
    "”": 'use straight quotes: "text"',
    "’": "use straight quotes: 'text'",
    "`": "use straight quotes: 'text'",
    "#": "expressions have no comments; use the field's `note`",
    ";": "a field has one expression",
}


class Token(NamedTuple):
    """One word or sign. `column` is 1-based."""

    kind: TokenKind
    text: str
    column: int


def scan(text: str) -> list[Token]:
    """The tokens of an expression, without white space, ended by a token of kind `end`.

    Raises MappingSyntaxError where no token can begin.
    """
    if len(text) > MAX_CHARACTERS:
        raise MappingSyntaxError(
            f"the expression is longer than {MAX_CHARACTERS} characters",
            expression=text[:40] + "…",
            column=MAX_CHARACTERS + 1,
            remedy="split it over several fields",
        )
    tokens: list[Token] = []
    position = 0
    match = _TOKEN.match
    while position < len(text):
        found = match(text, position)
        if found is None:
            _fail(text, position)
        kind = found.lastgroup
        if kind != "space":
            tokens.append(Token(kind, found.group(), position + 1))  # type: ignore[arg-type]  # the groups' names are the kinds
        position = found.end()
    tokens.append(Token("end", "", position + 1))
    return tokens


def unquote(quoted: str) -> str:
    """The text inside the quotes of a string token, escapes resolved.

    >>> unquote('"a\\\\u00e9"')
    'aé'
    """
    inner = quoted[1:-1]
    return _ESCAPED.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(found: re.Match[str]) -> str:
    escape = found.group()
    if escape[1] != "u":
        return _SHORT_ESCAPES.get(escape[1], escape[1])
    if len(escape) == 6:
        return chr(int(escape[2:6], 16))
    high, low = int(escape[2:6], 16), int(escape[8:], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _fail(text: str, position: int) -> NoReturn:
    character = text[position]
    begins_string = character in {'"', "'"} or text[position : position + 2] in {'."', ".'"}
    if begins_string:
        raise MappingSyntaxError(
            "a text that does not end, or that has a bad escape or control character inside",
            expression=text,
            column=position + 1,
            expected="a closing quote, and escapes as in JSON",
        )
    raise MappingSyntaxError(
        f"unexpected {character!r}",
        expression=text,
        column=position + 1,
        remedy=_REMEDIES.get(character, ""),
    )

"""The parts that every schema is taken apart into, each with one meaning and the same in all drafts.

A `Term` says something about a value. Terms of the same content are the same object, so that what two schemas have in
common cancels at once. A `Literal` is a term with a sign: True where the value must fit, False where it must not.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT = 1, 2, 4, 8, 16, 32
every_kind = 63
"""The six kinds of JSON values as bits; a set of kinds is their sum. Plain numbers, as they are asked for so often."""
kinds_by_name = {
    "null": NULL,
    "boolean": BOOLEAN,
    "number": NUMBER,
    "integer": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}


class Term:
    """Anything that a value can fit or not. Values of other kinds than `kinds` fit without a look."""

    __slots__ = ("serial",)
    kinds: int = every_kind
    serial: int


Literal = tuple[Term, bool]
Goal = frozenset[Literal]
"""Literals that one value must meet together."""


def negated(literal: Literal) -> Literal:
    """The same term with the other sign."""
    return literal[0], not literal[1]


class Both(Term):
    """All of the literals; none at all is what every value fits."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Literal) -> None:
        self.parts = parts


class OneOf(Term):
    """Exactly one of the literals."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Literal) -> None:
        self.parts = parts


class Reference(Term):
    """A schema by its name, looked up only when needed: this is how recursive schemas stay finite."""

    __slots__ = ("_read", "_target", "name")

    def __init__(self, name: str, read: Callable[[], Literal]) -> None:
        self.name = name
        self._read = read
        self._target: Literal | None = None

    @property
    def target(self) -> Literal:
        """What the name stands for."""
        if self._target is None:
            self._target = self._read()
        return self._target


class Undecided(Term):
    """Something that this search cannot reason about. A finding rests on it only when a validator has confirmed it."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class OfKind(Term):
    """The value is of one of these kinds."""

    __slots__ = ("allowed",)

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed


class Among(Term):
    """The value is one of these null, boolean, number or text values (each as `identity` gives it)."""

    __slots__ = ("values",)

    def __init__(self, values: frozenset[tuple[str, object]]) -> None:
        self.values = values


class Bound(Term):
    """A count keyword: minLength, maxLength, minItems, maxItems, minProperties or maxProperties."""

    __slots__ = ("keyword", "kinds", "limit")

    def __init__(self, keyword: str, limit: int) -> None:
        self.keyword = keyword
        self.limit = limit
        self.kinds = bound_kinds[keyword]


bound_kinds = {
    "minLength": STRING,
    "maxLength": STRING,
    "minItems": ARRAY,
    "maxItems": ARRAY,
    "minProperties": OBJECT,
    "maxProperties": OBJECT,
}


class Limit(Term):
    """A number is above (or below) a limit, or equal to it unless `exclusive`."""

    __slots__ = ("exclusive", "is_lower", "value")
    kinds = NUMBER

    def __init__(self, value: Fraction, is_lower: bool, exclusive: bool) -> None:
        self.value = value
        self.is_lower = is_lower
        self.exclusive = exclusive


class Multiple(Term):
    """A number is a multiple of a step. `integer` is a multiple of one."""

    __slots__ = ("step",)
    kinds = NUMBER

    def __init__(self, step: Fraction) -> None:
        self.step = step


class WrittenWhole(Term):
    """A number is written without a fraction: what `integer` means in draft 4, where 1.0 is none."""

    __slots__ = ()
    kinds = NUMBER


class Pattern(Term):
    """A text in which a regular expression is found."""

    __slots__ = ("text",)
    kinds = STRING

    def __init__(self, text: str) -> None:
        self.text = text


class Checked(Term):
    """A text that passes one keyword of the engine: `format`, `contentEncoding` or `contentMediaType`."""

    __slots__ = ("keyword", "wanted")
    kinds = STRING

    def __init__(self, keyword: str, wanted: str) -> None:
        self.keyword = keyword
        self.wanted = wanted


class Elements(Term):
    """A list whose first items fit `prefix`, one by one, and whose further items all fit `rest`."""

    __slots__ = ("prefix", "rest")
    kinds = ARRAY

    def __init__(self, prefix: tuple[Literal, ...], rest: Literal) -> None:
        self.prefix = prefix
        self.rest = rest

    def at(self, index: int) -> Literal:
        """What the item at an index must fit."""
        return self.prefix[index] if index < len(self.prefix) else self.rest


class Contains(Term):
    """A list of which at least `least` and at most `most` items fit."""

    __slots__ = ("item", "least", "most")
    kinds = ARRAY

    def __init__(self, item: Literal, least: int, most: int | None) -> None:
        self.item = item
        self.least = least
        self.most = most


class Distinct(Term):
    """A list without two equal items."""

    __slots__ = ()
    kinds = ARRAY


class Has(Term):
    """An object with a field of this name. `side` as in `Fields`."""

    __slots__ = ("name", "side")
    kinds = OBJECT

    def __init__(self, name: str, side: str) -> None:
        self.name = name
        self.side = side


class Fields(Term):
    """An object whose fields fit: by name, by every pattern that the name matches, or else `others`.

    `side` is empty unless the search must know who declares a name (see `Search`).
    """

    __slots__ = ("named", "others", "patterns", "side")
    kinds = OBJECT

    def __init__(
        self,
        named: tuple[tuple[str, Literal], ...],
        patterns: tuple[tuple[str, Literal], ...],
        others: Literal,
        side: str,
    ) -> None:
        self.named = dict(named)
        self.patterns = patterns
        self.others = others
        self.side = side


class Names(Term):
    """An object whose field names, as texts, all fit."""

    __slots__ = ("name",)
    kinds = OBJECT

    def __init__(self, name: Literal) -> None:
        self.name = name


T = TypeVar("T", bound=Term)


class Terms:
    """The store in which equal terms are made only once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Term] = {}
        self.anything: Literal = (self.make(Both), True)
        self.nothing: Literal = (self.anything[0], False)

    def make(self, form: type[T], *content: object) -> T:
        """The one term of this form and content."""
        known = self._known.get((form, *content))
        if known is None:
            known = form(*content)
            known.serial = len(self._known)
            self._known[form, *content] = known
        assert isinstance(known, form)
        return known

    def reference(self, name: str, read: Callable[[], Literal]) -> Reference:
        """The one reference of this name."""
        known = self._known.get((Reference, name))
        if known is None:
            known = Reference(name, read)
            known.serial = len(self._known)
            self._known[Reference, name] = known
        assert isinstance(known, Reference)
        return known

    def both(self, literals: list[Literal]) -> Literal:
        """All of the literals as one, without repetition."""
        parts: dict[Literal, None] = {}
        for literal in literals:
            if literal == self.nothing or negated(literal) in parts:
                return self.nothing
            if isinstance(literal[0], Both) and literal[1]:
                parts.update(dict.fromkeys(literal[0].parts))
            else:
                parts[literal] = None
        if len(parts) == 1:
            return next(iter(parts))
        return self.make(Both, *sorted(parts, key=order)), True

    def either(self, literals: list[Literal]) -> Literal:
        """Any of the literals as one."""
        return negated(self.both([negated(literal) for literal in literals]))

    def one_of(self, literals: list[Literal]) -> Literal:
        """Exactly one of the literals as one."""
        possible = [literal for literal in literals if literal != self.nothing]
        if not possible:
            return self.nothing
        if len(possible) == 1:
            return possible[0]
        return self.make(OneOf, *sorted(possible, key=order)), True

    def constant(self, value: object, *, side: str = "") -> Literal:
        """One value, as a rule that only it fits: so that lists and objects need no rule of their own."""
        match value:
            case list():
                items = tuple(self.constant(item, side=side) for item in value)
                return self.both(
                    [
                        (self.make(OfKind, ARRAY), True),
                        (self.make(Elements, items, self.nothing), True),
                        (self.make(Bound, "minItems", len(items)), True),
                    ]
                )
            case dict():
                named = tuple((name, self.constant(value[name], side=side)) for name in sorted(value))
                return self.both(
                    [
                        (self.make(OfKind, OBJECT), True),
                        (self.make(Fields, named, (), self.nothing, side), True),
                        *((self.make(Has, name, side), True) for name in value),
                    ]
                )
            case _:
                return self.make(Among, frozenset({identity(value)})), True


def order(literal: Literal) -> tuple[int, bool]:
    """A key to sort literals by, the same in every process."""
    return literal[0].serial, literal[1]


def identity(value: object) -> tuple[str, object]:
    """What makes two JSON values equal: 1 and 1.0 are, 1 and true are not. Hashable.

    >>> identity(1) == identity(1.0), identity(1) == identity(True)
    (True, False)
    """
    match value:
        case None:
            return ("null", None)
        case bool():
            return ("boolean", value)
        case int() | float():
            return ("number", exact(value))
        case str():
            return ("string", value)
        case list():
            return ("array", tuple(identity(item) for item in value))
        case dict():
            return ("object", frozenset((name, identity(item)) for name, item in value.items()))
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON value")


def exact(number: float) -> Fraction:
    """A JSON number as it was written, without the error of its binary form."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def plain(scalar: tuple[str, object]) -> object:
    """The JSON value of a scalar's identity."""
    kind, content = scalar
    if kind == "number":
        assert isinstance(content, Fraction)
        return int(content) if content.denominator == 1 else float(content)
    return content


def kind_of(value: object) -> int:
    """The kind of a JSON value."""
    return _kinds_by_type.get(type(value), OBJECT)


_kinds_by_type: dict[type, int] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    list: ARRAY,
    dict: OBJECT,
}

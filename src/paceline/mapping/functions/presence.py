"""Functions on what may not be there, and choices. All of them are built by the generator."""

from __future__ import annotations

from typing import Final

from paceline.mapping.functions.definition import Example, Function, Missing, Parameter, Refused
from paceline.mapping.kinds import BOOLEAN, INTEGER, OBJECT, SCALAR, SOMETHING, TEXT

_MAYBE: Final = Parameter(name="value", takes_nothing=True)
_MESSAGE: Final = Parameter(name="message", kinds=TEXT, is_literal=True)

FUNCTIONS: Final = (
    Function(
        name="default",
        group="Presence",
        summary="The value, or `other` when it is missing or null. The same as `value ?? other`.",
        parameters=(_MAYBE, Parameter(name="other", takes_nothing=True)),
        result=SOMETHING,
        may_miss=True,
        examples=(Example('$.plan | default("free")', "free"), Example('$.plan ?? "free"', "free", {"plan": None})),
    ),
    Function(
        name="coalesce",
        group="Presence",
        summary="The first value that is neither missing nor null. The same as `a ?? b ?? c`.",
        parameters=(_MAYBE, Parameter(name="others", takes_nothing=True, is_repeated=True)),
        result=SOMETHING,
        may_miss=True,
        examples=(Example("coalesce($.userId, $.anonymousId)", "a1", {"anonymousId": "a1"}),),
    ),
    Function(
        name="required",
        group="Presence",
        summary="The value; the event is refused when it is missing or null. The same as `value!`, with a message.",
        parameters=(_MAYBE, Parameter(name="message", kinds=TEXT, is_literal=True, is_optional=True)),
        result=SOMETHING,
        examples=(
            Example('$.userId | required("no user")', "u1", {"userId": "u1"}),
            Example("$.userId!", Refused("missing")),
        ),
    ),
    Function(
        name="exists",
        group="Presence",
        summary="Whether the value is there: neither missing nor null.",
        parameters=(_MAYBE,),
        result=BOOLEAN,
        examples=(Example("exists($.a)", False, {"a": None}), Example("exists($.a)", True, {"a": ""})),
    ),
    Function(
        name="is_blank",
        group="Presence",
        summary="Whether the value is missing, null, or text of nothing but white space.",
        parameters=(_MAYBE,),
        result=BOOLEAN,
        examples=(Example("is_blank($.a)", True, {"a": " "}), Example("is_blank($.a)", False, {"a": 0})),
    ),
    Function(
        name="type_of",
        group="Presence",
        summary="`text`, `number`, `boolean`, `list`, `object`, `null` or `missing`.",
        parameters=(_MAYBE,),
        result=TEXT,
        examples=(Example("type_of($.a)", "number", {"a": 1}), Example("type_of($.a)", "missing")),
    ),
    Function(
        name="missing",
        group="Presence",
        summary="Nothing: the field is left out.",
        parameters=(),
        result=0,
        may_miss=True,
        examples=(Example("if $.total > 0 then $.total else missing()", Missing(), {"total": 0}),),
    ),
    Function(
        name="refuse",
        group="Presence",
        summary="Refuses the event, with a message of your own.",
        parameters=(_MESSAGE,),
        result=0,
        examples=(Example('if $.total < 0 then refuse("negative total")', Refused("refused"), {"total": -1}),),
    ),
    Function(
        name="try",
        group="Presence",
        summary="The value, or missing where the expression would refuse the event.",
        parameters=(_MAYBE,),
        result=SOMETHING,
        may_miss=True,
        examples=(Example("try($.total | number) ?? 0", 0, {"total": "n/a"}),),
    ),
    Function(
        name="switch",
        group="Presence",
        summary="The value of the table's key that is the same text; `other`, or else missing, when there is none. "
        "Numbers and booleans are looked up as the text that `string` gives.",
        parameters=(
            Parameter(name="value", kinds=SCALAR),
            Parameter(name="table", kinds=OBJECT),
            Parameter(name="other", kinds=SOMETHING, is_optional=True, takes_nothing=True),
        ),
        result=SOMETHING,
        may_miss=True,
        examples=(
            Example('$.plan | switch({gold: 3, "silver plus": 2})', 3, {"plan": "gold"}),
            Example("$.plan | switch({gold: 3}, 0)", 0, {"plan": "tin"}),
        ),
    ),
    Function(
        name="index",
        group="Lists",
        summary="The position of the item, from 0, inside `each` and inside what is evaluated for each item.",
        parameters=(),
        result=INTEGER,
        examples=(Example('["a", "b"] | map(index() + 1)', [1, 2]),),
    ),
)

"""Reads a YAML file into a Document, or says with line and column why it cannot be read.

The language is YAML as a careful person writes it, without its traps. Dates, times and versions stay text. Only
`true` and `false` are booleans (`no`, `on` and `yes` are text), only what JSON calls a number is a number (`010`,
`0x1F`, `1_000` and `.inf` are text), and `null`, `~` or nothing is null. Keys are always text. Tags are refused.
Anchors and aliases work within the size limit, the merge key `<<` does not. This is the core schema of YAML 1.2
(https://yaml.org/spec/1.2.2/#103-core-schema, read 2026-11-23) with numbers narrowed to those of JSON.
"""

from __future__ import annotations

import math
import re

import yaml
from yaml._yaml import CParser

from paceline.model.finding import Finding
from paceline.workspace.document import Document, Place, place_of

MAX_FILE_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 100_000
"""How many values one file may hold, counted after aliases are followed."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
}
_CORE_TAGS = "tag:yaml.org,2002:"
_OPENERS = re.compile(r"[\[{?-]")
_MANY_OPENERS = 1000
_FAR_INDENTED = "\n" + " " * 300


class _Composer(CParser):
    """libyaml's composer without PyYAML's tag resolution, which is slow and speaks YAML 1.1.

    Every node without an explicit tag gets the tag "".
    """

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        """Leave the decision to `_Reading`, which knows whether a scalar was quoted."""
        return ""

    def descend_resolver(self, parent: object, index: object) -> None:
        """Part of the composer's protocol; path resolvers are not used."""

    def ascend_resolver(self) -> None:
        """Part of the composer's protocol; path resolvers are not used."""


def read_yaml(content: bytes, file: str) -> tuple[Document | None, list[Finding]]:
    """Read one file. `file` is its name in findings.

    The document is None when nothing of the file can be used. Otherwise there may still be findings (a key that
    occurs twice, say): then the document has the rest.
    """
    text, problem = decode_text(content, file)
    if text is None:
        return None, [problem] if problem else []
    try:
        if _is_too_deep(text):
            return None, [_finding("PL011", file, Place(), f"values are nested more than {MAX_DEPTH} deep")]
        root = compose_yaml(text)
    except yaml.reader.ReaderError as error:
        return None, [_control_character_finding(text, file, error)]
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_finding(text, file, error)]
    if root is None:
        return None, [_finding("PL009", file, Place(), "the file is empty", hint="fill it in, or delete it")]
    reading = _Reading(file)
    value = reading.value(root, depth=0)
    return Document(file, text, value, compose_yaml), reading.findings


def decode_text(content: bytes, file: str) -> tuple[str | None, Finding | None]:
    """The text of a file, or the finding that says why it is none: too large, or not UTF-8."""
    if len(content) > MAX_FILE_BYTES:
        what = f"the file has more than the {MAX_FILE_BYTES:,} bytes that a workspace file may have"
        return None, _finding("PL010", file, Place(), what, hint="split it: one thing a file")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        place = _end_of(content[: error.start].decode("utf-8-sig", errors="replace"))
        return None, _finding("PL002", file, place, "the file is not UTF-8 text", hint="save it as UTF-8")


def compose_yaml(text: str) -> yaml.Node | None:
    """The tree of nodes of one document, None for an empty one. Raises yaml.YAMLError."""
    composer = _Composer(text)
    try:
        node: yaml.Node | None = composer.get_single_node()
        return node
    finally:
        composer.dispose()


def _is_too_deep(text: str) -> bool:
    """Whether values are nested so deep that composing them, which recurses in C, could crash the process.

    Only files with very many brackets or dashes, or very long indentation, can be; others are not read twice.
    """
    if len(_OPENERS.findall(text)) <= _MANY_OPENERS and _FAR_INDENTED not in text:
        return False
    depth = 0
    for event in yaml.parse(text, yaml.CBaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


class _Reading:
    """Turns the nodes of one file into values and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._values = 0
        self._open: set[int] = set()
        self._is_full = False

    def value(self, node: yaml.Node, *, depth: int) -> object:
        """The plain value of a node; null where the node is refused."""
        self._values += 1
        if self._values > MAX_VALUES:
            self._say_once_full(node)
            return None
        if node.tag:
            self._add(
                "PL006",
                node,
                f"the tag {_short(node.tag.replace(_CORE_TAGS, '!!'))!r} is not used here",
                hint="write the value without a tag; put text in quotes",
            )
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            self._add("PL007", node, "an alias stands inside the very value that it repeats")
            return None
        if depth >= MAX_DEPTH:
            self._add("PL011", node, f"values are nested more than {MAX_DEPTH} deep")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, depth=depth)
            return [self.value(item, depth=depth + 1) for item in node.value]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, *, depth: int) -> dict[str, object]:
        result: dict[str, object] = {}
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._add("PL005", key_node, "a key must be text, not a list or a block")
                continue
            key = key_node.value
            if key == "<<" and not key_node.style:
                self._add("PL005", key_node, "the merge key '<<' is not supported", hint="write the keys out")
                continue
            if key in result:
                self._add(
                    "PL004",
                    key_node,
                    f"the key {_short(key)!r} occurs twice",
                    hint=f"it is already on line {first_lines[key]}; only one of the two can hold",
                )
                continue
            first_lines[key] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, depth=depth + 1)
        return result

    def _scalar(self, node: yaml.ScalarNode) -> object:
        text: str = node.value
        if node.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        number = _NUMBER.fullmatch(text)
        if number is None:
            return text
        is_whole = number["fraction"] is None and number["exponent"] is None
        value = int(text) if is_whole and len(text) <= 20 else float(text)
        if math.isinf(value) or (is_whole and not -(2**63) <= value < 2**63):
            self._add(
                "PL013",
                node,
                f"the number {_short(text)} is too large to be exact",
                hint="put it in quotes if it is an identifier",
            )
            return None
        return value

    def _say_once_full(self, node: yaml.Node) -> None:
        if not self._is_full:
            self._is_full = True
            self._add("PL007", node, f"the file holds more than {MAX_VALUES:,} values once its aliases are followed")

    def _add(self, code: str, node: yaml.Node, message: str, *, hint: str = "") -> None:
        self.findings.append(_finding(code, self.file, place_of(node.start_mark), message, hint=hint))


def _syntax_finding(text: str, file: str, error: yaml.MarkedYAMLError) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = place_of(mark) if mark else Place()
    if place.line > text.count("\n") + 1:
        place = _end_of(text)  # libyaml puts the end of a file without a last line break on a line of its own
    problem, context = error.problem or "", error.context or ""
    if "another document" in problem + context:
        message, hint = "a second document begins here", "one thing a file: put it into a file of its own"
        return _finding("PL008", file, place, message, hint=hint)
    if isinstance(error, yaml.composer.ComposerError):
        what = "this alias has no anchor before it" if "undefined alias" in problem + context else problem or context
        return _finding("PL007", file, place, what, hint="put text that begins with * or & in quotes")
    lines = text.splitlines()
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    what = " ".join(part for part in (problem, context) if part) or "it cannot be understood"
    return _finding("PL003", file, place, f"not valid YAML: {what}", hint=_syntax_hint(line, what))


def _syntax_hint(line: str, what: str) -> str:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces; YAML does not allow tabs"
    if "a flow" in what:
        return "put text that contains , [ ] { or } in quotes where it stands inside { } or [ ]"
    if "mapping values are not allowed" in what:
        return "put text that contains ': ' in quotes"
    if "Unicode character escape" in what:
        return "write the character itself"
    if "cannot start any token" in what:
        return "put text that begins with @, ` or % in quotes"
    return ""


def _control_character_finding(text: str, file: str, error: yaml.reader.ReaderError) -> Finding:
    before = text.encode()[: error.position or 0].decode(errors="ignore")
    return _finding("PL003", file, _end_of(before), "not valid YAML: a control character", hint="delete it")


def _end_of(text: str) -> Place:
    """The place that follows the last character of a text."""
    return Place(text.count("\n") + 1, len(text) - text.rfind("\n"))


def _finding(code: str, file: str, place: Place, message: str, *, hint: str = "") -> Finding:
    return Finding(code=code, file=file, line=place.line, column=place.column, message=message, hint=hint)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."

"""Reads JavaScript and TypeScript by their syntax trees, with tree-sitter."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from paceline.errors import MissingExtraError
from paceline.model.connector import Language
from paceline.workspace.code_scan.javascript_nodes import (
    arguments_of,
    callee_of,
    dotted,
    is_broken,
    line_of,
    quoted,
    required_module,
    returned,
    source_of,
    unquoted,
    unwrapped,
    walk,
)
from paceline.workspace.code_scan.sightings import Call, FileScan, Redirect, SdkUse
from paceline.workspace.code_scan.texts import MOST_TEXTS, Hole, HoleKind, Text, is_known_in_part, joined
from paceline.workspace.code_scan.vendors import KnownSdk, KnownVendors, sdk_by_name

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_TALKERS = re.compile(r"^(this\.)?_?(console|log|logger|debug|winston|pino|chalk)(\.|$)|\.(debug|info|warn|error)$")
_HTTP_CALLS = re.compile(
    r"^((window|globalThis|self|global)\.)?(fetch|axios|got|ky|superagent|needle|ofetch|\$fetch)(\.|$)"
    r"|^(navigator\.sendBeacon|\$\.(ajax|get|post)|https?\.(request|get)|.*[hH]ttp[A-Za-z]*\.(get|post|put|patch|delete))$"
)
_ADDRESSES = frozenset({"src", "href", "action"})
_ENVIRONMENT = re.compile(r"^(process\.env|import\.meta\.env|Deno\.env|Bun\.env|env)\.(?P<name>\w+)$")
_MOST_DEPTH = 40


def scan_javascript(source: bytes, file: str, vendors: KnownVendors) -> FileScan:
    """Everything of interest in one file. Raises MissingExtraError without tree-sitter."""
    root = _parser(PurePosixPath(file).suffix).parse(source).root_node
    reader = _Reader(vendors)
    nodes = list(walk(root))
    for node in nodes:
        reader.learn(node)
    for _ in range(2):  # a client may be made from another name of the library
        reader.learn_clients()
    reader.look_at_redirects()
    for node in nodes:
        reader.look(node)
    return FileScan(
        file=file,
        constants={name: tuple(texts) for name, texts in reader.constants().items()},
        calls=tuple(reader.calls),
        mentions=tuple(reader.mentions()),
        uses=tuple(reader.uses),
        redirects=tuple(reader.redirects),
        problem="the file is not JavaScript or TypeScript that can be read" if is_broken(root) else "",
    )


@functools.cache
def _parser(suffix: str) -> Parser:
    try:
        import tree_sitter  # noqa: PLC0415 - of the extra `scan`
        import tree_sitter_javascript  # noqa: PLC0415
        import tree_sitter_typescript  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("reading JavaScript needs tree-sitter, which is not installed", "scan") from None
    match suffix:
        case ".ts" | ".mts" | ".cts":
            grammar = tree_sitter_typescript.language_typescript()
        case ".tsx":
            grammar = tree_sitter_typescript.language_tsx()
        case _:
            grammar = tree_sitter_javascript.language()
    return tree_sitter.Parser(tree_sitter.Language(grammar))


class _Reader:
    """One file: first what its names can be, then what is called."""

    def __init__(self, vendors: KnownVendors) -> None:
        self._vendors = vendors
        self._values: dict[str, list[Node]] = {}
        self._parameters: set[str] = set()
        self._returns: dict[str, list[Node]] = {}
        self._imported: dict[str, str] = {}
        self._sdk_names: dict[str, KnownSdk] = {}
        self._http_names: set[str] = set()
        self._evaluating: set[int] = set()
        self._known: dict[int, list[Text] | None] = {}
        self._consumed: set[int] = set()
        self._redirects: list[tuple[int, KnownSdk, Node]] = []
        self.calls: list[Call] = []
        self.uses: list[SdkUse] = []
        self.redirects: list[Redirect] = []

    # What names can be.

    def learn(self, node: Node) -> None:
        match node.type:
            case "import_statement":
                self._learn_import(node)
            case "variable_declarator":
                self._learn_value(node.child_by_field_name("name"), node.child_by_field_name("value"))
            case "assignment_expression" | "augmented_assignment_expression":
                self._learn_value(node.child_by_field_name("left"), node.child_by_field_name("right"))
            case "field_definition" | "public_field_definition":
                name = node.child_by_field_name("property") or node.child_by_field_name("name")
                self._learn_value(name, node.child_by_field_name("value"))
            case "formal_parameters":
                for parameter in node.named_children:
                    self._learn_parameter(parameter)
            case "function_declaration" | "method_definition":
                function = source_of(node.child_by_field_name("name"))
                self._returns.setdefault(function, []).extend(returned(node.child_by_field_name("body")))
            case _:
                pass

    def _learn_import(self, node: Node) -> None:
        source = quoted(node.child_by_field_name("source"))
        if source is None:
            return
        known = self._vendors.of_module(Language.JAVASCRIPT, source)
        if known is not None:
            self.uses.append(SdkUse(line=line_of(node), sdk=known))
        for child in walk(node):
            name = ""
            if child.type == "import_specifier":
                name = source_of(child.child_by_field_name("alias") or child.child_by_field_name("name"))
                self._bind(name, source, source_of(child.child_by_field_name("name")), known)
            elif (
                child.type == "identifier"
                and child.parent is not None
                and child.parent.type
                in {
                    "import_clause",
                    "namespace_import",
                }
            ):
                self._bind(source_of(child), source, "", known)

    def _bind(self, name: str, source: str, member: str, known: KnownSdk | None) -> None:
        module = PurePosixPath(source).name.partition(".")[0]
        self._imported[name] = f"{module}.{member}" if member else module
        if known is not None:
            self._sdk_names[name] = known

    def _learn_parameter(self, node: Node) -> None:
        inner = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if inner.type == "identifier":
            self._parameters.add(source_of(inner))
            if value is not None:
                self._values.setdefault(source_of(inner), []).append(value)

    def _learn_value(self, target: Node | None, value: Node | None) -> None:
        if target is None or value is None:
            return
        if (source := required_module(value)) is not None:
            self._learn_required(target, value, source)
        name = dotted(target)
        if name is None:
            if target.type == "object_pattern":
                self._learn_pattern(target, value)
            return
        bare = name.removeprefix("this.")
        self._values.setdefault(bare, []).append(value)
        if value.type in {"arrow_function", "function_expression"}:
            body = value.child_by_field_name("body")
            self._returns.setdefault(bare, []).extend(returned(body))
        self._learn_members(bare, value, 0)
        known = sdk_by_name(self._sdk_names, name)
        if known is not None and name.rpartition(".")[2] in known.sdk.redirects:
            self._redirects.append((line_of(target), known, value))

    def _learn_pattern(self, pattern: Node, value: Node) -> None:
        """`const { URL: url = "…" } = process.env`: each name is a member of the value."""
        owner = dotted(value)
        for part in pattern.named_children:
            inner = part.child_by_field_name("left") if part.type == "object_assignment_pattern" else part
            name = source_of(inner)
            default = part.child_by_field_name("right")
            if default is not None:
                self._values.setdefault(name, []).append(default)
            if owner in {"process.env", "import.meta.env"}:
                self._imported.setdefault(name, f"environment.{name}")

    def _learn_members(self, name: str, value: Node, depth: int) -> None:
        if value.type != "object" or depth > 4:
            return
        for pair in value.named_children:
            if pair.type == "pair":
                key = source_of(pair.child_by_field_name("key")).strip("\"'")
                inner = pair.child_by_field_name("value")
                if inner is not None:
                    self._values.setdefault(f"{name}.{key}", []).append(inner)
                    self._learn_members(f"{name}.{key}", inner, depth + 1)

    def _learn_required(self, target: Node, value: Node, source: str) -> None:
        known = self._vendors.of_module(Language.JAVASCRIPT, source)
        if known is not None:
            self.uses.append(SdkUse(line=line_of(value), sdk=known))
        if target.type == "identifier":
            self._bind(source_of(target), source, "", known)
        elif target.type == "object_pattern":
            for part in target.named_children:
                name = part.child_by_field_name("value") or part
                self._bind(source_of(name), source, source_of(part.child_by_field_name("key") or part), known)

    def learn_clients(self) -> None:
        """Names of objects that a client library, or an HTTP library, made."""
        for name, values in list(self._values.items()):
            for value in values:
                made = unwrapped(value)
                if made.type not in {"call_expression", "new_expression"}:
                    continue
                callee = callee_of(made)
                if (known := sdk_by_name(self._sdk_names, callee)) is not None:
                    self._sdk_names.setdefault(name, known)
                elif re.fullmatch(r"(axios|got|ky|ofetch)\.(create|extend)", callee):
                    self._http_names.add(name)

    def look_at_redirects(self) -> None:
        """Say where client libraries are sent to, once every name is known."""
        for line, known, value in self._redirects:
            self.redirects.append(Redirect(line=line, sdk=known, texts=tuple(self.texts(value)), is_global=True))

    # What is called.

    def look(self, node: Node) -> None:
        if node.type in {"call_expression", "new_expression"} and node.id not in self._consumed:
            self._look_at(node)
        elif node.type == "assignment_expression":
            target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
            if target is None or value is None or target.type != "member_expression":
                return
            if source_of(target.child_by_field_name("property")) in _ADDRESSES:
                texts = [text for text in self._evaluated(value) or () if is_known_in_part(text)]
                if texts:
                    self.calls.append(Call(line=line_of(node), texts=tuple(texts)))

    def _look_at(self, node: Node) -> None:
        callee = callee_of(node)
        arguments = arguments_of(node)
        bare = callee.removeprefix("this.")
        known = sdk_by_name(self._sdk_names, bare)
        if known is None and _TALKERS.search(callee):
            self._consumed |= {inner.id for inner in walk(node) if inner.type in {"call_expression", "new_expression"}}
            return
        if callee in {"require", "import"} and arguments and (source := quoted(arguments[0])) is not None:
            imported = self._vendors.of_module(Language.JAVASCRIPT, source)
            if imported is not None:
                self.uses.append(SdkUse(line=line_of(node), sdk=imported))
            return
        if known is not None:
            self._sdk_call(node, known, callee, arguments)
            return
        texts = [text for argument in arguments for text in self._deep_texts(argument, 0)]
        is_request = _HTTP_CALLS.match(callee) is not None or bare.partition(".")[0] in self._http_names
        url = self.texts(arguments[0]) if is_request and arguments and arguments[0].type != "object" else []
        if texts or url:
            self.calls.append(Call(line=line_of(node), texts=tuple(dict.fromkeys(texts)), url=tuple(url)))
            self._consume_joiners(arguments)

    def _consume_joiners(self, arguments: Sequence[Node]) -> None:
        """Calls that only put a text together belong to the call that takes it."""
        for argument in arguments:
            for inner in walk(argument):
                if inner.type in {"call_expression", "new_expression"} and self._evaluated(inner) is not None:
                    self._consumed.add(inner.id)

    def _sdk_call(self, node: Node, known: KnownSdk, callee: str, arguments: Sequence[Node]) -> None:
        for argument in arguments:
            if argument.type != "object":
                continue
            for pair in argument.named_children:
                key = source_of(pair.child_by_field_name("key")).strip("\"'") if pair.type == "pair" else ""
                if key in known.sdk.redirects:
                    texts = tuple(self.texts(pair.child_by_field_name("value")))
                    self.redirects.append(Redirect(line=line_of(pair), sdk=known, texts=texts))
        function = callee.rpartition(".")[2]
        if node.type != "new_expression":
            self.uses.append(SdkUse(line=line_of(node), sdk=known, function=function))

    # What texts can be.

    def texts(self, node: Node | None) -> list[Text]:
        """The texts that an expression can be; a hole where it cannot be told."""
        if node is None:
            return []
        return self._evaluated(node) or [(Hole(HoleKind.OTHER),)]

    def _deep_texts(self, node: Node, depth: int) -> Iterator[Text]:
        """The texts of an argument that are known in part, those inside lists and objects included."""
        if node.type in {"object", "array", "pair", "spread_element"} and depth < 4:
            inner = node.child_by_field_name("value") if node.type == "pair" else None
            for child in [inner] if inner is not None else node.named_children:
                yield from self._deep_texts(child, depth + 1)
        else:
            yield from (text for text in self._evaluated(node) or () if is_known_in_part(text))

    def _evaluated(self, node: Node) -> list[Text] | None:
        """The texts that an expression can be, None when it is no text as far as can be seen."""
        if node.id in self._known:
            return self._known[node.id]
        if node.id in self._evaluating or len(self._evaluating) > _MOST_DEPTH:
            return None
        self._evaluating.add(node.id)
        try:
            found = self._evaluate(unwrapped(node))
        finally:
            self._evaluating.discard(node.id)
        # Names that are made from each other would otherwise be followed over and over.
        known = self._known[node.id] = list(dict.fromkeys(found))[:MOST_TEXTS] if found else None
        return known

    def _evaluate(self, node: Node) -> list[Text] | None:
        match node.type:
            case "string":
                return [(unquoted(node),)]
            case "template_string":
                return joined([self._piece(child) for child in node.children[1:-1]])
            case "binary_expression":
                return self._binary(node)
            case "ternary_expression":
                return self._either([node.child_by_field_name("consequence"), node.child_by_field_name("alternative")])
            case "identifier" | "member_expression" | "subscript_expression":
                return self._named(node)
            case "call_expression" | "new_expression":
                return self._called(node)
            case _:
                return None

    def _piece(self, node: Node) -> list[Text]:
        if node.type == "template_substitution":
            inner = node.named_children[0] if node.named_children else None
            return (self._evaluated(inner) if inner is not None else None) or [(Hole(HoleKind.OTHER),)]
        return [(source_of(node),)]

    def _binary(self, node: Node) -> list[Text] | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = source_of(node.child_by_field_name("operator"))
        if operator in {"||", "??"}:
            return self._either([left, right])
        if operator != "+" or left is None or right is None:
            return None
        first, second = self._evaluated(left), self._evaluated(right)
        return None if first is None and second is None else joined([first or [], second or []])

    def _either(self, nodes: Sequence[Node | None]) -> list[Text] | None:
        return [text for node in nodes if node is not None for text in self._evaluated(node) or ()] or None

    def _named(self, node: Node) -> list[Text] | None:
        name = dotted(node)
        if name is None:
            return None
        if (match := _ENVIRONMENT.match(name)) is not None:
            return [(Hole(HoleKind.ENVIRONMENT, match["name"]),)]
        bare = name.removeprefix("this.")
        values = self._values.get(bare)
        if values is None and "." in bare and bare.partition(".")[0] not in self._imported:
            values = self._values.get(bare.rpartition(".")[2])  # a field of an object of this file
        found = [text for value in values or () for text in self._evaluated(value) or ()]
        head, _, rest = bare.partition(".")
        if self._imported.get(head, "").startswith("environment."):
            return [*found, (Hole(HoleKind.ENVIRONMENT, head),)]
        if found:
            return found
        if head in self._imported:
            full = f"{self._imported[head]}.{rest}" if rest else self._imported[head]
            return [(Hole(HoleKind.IMPORT, full),)]
        return [(Hole(HoleKind.PARAMETER, bare),)] if bare in self._parameters else None

    def _called(self, node: Node) -> list[Text] | None:
        callee, arguments = callee_of(node), arguments_of(node)
        last = callee.rpartition(".")[2]
        function = node.child_by_field_name("function")
        owner = function.child_by_field_name("object") if function is not None else None
        if callee in {"URL", "window.URL", "String"} and arguments:
            if len(arguments) > 1:
                return joined([self._evaluated(arguments[1]) or [], self._evaluated(arguments[0]) or []])
            return self._evaluated(arguments[0])
        if last == "concat" and owner is not None:
            return joined([self._evaluated(part) or [] for part in (owner, *arguments)])
        if last in {"toString", "trim", "replace", "toLowerCase", "href"} and owner is not None:
            return self._evaluated(owner)
        if last == "join" and owner is not None and owner.type == "array":
            comma: list[Text] = [(",",)]
            separator = (self._evaluated(arguments[0]) or []) if arguments else comma
            parts: list[list[Text]] = []
            for position, item in enumerate(owner.named_children):
                if position:
                    parts.append(separator)
                parts.append(self._evaluated(item) or [])
            return joined(parts)
        returned = self._returns.get(callee.removeprefix("this."))
        return self._either(returned) if returned else None

    # What others may import, and what is only mentioned.

    def constants(self) -> Mapping[str, list[Text]]:
        """The texts of the file's names, members of objects by their whole name."""
        found: dict[str, list[Text]] = {}
        for name, values in self._values.items():
            texts = [text for value in values for text in self._evaluated(value) or () if is_known_in_part(text)]
            if texts:
                found[name] = texts
        return found

    def mentions(self) -> Iterator[tuple[int, Text]]:
        """Texts that names were given."""
        for values in self._values.values():
            for value in values:
                for text in self._evaluated(value) or ():
                    if is_known_in_part(text):
                        yield line_of(value), text

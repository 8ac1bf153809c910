"""Reads Python by its syntax tree: what texts can be, what is called with them, which client libraries are used."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from paceline.model.connector import Language
from paceline.workspace.code_scan.python_nodes import (
    arguments_of,
    assignments,
    dotted,
    names_in,
    own_returns,
    url_argument,
)
from paceline.workspace.code_scan.sightings import Call, FileScan, Redirect, SdkUse
from paceline.workspace.code_scan.texts import MOST_TEXTS, Hole, HoleKind, Text, is_known_in_part, joined
from paceline.workspace.code_scan.vendors import KnownSdk, KnownVendors, sdk_by_name

_HTTP_MODULES = frozenset(
    {"requests", "httpx", "aiohttp", "urllib", "urllib3", "http", "niquests", "pycurl", "httplib2"}
)
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "request", "urlopen", "Request", "stream", "send"})
_CLIENTS = re.compile(r"(Client|Session|PoolManager|HTTPS?Connection|Http)$")
_TALK = re.compile(r"^(print|pprint|warn|log|debug|info|warning|error|exception|critical)$")
_TALKERS = re.compile(r"(^|\.)_?(log|logger|logging|warnings|LOG|LOGGER|console|parser|argparse|click|typer)\.")
_JOINERS = frozenset({"urljoin", "URL", "str", "Path", "join", "quote", "furl"})
_FORMAT = re.compile(r"\{[^{}]*\}")
_PERCENT = re.compile(r"%(\([^)]*\))?[#0\- +]*\d*(\.\d+)?[sdirfgx]")
_MOST_DEPTH = 40
_OF_INTEREST = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Call, ast.With, ast.AsyncWith),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr),
)
Scopes: TypeAlias = tuple[str, ...]


def scan_python(source: bytes, file: str, vendors: KnownVendors) -> FileScan:
    """Everything of interest in one file. One that does not parse gives a scan with its problem."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the scanned code, such as invalid escapes
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        return FileScan(file=file, problem=f"the file is no Python that can be read: {error}")
    reader = _Reader(vendors)
    try:
        nodes = [node for node in ast.walk(tree) if isinstance(node, _OF_INTEREST)]
        reader.learn(tree, nodes)
        reader.look(nodes)
    except RecursionError:
        return FileScan(file=file, problem="the file is nested too deeply to be read")
    return FileScan(
        file=file,
        constants={name: tuple(texts) for name, texts in reader.constants().items()},
        calls=tuple(reader.calls),
        mentions=tuple(reader.mentions()),
        uses=tuple(reader.uses),
        redirects=tuple(reader.redirects),
    )


class _Reader:
    """One file: first what its names can be, then what is called."""

    def __init__(self, vendors: KnownVendors) -> None:
        self._vendors = vendors
        self._values: dict[str, list[ast.expr]] = {}
        self._parameters: set[str] = set()
        self._returns: dict[str, list[ast.expr]] = {}
        self._imported: dict[str, str] = {}
        self._sdk_names: dict[str, KnownSdk] = {}
        self._http_names: set[str] = set()
        self._top: set[str] = set()
        self._evaluating: set[int] = set()
        self._known: dict[int, list[Text] | None] = {}
        self._consumed: set[int] = set()
        self._redirects: list[tuple[int, KnownSdk, ast.expr]] = []
        self.calls: list[Call] = []
        self.uses: list[SdkUse] = []
        self.redirects: list[Redirect] = []

    # What names can be.

    def learn(self, tree: ast.Module, nodes: Sequence[ast.AST]) -> None:
        for statement in tree.body:
            self._top |= {name for target, _ in assignments(statement) for name in names_in(target)}
        for node in nodes:
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        self._learn_import(alias.asname or alias.name.partition(".")[0], alias.name, node.lineno)
                        self._learn_import(alias.asname or alias.name, alias.name, 0)
                case ast.ImportFrom(module=module, names=names):
                    for alias in names:
                        self._learn_import(
                            alias.asname or alias.name, f"{module or ''}.{alias.name}".lstrip("."), node.lineno
                        )
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._learn_function(node)
                case _:
                    for target, value in assignments(node):
                        self._learn_value(target, value)
        for _ in range(2):  # a client may be made from another name of the library
            for name, values in list(self._values.items()):
                for value in values:
                    self._learn_client(name, value)

    def _learn_import(self, name: str, module: str, line: int) -> None:
        self._imported[name] = module
        known = self._vendors.of_module(Language.PYTHON, module)
        if known is not None:
            self._sdk_names[name] = known
            if line:
                self.uses.append(SdkUse(line=line, sdk=known))
        if module.partition(".")[0] in _HTTP_MODULES:
            self._http_names.add(name)

    def _learn_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        self._parameters |= {argument.arg for argument in (*positional, *arguments.kwonlyargs)}
        for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            self._values.setdefault(argument.arg, []).append(default)
        for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if given is not None:
                self._values.setdefault(argument.arg, []).append(given)
        returned = [one.value for one in own_returns(node) if one.value is not None]
        self._returns.setdefault(node.name, []).extend(returned)

    def _learn_value(self, target: ast.expr, value: ast.expr) -> None:
        name = dotted(target)
        if name is None:
            return
        self._values.setdefault(name.removeprefix("cls.").removeprefix("self."), []).append(value)
        if isinstance(value, ast.Dict):
            for key, inner in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    self._values.setdefault(f"{name}.{key.value}", []).append(inner)
        if (known := self._sdk_of(name)) is not None and name.rpartition(".")[2] in known.sdk.redirects:
            self._redirects.append((target.lineno, known, value))

    def _learn_client(self, name: str, value: ast.expr) -> None:
        """Names of objects that a client library, or an HTTP library, made."""
        made = value.value if isinstance(value, ast.Await) else value
        if not isinstance(made, ast.Call):
            return
        callee = dotted(made.func) or ""
        if (known := self._sdk_of(callee)) is not None:
            self._sdk_names.setdefault(name, known)
        elif self._is_http(callee) and _CLIENTS.search(callee):
            self._http_names.add(name)

    def _sdk_of(self, name: str) -> KnownSdk | None:
        return sdk_by_name(self._sdk_names, name)

    def _is_http(self, callee: str) -> bool:
        bare = callee.removeprefix("self.").removeprefix("cls.")
        return (
            bare in self._http_names
            or bare.partition(".")[0] in self._http_names
            or any(bare.startswith(f"{name}.") for name in self._http_names)
        )

    # What is called.

    def look(self, nodes: Sequence[ast.AST]) -> None:
        for line, known, value in self._redirects:
            self.redirects.append(Redirect(line=line, sdk=known, texts=tuple(self.texts(value)), is_global=True))
        for node in nodes:
            if isinstance(node, ast.With | ast.AsyncWith):
                for item in node.items:
                    if item.optional_vars is not None and (name := dotted(item.optional_vars)) is not None:
                        self._learn_client(name, item.context_expr)
        for node in nodes:  # outer calls come before the calls among their arguments
            if isinstance(node, ast.Call) and id(node) not in self._consumed:
                self._look_at(node)

    def _look_at(self, node: ast.Call) -> None:
        callee = dotted(node.func) or ""
        last = callee.rpartition(".")[2]
        if _TALK.match(callee) or _TALKERS.search(callee) or (_TALK.match(last) and "." in callee):
            self._consumed |= {id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
            return
        if callee in {"importlib.import_module", "import_module", "__import__"} and node.args:
            self._dynamic_import(node)
        if (known := self._sdk_of(callee.removeprefix("self.").removeprefix("cls."))) is not None:
            self._sdk_call(node, known, callee)
            return
        texts = [text for argument in arguments_of(node) for text in self._deep_texts(argument)]
        is_request = self._is_http(callee) and last in _VERBS
        url = self.texts(url_argument(node, last)) if is_request and url_argument(node, last) is not None else []
        if texts or url:
            self.calls.append(Call(line=node.lineno, texts=tuple(dict.fromkeys(texts)), url=tuple(url)))
            if any(is_known_in_part(text) for text in (*texts, *url)):
                self._consume_joiners(node)

    def _consume_joiners(self, node: ast.Call) -> None:
        """Calls that only put a text together belong to the call that takes it."""
        for argument in arguments_of(node):
            for inner in ast.walk(argument):
                if isinstance(inner, ast.Call) and self._evaluated(inner) is not None:
                    self._consumed.add(id(inner))

    def _dynamic_import(self, node: ast.Call) -> None:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            known = self._vendors.of_module(Language.PYTHON, first.value)
            if known is not None:
                self.uses.append(SdkUse(line=node.lineno, sdk=known))

    def _sdk_call(self, node: ast.Call, known: KnownSdk, callee: str) -> None:
        for keyword in node.keywords:
            if keyword.arg in known.sdk.redirects:
                self.redirects.append(Redirect(line=node.lineno, sdk=known, texts=tuple(self.texts(keyword.value))))
        function = callee.rpartition(".")[2]
        if not function[:1].isupper():  # making a client is no call yet
            self.uses.append(SdkUse(line=node.lineno, sdk=known, function=function))

    # What texts can be.

    def texts(self, node: ast.expr | None) -> list[Text]:
        """The texts that an expression can be; a hole where it cannot be told."""
        if node is None:
            return []
        return self._evaluated(node) or [(Hole(HoleKind.OTHER),)]

    def _deep_texts(self, node: ast.expr) -> Iterator[Text]:
        """The texts of an argument that are known in part, those inside lists and dictionaries included."""
        match node:
            case ast.Dict(values=values):
                for value in values:
                    yield from self._deep_texts(value)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                for item in items:
                    yield from self._deep_texts(item)
            case ast.Starred(value=value):
                yield from self._deep_texts(value)
            case _:
                yield from (text for text in self._evaluated(node) or () if is_known_in_part(text))

    def _evaluated(self, node: ast.expr) -> list[Text] | None:
        """The texts that an expression can be, None when it is no text as far as can be seen."""
        key = id(node)
        if key in self._known:
            return self._known[key]
        if key in self._evaluating or len(self._evaluating) > _MOST_DEPTH:
            return None
        self._evaluating.add(key)
        try:
            found = self._evaluate(node)
        finally:
            self._evaluating.discard(key)
        # Names that are made from each other would otherwise be followed over and over.
        known = self._known[key] = list(dict.fromkeys(found))[:MOST_TEXTS] if found else None
        return known

    def _evaluate(self, node: ast.expr) -> list[Text] | None:  # noqa: PLR0912 (one case a form)
        match node:
            case ast.Constant(value=str() as value):
                return [(value,)]
            case ast.Constant(value=bytes() as value):
                return [(value.decode("latin-1"),)]
            case ast.JoinedStr(values=values):
                return joined([self._evaluated(value) or [(Hole(HoleKind.OTHER),)] for value in values])
            case ast.FormattedValue(value=value):
                return self._evaluated(value)
            case ast.BinOp(op=ast.Add() | ast.Div(), left=left, right=right):
                first, second = self._evaluated(left), self._evaluated(right)
                if first is None and second is None:
                    return None
                return joined([first or [], second or []])
            case ast.BinOp(op=ast.Mod(), left=left, right=right):
                return self._percent(left, right)
            case ast.IfExp(body=body, orelse=orelse):
                return self._either([body, orelse])
            case ast.BoolOp(values=values):
                return self._either(values)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self._evaluated(value)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.Call():
                return self._called(node)
            case _:
                return None

    def _either(self, nodes: Sequence[ast.expr]) -> list[Text] | None:
        return [text for node in nodes for text in self._evaluated(node) or ()] or None

    def _percent(self, left: ast.expr, right: ast.expr) -> list[Text] | None:
        if not (isinstance(left, ast.Constant) and isinstance(left.value, str)) and self._evaluated(left) is None:
            return None
        given = right.elts if isinstance(right, ast.Tuple) else [right]
        if isinstance(right, ast.Dict):
            given = right.values
        templates = self._evaluated(left) or []
        return [one for template in templates for one in self._fill(template, _PERCENT, given)] or None

    def _fill(self, template: Text, pattern: re.Pattern[str], given: Sequence[ast.expr]) -> list[Text]:
        """A template with its places filled in, in their order."""
        waiting = iter(given)
        parts: list[list[Text]] = []
        for piece in template:
            if not isinstance(piece, str):
                parts.append([(piece,)])
                continue
            at = 0
            for match in pattern.finditer(piece):
                parts.append([(piece[at : match.start()],)])
                value = next(waiting, None)
                parts.append((self._evaluated(value) if value is not None else None) or [(Hole(HoleKind.OTHER),)])
                at = match.end()
            parts.append([(piece[at:],)])
        return joined(parts)

    def _subscript(self, node: ast.Subscript) -> list[Text] | None:
        owner = dotted(node.value)
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if owner is not None and owner.rpartition(".")[2] == "environ":
            return [(Hole(HoleKind.ENVIRONMENT, key if isinstance(key, str) else ""),)]
        if owner is None:
            return None
        if isinstance(key, str):
            return self._by_name(f"{owner}.{key}")
        # Any of the values, where the key is not known.
        prefix = f"{owner.removeprefix('self.').removeprefix('cls.')}."
        inner = [value for name, values in self._values.items() if name.startswith(prefix) for value in values]
        return self._either(inner) if inner else None

    def _named(self, node: ast.expr) -> list[Text] | None:
        name = dotted(node)
        return None if name is None else self._by_name(name)

    def _by_name(self, name: str) -> list[Text] | None:
        bare = name.removeprefix("self.").removeprefix("cls.")
        values = self._values.get(bare) or self._values.get(name)
        if values is None and "." in bare and bare.partition(".")[0] not in self._imported:
            values = self._values.get(bare.rpartition(".")[2])  # an attribute of an object of this file
        found = [text for value in values or () for text in self._evaluated(value) or ()]
        if found:
            return found
        head, _, rest = name.partition(".")
        if head in self._imported:
            module = self._imported[head]
            full = f"{module}.{rest}" if rest else module
            return [(Hole(HoleKind.IMPORT, ".".join(full.split(".")[-2:])),)]
        if name in self._parameters:
            return [(Hole(HoleKind.PARAMETER, name),)]
        return None

    def _called(self, node: ast.Call) -> list[Text] | None:
        callee = dotted(node.func) or ""
        last = node.func.attr if isinstance(node.func, ast.Attribute) else callee
        if callee.endswith(("environ.get", "getenv", "environ.setdefault")) or callee in {"config", "env", "env.str"}:
            return self._environment(node)
        if last == "format" and isinstance(node.func, ast.Attribute):
            templates = self._evaluated(node.func.value)
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            return [one for text in templates or () for one in self._fill(text, _FORMAT, given)] or None
        if last == "join" and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            return self._joined_by(node.func.value, node.args[0])
        if last in _JOINERS and node.args:
            return joined([self._evaluated(argument) or [] for argument in node.args[:2]])
        if last in {"rstrip", "strip", "lstrip", "lower", "encode", "decode", "format_map", "replace"}:
            return self._evaluated(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if last in self._returns and callee in {last, f"self.{last}", f"cls.{last}"}:
            return self._either(self._returns[last])
        return None

    def _environment(self, node: ast.Call) -> list[Text]:
        name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        given = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "default")]
        otherwise = self._either(given) if given else None
        return [*(otherwise or ()), (Hole(HoleKind.ENVIRONMENT, str(name)),)]

    def _joined_by(self, separator: ast.expr, items: ast.expr) -> list[Text] | None:
        if not isinstance(items, ast.List | ast.Tuple):
            return None
        parts: list[list[Text]] = []
        for position, item in enumerate(items.elts):
            if position:
                parts.append(self._evaluated(separator) or [])
            parts.append(self._evaluated(item) or [])
        return joined(parts)

    # What others may import, and what is only mentioned.

    def constants(self) -> Mapping[str, list[Text]]:
        """The texts of names at the top of the file, and of attributes of its classes."""
        found: dict[str, list[Text]] = {}
        for name, values in self._values.items():
            if name.partition(".")[0] in self._top or name.isupper():
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
                        yield value.lineno, text

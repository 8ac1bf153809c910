"""Whatever is done to a mapping file, it has located findings or works, and there never is a traceback."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from paceline.cli.main import paceline_command
from paceline.connectors.catalog import Catalog
from paceline.mapping.check import check_versions
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.faults import MappingFault
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import MappingFile
from paceline.workspace.document import Document
from paceline.workspace.kinds import KINDS
from paceline.workspace.load import load_workspace
from paceline.workspace.rule import Scope
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml

SHOP = Path(__file__).parents[2] / "examples" / "shop"
FILES = sorted((SHOP / "mappings").glob("*.yaml"))
EVENTS = [json.loads(path.read_bytes()) for path in sorted((SHOP / "samples").glob("*.json"))]
SNIPPETS = (
    *(
        "$",
        "$$",
        "@",
        ".",
        "..",
        "[",
        "]",
        "[*]",
        "[?",
        "[-1]",
        "(",
        ")",
        "{",
        "}",
        "|",
        "| ",
        " | lower",
        "??",
        " ?? ",
    ),
    *(
        "!",
        "= ",
        "==",
        " and ",
        " or ",
        "not ",
        "if ",
        " then ",
        " else ",
        "+",
        "- ",
        "*",
        "/",
        "'",
        '"',
        ",",
        ":",
        ": ",
    ),
    *("#", " #", "\n", "\n  ", "\t", "\\", "é", "\x00", "\ud7ff", "0", "1e999", "99999999999999999999", "true", "null"),
    *(
        "each: ",
        "fields: ",
        "value: ",
        "pii: ",
        "x: ",
        "- ",
        "&a ",
        "*a",
        "!!str ",
        "~",
        ">-",
        "{a: 1}",
        "[1]",
        "switch(",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, "", " ", "=", "= ", "$", "$.", "$.a b", "$.userId | sha256", "$.nowhere.at.all"),
    *("a" * 5000, "(" * 200, "$.a" + ".b" * 300, "$.a" + " | trim" * 200, "1 + " * 100 + "1", "\ud7ff", "switch()", []),
    *(
        {},
        {"value": None},
        {"value": []},
        {"each": "$.a"},
        {"each": "$.a", "fields": {}},
        {"value": "$.a", "each": "$.b"},
    ),
    *({"fields": {"a": "$.b"}}, {"value": "$.a", "note": 5}, [1, [2]], {"each": "$.userId", "fields": {"x": "@.y"}}),
    *("index()", "$.properties | map_values(@)", "now()", "try(refuse('x'))", "if 1 then 2", "{a: $.b, a: $.c}"),
)
KEYS = ("*", "a.b", "a..b", "", ".", "a\\", "\\*", "x[0]", "x.*", "*.x", "fields", "value", "identifiers", "name", "é")


def cut_text(random: Random, text: str) -> str:
    """The text with parts cut out, repeated or swapped for what stands in mappings."""
    for _ in range(random.randint(1, 3)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.choice((0, 0, 1, 1, 3, 8, 40)))
        new = random.choice((random.choice(SNIPPETS), "", text[start:end] * 2, chr(random.randrange(1, 0x300))))
        text = text[:start] + new + text[end:]
    return text


def changed_tree(random: Random, text: str) -> str:
    """The file with a key renamed or removed, or a value replaced or moved, anywhere."""
    document, _ = read_yaml(text.encode(), "x")
    assert document is not None
    tree = copy.deepcopy(document.value)
    for _ in range(random.randint(1, 2)):
        holder, key = random.choice(list(places(tree)))
        match random.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[random.choice(KEYS)] = holder.pop(key)
            case 2:
                other, other_key = random.choice(list(places(tree)) or [(holder, key)])
                holder[key] = copy.deepcopy(other[other_key]) if other_key in other else None
            case _:
                holder[key] = random.choice(VALUES)
    return json.dumps(tree) if random.random() < 0.5 else yaml.safe_dump(tree, allow_unicode=True)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield node, key
            yield from places(value)


@cache
def shop() -> Scope:
    return Scope(workspace=load_workspace(SHOP), connectors=Catalog(SHOP / "connectors"))


@pytest.mark.parametrize("change", [cut_text, changed_tree])
def test_changed_mapping_has_located_faults_or_works(change: Any) -> None:
    outcomes = {"unreadable": 0, "faulty": 0, "works": 0}
    for seed in range(700):
        random = Random(seed)
        text = change(random, random.choice(FILES).read_text())
        document, findings = read_yaml(text.encode("utf-8", "replace"), "mappings/x.yaml")
        struct, problems = to_struct(document, KINDS["mapping"]) if document is not None else (None, [])
        if not isinstance(struct, MappingFile):
            outcomes["unreadable"] += 1
            assert [*findings, *problems]
            continue
        assert document is not None
        outcomes[outcome(struct, document)] += 1
    assert min(outcomes.values()) > 25


def outcome(spec: MappingFile, document: Document) -> str:
    compiled = compile_mapping(spec)
    if not isinstance(compiled, CompiledMapping):
        assert_located(compiled, document)
        return "faulty"
    scope = shop()
    action = scope.action(spec.to)
    contracts = {contract.version: contract.schema for contract in scope.contracts_taken(spec)}
    report = check_versions(spec, compiled.plan, contracts, True if action is None else action.payload)
    assert_located([*report.faults, *report.unproven], document)
    for event in EVENTS:
        assert isinstance(compiled.apply(event, now_ms=0), dict | Filtered | Refusal)
    return "works"


def assert_located(faults: list[MappingFault], document: Document) -> None:
    lines = document.text.count("\n") + 1
    for fault in faults:
        assert fault.message
        assert 1 <= document.place(fault.path).line <= lines
        if fault.column:
            assert 1 <= document.place_inside(fault.path, fault.column - 1).line <= lines


def test_check_of_a_changed_file_shows_its_findings_and_no_traceback(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    shutil.copytree(SHOP, workspace, ignore=shutil.ignore_patterns(".paceline"))
    statuses = set()
    for seed in range(40):
        random = Random(seed)
        file = workspace / "mappings" / random.choice(FILES).name
        good = file.read_text()
        file.write_text(random.choice((cut_text, changed_tree))(random, good), errors="replace")
        result = CliRunner().invoke(paceline_command, ["check", str(file), "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        for finding in json.loads(result.output)["findings"]:
            assert finding["file"] == f"mappings/{file.name}"
            assert finding["line"] >= 1 or finding["message"].startswith("the file")
        statuses.add(result.exit_code)
        file.write_text(good)
    assert statuses == {0, 1}

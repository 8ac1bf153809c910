"""Generated event functions: right code is accepted by the language's checker, wrong code is refused."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from order_contracts import OWNER, order_completed, signed_up

from paceline.contracts.validation import compile_schema
from paceline.exchange.codegen.producer import Producer, describe_producer
from paceline.exchange.codegen.python import python_text
from paceline.exchange.codegen.typescript import typescript_text
from paceline.model.contract import ContractFile
from paceline.model.event import EventType


def page() -> ContractFile:
    """A page call whose payload has a name that is no identifier, and a field that is a Python keyword."""
    fields = {"class": {"type": "string"}, "content-type": {"enum": ["a", 'b"c']}, "ratio": {"enum": [0.5, 1]}}
    schema = {"properties": {"properties": {"type": "object", "properties": fields, "required": ["class"]}}}
    return ContractFile(
        contract="page",
        version="1.0.0",
        description='A "page" */ was seen.',
        owner=OWNER,
        type=EventType.PAGE,
        schema=schema,
    )


def producer() -> Producer:
    return describe_producer([(signed_up(), "sha256:bb"), (order_completed(), "sha256:aa"), (page(), "sha256:cc")])


@pytest.mark.parametrize("write", [typescript_text, python_text])
def test_same_contracts_in_any_order_give_the_same_text(write: Any) -> None:
    turned = describe_producer([(page(), "sha256:cc"), (order_completed(), "sha256:aa"), (signed_up(), "sha256:bb")])
    assert write(producer()) == write(turned)


@pytest.mark.parametrize("write", [typescript_text, python_text])
def test_header_names_each_contract_with_version_and_hash(write: Any) -> None:
    head = write(producer()).splitlines()[:6]
    assert any("order_completed 1.2.0  sha256:aa" in line for line in head)


_TS_GOOD = """
import { AnalyticsBrowser } from '@segment/analytics-next';
import { Analytics } from '@segment/analytics-node';
import { typedEvents, forServer, EventClient, OrderCompleted } from './events';
const recorded: any[] = [];
const fake: EventClient = { track: (...a) => recorded.push(a), identify: (...a) => recorded.push(a), group: () => 0,
  page: (...a) => recorded.push(a), screen: () => 0 };
const products = [{ sku: 'a', quantity: 1 }];
const order: OrderCompleted = { order_id: '1', total: 2, products, 'gift-wrap': true, coupon: null };
typedEvents(fake).trackOrderCompleted(order, { context: { ip: '1' } });
typedEvents(fake).page('Home', { class: 'x', 'content-type': 'b"c', ratio: 0.5 });
typedEvents(fake).identify('u', { plan: 'pro' });
export function compileOnly(browser: AnalyticsBrowser, server: Analytics) {
  typedEvents(browser).trackOrderCompleted(order);
  typedEvents(forServer(server, { userId: 'u' })).trackOrderCompleted(order);
}
console.log(JSON.stringify(recorded));
"""
_TS_WRONG = {
    "missing field": "typedEvents(fake).trackOrderCompleted({ order_id: '1', total: 1 });",
    "wrong type": "typedEvents(fake).trackOrderCompleted({ order_id: 1, total: 1, products: [] });",
    "value outside the enumeration": "typedEvents(fake).trackOrderCompleted({ order_id: '1', total: 1, products: [], currency: 'GBP' });",  # noqa: E501 - code
    "undeclared field of a closed object": "typedEvents(fake).trackOrderCompleted({ order_id: '1', total: 1, products: [{ sku: 'a', size: 1 }] });",  # noqa: E501 - code
}  # fmt: skip


def run_tsc(node_tools: Path, folder: Path, *further: str) -> subprocess.CompletedProcess[str]:
    (folder / "node_modules").symlink_to(node_tools / "node_modules")
    compiler = node_tools / "node_modules" / ".bin" / "tsc"
    options = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "commonjs",
        "--skipLibCheck",
        "--lib",
        "es2022,dom",
        "--ignoreConfig",
    ]
    return subprocess.run(
        [str(compiler), *options, *further], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_typescript_is_accepted_with_real_clients_and_sends_what_was_said(node_tools: Path, tmp_path: Path) -> None:
    (tmp_path / "events.ts").write_text(typescript_text(producer()))
    (tmp_path / "use.ts").write_text(_TS_GOOD)
    compiled = run_tsc(node_tools, tmp_path, "use.ts")
    assert compiled.stdout == ""
    ran = subprocess.run(["node", "use.js"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '["Order Completed",{"order_id":"1","total":2' in ran.stdout
    assert '"context":{"ip":"1","protocols":{"event_version":"1.2.0"}}' in ran.stdout


def test_typescript_compiler_refuses_wrong_payloads(node_tools: Path, tmp_path: Path) -> None:
    (tmp_path / "events.ts").write_text(typescript_text(producer()))
    for number, code in enumerate(_TS_WRONG.values()):
        text = f"import {{ typedEvents, EventClient }} from './events';\ndeclare const fake: EventClient;\n{code}\n"
        (tmp_path / f"wrong{number}.ts").write_text(text)
    result = run_tsc(node_tools, tmp_path, "--noEmit", *(f"wrong{number}.ts" for number in range(len(_TS_WRONG))))
    refused = {line.partition("(")[0] for line in result.stdout.splitlines() if ": error TS" in line}
    assert refused == {f"wrong{number}.ts" for number in range(len(_TS_WRONG))}


_PY_GOOD = """
from events import OrderCompleted, track_order_completed, identify, page
from segment.analytics.client import Client

def use(client: Client) -> None:
    order: OrderCompleted = {"order_id": "1", "total": 2, "products": [{"sku": "a"}], "gift-wrap": True}
    track_order_completed(client, order, user_id="u")
    identify(client, {"plan": "pro"}, anonymous_id="a")
    page(client, "Home", {"class": "x", "content-type": "a", "ratio": 0.5})
"""
_PY_WRONG = """
from events import EventClient, track_order_completed

def use(client: EventClient) -> None:
    track_order_completed(client, {"order_id": "1", "total": 1})
    track_order_completed(client, {"order_id": 1, "total": 1, "products": []})
    track_order_completed(client, {"order_id": "1", "total": 1, "products": [], "currency": "GBP"})
    track_order_completed(client, {"order_id": "1", "total": 1, "products": [{"sku": "a", "size": 1}]})
"""


def run_mypy(folder: Path, file: str) -> list[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(folder / ".cache"),
               "--disable-error-code=import-untyped", file]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def test_python_is_accepted_by_mypy_strict_and_wrong_payloads_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed here")
    (tmp_path / "events.py").write_text(python_text(producer()))
    (tmp_path / "good.py").write_text(_PY_GOOD)
    (tmp_path / "wrong.py").write_text(_PY_WRONG)
    assert run_mypy(tmp_path, "good.py") == []
    assert sorted({int(line.split(":")[1]) for line in run_mypy(tmp_path, "wrong.py")}) == [5, 6, 7, 8]


def test_python_function_sends_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("events")
    exec(compile(python_text(producer()), "events.py", "exec"), module.__dict__)
    calls: list[dict[str, Any]] = []

    class Recorder:
        def track(self, **fields: Any) -> None:
            calls.append(fields)

    payload = {"order_id": "1", "total": 2, "products": [{"sku": "a"}]}
    module.track_order_completed(Recorder(), payload, user_id="u", context={"protocols": {"x": 1}})
    (call,) = calls
    assert call["event"] == "Order Completed"
    assert call["properties"] == payload
    assert call["context"] == {"protocols": {"x": 1, "event_version": "1.2.0"}}
    assert compile_schema(order_completed().schema).is_valid({"properties": call["properties"]})


def test_alias_contract_has_no_function_and_that_is_said() -> None:
    alias = ContractFile(
        contract="alias", version="1.0.0", description="d", owner=OWNER, type=EventType.ALIAS, schema={}
    )
    made = describe_producer([(alias, "sha256:aa")])
    assert made.functions == ()
    assert "alias" in made.losses[0].message


_names = st.sampled_from(
    ["a", "class", "a b", "", "日本", "__x", '"', "it's", "a\nb", "*/", "\\", "1st", "$ref", "${x}", "a-b"]
)
_shapes = st.recursive(
    st.one_of(
        st.sampled_from([{}, True, {"type": "string"}, {"type": ["integer", "null"]}]),
        st.just({"enum": ["'", '"', "\\", None, 1]}),
        st.just({"$ref": "#/$defs/node"}),
        st.just({"const": 1.5}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(_names, inner, max_size=3),
                               "required": st.just(["a"]), "description": _names}),
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner}),
    ),
    max_leaves=8,
)  # fmt: skip


def contract_with(fields: dict[str, object], *, name: str = "any", event: str = 'It\'s "odd" \\ */') -> ContractFile:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "value": {"type": "string"}}}
    schema: dict[str, object] = {
        "properties": {"properties": {"type": "object", "properties": fields}},
        "$defs": {"node": node},
    }
    return ContractFile(contract=name, version="1.0.0", description=event, owner=OWNER, event=event, schema=schema)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_names, _shapes, max_size=4))
def test_python_of_any_contract_is_a_module_that_loads(fields: dict[str, object]) -> None:
    text = python_text(describe_producer([(contract_with(fields), "sha256:aa")]))
    module = types.ModuleType("events")
    exec(compile(text, "events.py", "exec"), module.__dict__)
    assert callable(module.track_any)


def test_typescript_of_any_contract_is_accepted(node_tools: Path, tmp_path: Path) -> None:
    contracts: list[tuple[ContractFile, str]] = []

    @seed(1)
    @settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
    @given(st.dictionaries(_names, _shapes, max_size=4))
    def collect(fields: dict[str, object]) -> None:
        contracts.append((contract_with(fields, name=f"any_{len(contracts)}"), "sha256:aa"))

    collect()
    (tmp_path / "events.ts").write_text(typescript_text(describe_producer(contracts)))
    assert run_tsc(node_tools, tmp_path, "--noEmit", "events.ts").stdout == ""

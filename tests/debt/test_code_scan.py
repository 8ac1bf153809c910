"""Code that reaches vendors by itself, found without running it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.model.connector import BearerAuth, DocsLink, Language, Manifest, Sdk
from paceline.workspace.code_scan.scan import CodeScan, scan_code
from paceline.workspace.code_scan.texts import Hole, HoleKind, address_of
from paceline.workspace.code_scan.vendors import KnownVendors


def manifest(name: str, *urls: str, sdks: tuple[Sdk, ...] = (), other_hosts: tuple[str, ...] = ()) -> Manifest:
    return Manifest(
        connector=name,
        title=name,
        description=name,
        api_version="1",
        docs=[DocsLink(title="API", url="https://docs.example/", read="2026-11-23")],
        base_urls={f"r{number}": url for number, url in enumerate(urls)},
        default_region="r0",
        auth=BearerAuth(token_setting="key"),
        settings={},
        ordered=False,
        sdks=list(sdks),
        other_hosts=list(other_hosts),
    )


MANIFESTS = [
    manifest(
        "mailer",
        "https://track.mailer.io/api",
        "https://track-eu.mailer.io/api",
        sdks=(
            Sdk(language=Language.PYTHON, package="mailer-sdk", modules=["mailer_sdk"], redirects=["host"]),
            Sdk(language=Language.JAVASCRIPT, package="@mailer/node", redirects=["host"]),
        ),
        other_hosts=("cdn.mailercdn.net",),
    ),
    manifest("clouded", "https://ads.googleapis.com"),
    manifest("tenant", "https://{tenant}.crm.dev/rest"),
]


def scan(tmp_path: Path, files: dict[str, str], **options: bool) -> CodeScan:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return scan_code([("", tmp_path)], MANIFESTS, **options)  # type: ignore[arg-type]


def calls(found: CodeScan) -> list[tuple[str, int]]:
    return [(one.target, one.line) for one in found.sightings if one.is_call]


PYTHON_CALLS = {
    "plain text": ("import requests\nrequests.post('https://track.mailer.io/api/v2')", "track.mailer.io/api/v2"),
    "put together": (
        "import requests\nB = 'https://track' + '.mailer.io'\nrequests.post(B + '/x')",
        "track.mailer.io/x",
    ),
    "f-string": ("import httpx\nR='eu'\nhttpx.post(f'https://track-{R}.mailer.io/x')", "track-eu.mailer.io/x"),
    "percent": ("import httpx\nhttpx.put('https://track.mailer.io/c/%s' % 3)", "track.mailer.io/c/*"),
    "format": ("import httpx\nhttpx.put('https://{}/c/{}'.format('track.mailer.io', 3))", "track.mailer.io/c/*"),
    "urljoin": (
        "from urllib.parse import urljoin as j\nurlopen(j('https://track.mailer.io', '/x'))",
        "track.mailer.io",
    ),
    "attribute": (
        "class C:\n  base = 'https://track.mailer.io'\n  def go(self, s):\n    s.post(self.base + '/x')",
        "track.mailer.io/x",
    ),
    "default of a parameter": ("def f(s, url='https://track.mailer.io/x'):\n  s.post(url)", "track.mailer.io/x"),
    "function that gives it": (
        "def url(p):\n  return f'https://track.mailer.io/{p}'\ndef f(s):\n  s.post(url('x'))",
        "track.mailer.io/*",
    ),
    "environment with a default": (
        "import os\ndef f(s):\n  s.post(os.getenv('U', 'https://track.mailer.io/x'))",
        "track.mailer.io/x",
    ),
    "one of a table": (
        "U = {'eu': 'https://track-eu.mailer.io', 'us': 'https://track.mailer.io'}\ndef f(s, r):\n  s.post(U[r])",
        "track-eu.mailer.io",
    ),
    "argument in a dictionary": ("def f(s):\n  s.request(**{'url': 'https://track.mailer.io/x'})", "track.mailer.io/x"),
    "bare host": ("import http.client\nhttp.client.HTTPSConnection('track.mailer.io')", "track.mailer.io"),
    "client with a base": ("import httpx\nhttpx.Client(base_url='https://track.mailer.io')", "track.mailer.io"),
    "other host of the vendor": ("def f(s):\n  s.get('https://cdn.mailercdn.net/a.js')", "cdn.mailercdn.net/a.js"),
    "tenant's host": ("def f(s, t):\n  s.get(f'https://{t}.crm.dev/rest/x')", "*.crm.dev/rest/x"),
    "library's function": ("import mailer_sdk\nmailer_sdk.identify(1)", "mailer-sdk identify"),
    "client of the library": (
        (
            "from mailer_sdk import Client\nclass A:\n  def __init__(self):\n    self.c = Client('k')\n"
            "  def f(self):\n    self.c.track(1)"
        ),
        "mailer-sdk track",
    ),
    "library by another name": ("import mailer_sdk as m\nc = m.Client()\nc.track(1)", "mailer-sdk track"),
}


@pytest.mark.parametrize(("code", "target"), PYTHON_CALLS.values(), ids=PYTHON_CALLS)
def test_python_call_is_found(tmp_path: Path, code: str, target: str) -> None:
    found = calls(scan(tmp_path, {"app.py": code}))
    assert target in [one for one, _ in found]


JAVASCRIPT_CALLS = {
    "plain text": ("fetch('https://track.mailer.io/x')", "track.mailer.io/x"),
    "template": ("const b = 'https://track.mailer.io';\nfetch(`${b}/x/${id}`)", "track.mailer.io/x/*"),
    "put together": ("const b = 'https://track' + '.mailer.io';\nfetch(b + '/x')", "track.mailer.io/x"),
    "axios with a base": ("const c = axios.create({baseURL: 'https://track.mailer.io'})", "track.mailer.io"),
    "environment with a default": ("fetch(process.env.U ?? 'https://track.mailer.io/x')", "track.mailer.io/x"),
    "member of an object": (
        "const C = {m: {url: 'https://track.mailer.io'}};\nfetch(C.m.url + '/x')",
        "track.mailer.io/x",
    ),
    "URL": ("fetch(new URL('/x', 'https://track.mailer.io'))", "track.mailer.io/x"),
    "function that gives it": ("const u = (p) => `https://track.mailer.io/${p}`;\nfetch(u('x'))", "track.mailer.io/*"),
    "script tag": (
        "const s = document.createElement('script'); s.src = 'https://cdn.mailercdn.net/a.js'",
        "cdn.mailercdn.net/a.js",
    ),
    "beacon": ("navigator.sendBeacon('https://track.mailer.io/x', d)", "track.mailer.io/x"),
    "client of the library": (
        "import { Client } from '@mailer/node';\nconst c = new Client('k');\nc.track({})",
        "@mailer/node track",
    ),
    "required library": ("const m = require('@mailer/node');\nm.identify(1)", "@mailer/node identify"),
    "field of a class": (
        "class A { base = 'https://track.mailer.io'; go() { return fetch(this.base + '/x') } }",
        "track.mailer.io/x",
    ),
}


@pytest.mark.parametrize("suffix", [".js", ".ts", ".tsx", ".mjs"])
@pytest.mark.parametrize(("code", "target"), JAVASCRIPT_CALLS.values(), ids=JAVASCRIPT_CALLS)
def test_javascript_call_is_found(tmp_path: Path, code: str, target: str, suffix: str) -> None:
    found = calls(scan(tmp_path, {f"app{suffix}": code}))
    assert target in [one for one, _ in found]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.py", '"""See https://track.mailer.io/x."""\n# https://track.mailer.io/x\nimport requests\n'),
        ("a.py", "import logging\nlog = logging.getLogger()\nlog.info('see https://track.mailer.io/x')"),
        ("a.py", "def f(s):\n  s.get('https://docs.mailer.io/api')"),
        ("a.py", "def f(s):\n  s.get('https://storage.googleapis.com/x')"),
        ("a.py", "def f(s):\n  s.get('https://track.mailer.io.evil.example/x')"),
        ("a.js", "// https://track.mailer.io\nconsole.log('https://track.mailer.io/x')"),
        ("a.ts", "interface A { url: 'https://track.mailer.io' }"),
        ("node_modules/a/index.js", "fetch('https://track.mailer.io/x')"),
        ("vendor/a.py", "import mailer_sdk\nmailer_sdk.track(1)"),
        (".venv/lib/a.py", "import mailer_sdk\nmailer_sdk.track(1)"),
        ("tests/test_a.py", "import mailer_sdk\nmailer_sdk.track(1)"),
        ("web/a.test.ts", "fetch('https://track.mailer.io/x')"),
        ("web/a.min.js", "fetch('https://track.mailer.io/x')"),
    ],
)
def test_what_is_no_call_of_ours_is_not_counted(tmp_path: Path, name: str, code: str) -> None:
    assert scan(tmp_path, {name: code}).sightings == ()


def test_tests_are_scanned_when_asked_for(tmp_path: Path) -> None:
    found = scan(tmp_path, {"tests/test_a.py": "import mailer_sdk\nmailer_sdk.track(1)"}, with_tests=True)
    assert calls(found) == [("mailer-sdk track", 2)]


@pytest.mark.parametrize("suffix", ["py", "ts"])
def test_constant_of_another_file_is_followed(tmp_path: Path, suffix: str) -> None:
    files = {
        "py": {
            "conf.py": "MAIL = 'https://track.mailer.io'",
            "a.py": "from .conf import MAIL\ndef f(s): s.get(MAIL + '/x')",
        },
        "ts": {
            "conf.ts": "export const C = {mail: 'https://track.mailer.io'}",
            "a.ts": "import { C } from './conf';\nfetch(C.mail + '/x')",
        },
    }[suffix]
    assert ("track.mailer.io/x", 2) in calls(scan(tmp_path, files))


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("a.py", "import os, requests\nrequests.get(os.environ['MAIL_URL'] + '/x')", "environment variable MAIL_URL"),
        ("a.py", "import requests\ndef f(url):\n  requests.get(url)", "the parameter url"),
        ("a.ts", "fetch(process.env.MAIL_URL + '/x')", "environment variable MAIL_URL"),
        ("a.js", "const f = (u) => fetch(u)", "the parameter u"),
        ("a.py", "import requests\nrequests.get(", "no Python"),
    ],
)
def test_what_cannot_be_told_is_named_and_not_counted(tmp_path: Path, name: str, code: str, why: str) -> None:
    found = scan(tmp_path, {name: code})
    assert found.sightings == ()
    assert why in found.unknown[0].why


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.py", "import mailer_sdk\nmailer_sdk.host = 'https://events.shop.example'\nmailer_sdk.track(1)"),
        ("a.py", "from mailer_sdk import Client\nc = Client('k', host='https://events.shop.example')\nc.track(1)"),
        (
            "a.ts",
            "import { C } from '@mailer/node';\nconst c = new C({host: 'https://events.shop.example'});\nc.track()",
        ),
    ],
)
def test_library_that_talks_to_the_teams_own_gateway_is_no_debt(tmp_path: Path, name: str, code: str) -> None:
    assert scan(tmp_path, {name: code}).sightings == ()


def test_library_whose_host_comes_from_the_environment_is_not_evaluated(tmp_path: Path) -> None:
    code = "import os, mailer_sdk\nmailer_sdk.host = os.environ['HOST']\nmailer_sdk.track(1)"
    found = scan(tmp_path, {"a.py": code})
    assert (found.sightings, "HOST" in found.unknown[0].why) == ((), True)


SOURCE = """\
import requests
from mailer_sdk import Client
BASE = "https://track.mailer.io"
client = Client("k")
def one(x):
    return requests.post(BASE + "/one", json=x)
def two(x):
    client.track(x)
"""
JS_SOURCE = """\
import { Client } from "@mailer/node";
const base = "https://track.mailer.io";
const client = new Client("k");
export function one(x) {
  return fetch(`${base}/one`, { body: x });
}
client.track({});
"""


@settings(max_examples=25, deadline=None)
@given(
    at=st.lists(st.integers(0, 7), max_size=6), what=st.sampled_from(["", "   ", "COMMENT https://track.mailer.io/no"])
)
def test_space_and_comments_change_nothing(tmp_path_factory: pytest.TempPathFactory, at: list[int], what: str) -> None:
    for name, source, mark in (("a.py", SOURCE, "#"), ("a.js", JS_SOURCE, "//")):
        lines = source.splitlines()
        before = scan(tmp_path_factory.mktemp("code"), {name: source})
        for place in sorted((place for place in at if place <= len(lines)), reverse=True):
            lines.insert(place, f"{mark} {what}" if what.strip() else what)
        after = scan(tmp_path_factory.mktemp("code"), {name: "\n".join(lines)})
        assert [one.target for one in after.sightings] == [one.target for one in before.sightings]


def test_renaming_and_splitting_files_finds_the_same(tmp_path: Path) -> None:
    whole = scan(tmp_path / "a", {"app.py": SOURCE})
    head = SOURCE[: SOURCE.index("def two")]
    rest = 'from mailer_sdk import Client\nclient = Client("k")\ndef two(x):\n    client.track(x)\n'
    cut = scan(tmp_path / "b", {"x/first.py": head, "y/second.py": rest})
    assert [one for one, _ in calls(cut)] == [one for one, _ in calls(whole)]


def test_files_without_a_word_in_common_are_not_parsed(tmp_path: Path) -> None:
    files = {f"m{number}.py": "def f(x):\n    return x\n" for number in range(20)}
    found = scan(tmp_path, {**files, "a.py": "import mailer_sdk\n"})
    assert (found.files, found.read) == (21, 1)


def test_progress_counts_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "b.js").write_text("let x")
    seen: list[tuple[int, int]] = []
    scan_code([("", tmp_path)], MANIFESTS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    "source", [b"\xff\xfe\x00requests", b"requests = '\xc3\x28'", b"import requests\n" + b"(" * 5000]
)
def test_file_that_cannot_be_read_is_no_defect(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "a.py").write_bytes(source)
    assert len(scan_code([("", tmp_path)], MANIFESTS).unknown) == 1


def test_host_is_matched_as_a_name_and_not_as_a_text() -> None:
    vendors = KnownVendors(MANIFESTS)
    assert vendors.of_host("TRACK.mailer.io:443") == "mailer"
    assert vendors.of_host("api.mailer.io") == "mailer"
    assert vendors.of_host("notmailer.io") is None
    assert vendors.of_host("ads.googleapis.com") == "clouded"
    assert vendors.of_host("x.crm.dev") == "tenant"


def test_address_ends_where_the_unknown_path_begins() -> None:
    hole = Hole(HoleKind.PARAMETER, "p")
    assert str(address_of(("https://a.example", hole))) == "a.example*"
    assert address_of(("nothing of the sort",)) is None

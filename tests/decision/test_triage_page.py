"""The page of a triage, for a meeting."""

from __future__ import annotations

import html
import json
import re
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from chromium import FLAGS, find_chromium
from click.testing import CliRunner
from decision_requests import changed, known_case

from paceline.assemble import triage_page, triage_pictures
from paceline.assemble.triage_page import render_page
from paceline.assemble.triage_picture_files import draw_pictures
from paceline.cli.triage import command
from paceline.decision.intake import read_request
from paceline.decision.picture_words import break_even_months, describe_pictures
from paceline.decision.triage import Ask, Asked, Triage, triage
from paceline.errors import MissingExtraError
from paceline.model.request import Request

pytest.importorskip("vl_convert", reason="the pictures are drawn with vl-convert")
Row = dict[str, Any]
ATTACK = '<script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(2)>'


def read(row: Row) -> Request:
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


@pytest.fixture(scope="module")
def found() -> Triage:
    hook = yaml.safe_load((Path(__file__).parent / "cases/rules/one_campaign_webhook.yaml").read_text())["request"]
    nasty = changed(known_case(), lambda row: row.update(request="nasty", outcome=ATTACK, vendor=ATTACK))
    asked = Asked(request="GROW-7", outcome="later", asks=(Ask(path="kind", what="missing", remedy="write it"),))
    return triage([(read(row), ()) for row in (known_case(), hook, nasty)], [asked])


@pytest.fixture(scope="module")
def page(found: Triage) -> str:
    return render_page(found)


def test_verdicts_stand_on_top_and_every_request_has_its_part(page: str, found: Triage) -> None:
    assert "<h1>4 requests: 1 sprint, 2 hybrid, 1 not ready</h1>" in page
    for ticket in found.tickets:
        assert f'<article id="r-{ticket.request}">' in page
        assert html.escape(ticket.summary) in page


def test_each_request_has_four_pictures_with_words_and_numbers_behind_them(page: str, found: Triage) -> None:
    article = page.partition('<article id="r-personalized_email">')[2].partition("</article>")[0]
    figures = re.findall(r"<figure .*?</figure>", article, re.DOTALL)
    assert [re.findall(r"<figure class=(\w+)", figure)[0] for figure in figures] == [
        "matrix",
        "metrics",
        "months",
        "tornado",
    ]
    for figure in figures:
        assert re.search(r'<svg [^>]*role="img" aria-label="[^"]{20,}"', figure)
        assert "<figcaption>" in figure
        assert "<table>" in figure


def test_nothing_is_loaded_and_nothing_is_run(page: str) -> None:
    without_names = page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http://www.w3.org/1999/xlink", "")
    shown_as_text = html.escape(ATTACK)
    assert shown_as_text in page
    assert not re.findall(
        r"""(?:src|href|url)\s*[=(]\s*["']?\s*(?:https?:)?//""", without_names.replace(shown_as_text, "")
    )
    assert "<script" not in page
    assert not re.findall(r"<(?:img|link|iframe|object|embed|video|audio)\b", page)
    assert "default-src 'none'" in page


def test_identities_are_unique_on_the_page(page: str) -> None:
    identities = re.findall(r'\bid="([^"]+)"', page)
    assert len(identities) == len(set(identities))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(identities)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(identities)


def test_pictures_take_their_colors_from_the_page(page: str) -> None:
    pictures = "".join(re.findall(r"<svg .*?</svg>", page, re.DOTALL))
    assert "currentColor" in pictures
    assert "var(--sprint)" in pictures
    for color in triage_pictures._PAGE_COLORS:
        assert color not in pictures


def test_same_triage_gives_the_same_page(page: str, found: Triage) -> None:
    assert render_page(found) == page


def test_what_is_far_down_has_its_numbers_without_pictures(found: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triage_page, "MOST_PICTURED", 1)
    few = render_page(found)
    last = few.partition('<article id="r-personalized_email">')[2].partition("</article>")[0]
    assert "<svg" not in last
    assert "<details open><summary>The numbers" in last


def test_sentence_of_the_months_tells_the_break_even(found: Triage) -> None:
    report = found.reports["personalized_email"]
    sprint, hybrid, _ = report.options
    month = break_even_months(report, sprint, hybrid)
    assert month is not None
    costs = report.cumulative_cost
    assert costs["hybrid"][month] < costs["sprint"][month]
    assert costs["hybrid"][month - 1] >= costs["sprint"][month - 1]
    assert f"ybrid is cheaper than sprint from month {month} on" in describe_pictures(report)["months"].sentence


def test_without_the_drawing_library_it_says_what_to_install(found: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triage_pictures, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as raised:
        render_page(found)
    assert raised.value.remedy == 'run: pip install "paceline[report]"'


def test_pictures_are_written_as_svg_and_png(tmp_path: Path) -> None:
    file = tmp_path / "backlog.yaml"
    file.write_text(yaml.safe_dump({"requests": [known_case()]}))
    result = CliRunner().invoke(command, [str(file), "--pictures", str(tmp_path / "new/pictures"), "--json"])
    assert result.exit_code == 0, result.output
    names = ["backlog", *(f"personalized_email.{name}" for name in ("matrix", "metrics", "months", "tornado"))]
    written = sorted(path.name for path in (tmp_path / "new/pictures").iterdir())
    assert written == sorted(f"{name}.{end}" for name in names for end in ("svg", "png"))
    for name in names:
        svg = (tmp_path / f"new/pictures/{name}.svg").read_text()
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(--" not in svg
        png = (tmp_path / f"new/pictures/{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", png[16:24])
        assert min(width, height) > 400


def test_same_triage_gives_the_same_pictures(found: Triage) -> None:
    assert list(draw_pictures(found)) == list(draw_pictures(found))


@pytest.mark.parametrize("flag", ["--html", "--pictures"])
def test_what_to_install_is_said_before_anything_is_decided(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage_pictures, "find_spec", lambda name: None)
    result = CliRunner().invoke(command, [str(tmp_path), flag, str(tmp_path / "out")])
    assert isinstance(result.exception, MissingExtraError)
    assert 'pip install "paceline[report]"' in str(result.exception)


HARNESS = """<!doctype html><body><pre id=result></pre><script>
const widths = [390, 1280], found = [];
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:900px;border:0`;
  frame.src = "/page.html";
  frame.onload = () => {
    const inner = frame.contentWindow, root = inner.document.documentElement;
    const rectangles = [...inner.document.querySelectorAll("svg")].map((svg) => svg.getBoundingClientRect());
    found.push({
      width, scroll: root.scrollWidth, loaded: inner.performance.getEntriesByType("resource").map((one) => one.name),
      pictures: rectangles.length, hidden: rectangles.filter((one) => one.width < 200 || one.height < 100).length,
    });
    if (found.length === widths.length) document.getElementById("result").textContent = JSON.stringify(found);
  };
  document.body.append(frame);
}
</script>"""


@contextmanager
def serve(pages: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed")
def test_browser_shows_it_on_a_phone_and_a_desktop_without_errors_or_requests(page: str, tmp_path: Path) -> None:
    program = find_chromium()
    assert program is not None
    with serve({"/harness.html": HARNESS, "/page.html": page}) as (url, asked):
        flags = [*FLAGS, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--log-level=0", "--dump-dom"]
        command = [program, *flags, "--virtual-time-budget=20000", f"{url}/harness.html"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)
    result = re.search(r"<pre id=\"result\">(.*?)</pre>", done.stdout)
    assert result, done.stderr[-2000:]
    frames = json.loads(html.unescape(result[1]))
    assert {frame["width"] for frame in frames} == {390, 1280}
    for frame in frames:
        assert frame["scroll"] <= frame["width"], "the page is wider than the screen"
        assert frame["loaded"] == []
        assert frame["pictures"] > 8
        assert frame["hidden"] == 0
    assert set(asked) <= {"/harness.html", "/page.html", "/favicon.ico"}
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

"""Whatever is done to a good workspace, the check ends with located findings and never with a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

from golden_workspaces import BASE, Golden, check_folder, write_changed_base
from hypothesis import given, settings
from hypothesis import strategies as st

FILES = sorted(path.relative_to(BASE).as_posix() for path in BASE.rglob("*") if path.is_file())
SNIPPETS = st.sampled_from(
    ["[", "]", "{", "}", ":", ": ", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!x ", "'", '"', "|", ">", "null", "no",
     "1.10", "-1", "1e400", "${env:", "${X}", "\x00", "\ufeff", "é", "$.", "..", "%", "@", "<<: ", "? ", "~",
     "2027-02-30", "true", "0", "[[", "properties", "$ref: '#'", "type: 5", "pattern: '['"]
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> dict[str, bytes]:
    """A few files of the base workspace with parts cut out, repeated, swapped for snippets or random bytes."""
    changed: dict[str, bytes] = {}
    for file in draw(st.lists(st.sampled_from(FILES), min_size=1, max_size=2, unique=True)):
        text = (BASE / file).read_bytes()
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, len(text)))
            end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 12, 40])))
            new = draw(SNIPPETS.map(str.encode) | st.just(b"") | st.binary(max_size=3) | st.just(text[start:end] * 2))
            text = text[:start] + new + text[end:]
        changed[file] = text
    return changed


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_mutated_workspace_gives_located_findings(changed: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = write_changed_base(Golden(write_bytes=changed), Path(folder))
        for finding in check_folder(workspace):
            lines = (workspace / finding.file).read_bytes().count(b"\n") + 1 if finding.line else 0
            assert finding.message
            assert finding.column >= 0
            assert finding.line <= lines

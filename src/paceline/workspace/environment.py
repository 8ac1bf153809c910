"""The workspace's environment: variables of the process over those of its `.env` file.

`.env` is for a laptop and for the example; it should be in .gitignore. In production variables come from the platform,
and a variable that is set there always wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from paceline.errors import UsageError, WorkspaceError
from paceline.model.finding import Finding
from paceline.workspace.yaml_document import decode_text

ENV_FILE = ".env"
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<rest>.*)", re.ASCII)
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def workspace_environment(workspace: Path, process: Mapping[str, str]) -> Mapping[str, str]:
    """What secret references of this workspace are looked up in. `process` is normally `os.environ`.

    Raises WorkspaceError with every finding when `.env` is there but wrong.
    """
    path = workspace / ENV_FILE
    if not path.is_file():
        return dict(process)
    return {**read_env_file(path), **process}


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of an env file. Raises WorkspaceError with every finding, UsageError when it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    variables, findings = parse_env(content, path.name)
    if findings:
        raise WorkspaceError(findings[0].message, findings, where=f"{path}:{findings[0].line}", remedy=findings[0].hint)
    return variables


def parse_env(content: bytes, file: str) -> tuple[dict[str, str], list[Finding]]:
    r"""The variables and the findings of the text of an env file.

    A line is `NAME=value`, optionally after `export`. Text after ` #` is a comment. A value in single quotes is taken
    as it is; in double quotes `\n`, `\t`, `\"` and `\\` are understood. Nothing is expanded, no value spans lines.

    >>> parse_env(b"A=1 # one\nexport B='x y'\n", ".env")[0]
    {'A': '1', 'B': 'x y'}
    """
    text, problem = decode_text(content, file)
    if text is None:
        return {}, [problem] if problem else []
    variables: dict[str, str] = {}
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        value = _value(match["rest"]) if match else None
        if match is None or value is None:
            findings.append(_wrong_line(file, number, match is None))
        else:
            variables[match["name"]] = value
    return variables, findings


def _value(rest: str) -> str | None:
    """The value after `=`; None when its quotes do not end."""
    if rest[:1] not in ("'", '"'):
        return re.split(r"(?:^|\s)#", rest, maxsplit=1)[0].rstrip()
    quote = rest[0]
    body = r"[^']*" if quote == "'" else r'(?:[^"\\]|\\.)*'
    match = re.fullmatch(rf"{quote}({body}){quote}\s*(?:#.*)?", rest)
    if match is None:
        return None
    return match[1] if quote == "'" else re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), match[1])


def _wrong_line(file: str, number: int, is_no_assignment: bool) -> Finding:
    message = "this line is no variable" if is_no_assignment else "the quotes around this value do not end"
    hint = "a line is NAME=value" if is_no_assignment else "end the value with the quote that it begins with"
    return Finding(code="PL014", file=file, line=number, column=1, message=message, hint=hint)

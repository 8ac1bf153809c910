"""Files that platforms deploy from, written from what is known about an integration."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import Path

import msgspec

from paceline.deploy.bundle import Bundle
from paceline.model.delivery import DeadLetterClass

_FOLDER = Path(__file__).parent
_PYTHON = ".template"
"""Behind the names of Python files, which are none before their holes are filled."""


class DeployFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a deploy file may name. `secrets` are the variables that hold one."""

    integration: str
    connector: str
    title: str
    python: str
    machine: str
    team: str
    expires: str
    secrets: Sequence[str]
    packages: Sequence[str]
    timeout_secs: int
    instances: int
    letter_classes: Sequence[str]

    @classmethod
    def of(cls, bundle: Bundle, *, python: str, machine: str, packages: Sequence[str]) -> DeployFacts:
        """From a bundle."""
        written = msgspec.json.encode([bundle.integration.settings, bundle.settings.sources]).decode()
        return cls(
            integration=bundle.integration.integration,
            connector=bundle.manifest.connector,
            title=bundle.manifest.title,
            python=python,
            machine=machine,
            team=bundle.integration.owner.team,
            expires=bundle.integration.expires or "",
            secrets=sorted(set(re.findall(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", written))),
            packages=packages,
            timeout_secs=max(60, int(bundle.integration.limits.timeout_secs * 2)),
            instances=2,
            letter_classes=[kind.value for kind in DeadLetterClass],
        )

    def words(self) -> dict[str, str]:
        """What stands for the holes of a template."""
        name = self.integration
        return {
            "integration": name,
            "dashed": re.sub(r"[._]+", "-", name),
            "camel": "".join(part.title() for part in re.split(r"[._-]+", name)),
            "snake": re.sub(r"[.-]+", "_", name),
            "connector": self.connector,
            "title": self.title,
            "python": self.python,
            "python_digits": self.python.replace(".", ""),
            "lambda_arch": "arm64" if self.machine == "aarch64" else "x86_64",
            "team": self.team,
            "expires": self.expires,
            "timeout_secs": str(self.timeout_secs),
            "visibility_secs": str(self.timeout_secs * 6),
            "instances": str(self.instances),
            "requirements": "\n".join(self.packages),
        }


class _Template(string.Template):
    delimiter = "@"


def template_names(kind: str) -> list[str]:
    """The files of a platform, by name."""
    return sorted(path.name.removesuffix(_PYTHON) for path in (_FOLDER / kind).iterdir() if path.is_file())


def render(name: str, facts: DeployFacts) -> str:
    """One file.

    A line with `@{secret}` comes once for each secret, and so do the lines between `#@each` and `#@end`. Lines between
    `#@any` and `#@end` come when there is a secret.
    """
    path = _FOLDER / (f"{name}{_PYTHON}" if name.endswith(".py") else name)
    text = path.read_text(encoding="utf-8")
    lines: list[str] = []
    block: list[str] | None = None
    for line in text.split("\n"):
        match line.strip():
            case "#@each" | "#@any":
                block = [line.strip()]
            case "#@end":
                assert block is not None
                lines += _repeated(block, facts.secrets)
                block = None
            case _:
                (lines if block is None else block).append(line)
    return _Template("\n".join(_repeated(["#@any", *lines], facts.secrets, keep=True))).substitute(facts.words())


def _repeated(block: Sequence[str], secrets: Sequence[str], *, keep: bool = False) -> list[str]:
    """The lines of a block, as its first line says; `keep` also when there is no secret."""
    kind, *lines = block
    if kind == "#@each":
        return [_of_secret(line, secret) for secret in secrets for line in lines]
    made: list[str] = []
    for line in lines if secrets or keep else ():
        made += [_of_secret(line, secret) for secret in secrets] if "@{secret" in line else [line]
    return made


def _of_secret(line: str, secret: str) -> str:
    dashed = secret.lower().replace("_", "-")
    camel = "".join(part.title() for part in secret.split("_"))
    line = line.replace("@{secret}", secret).replace("@{secret_dashed}", dashed)
    return line.replace("@{secret_camel}", camel)

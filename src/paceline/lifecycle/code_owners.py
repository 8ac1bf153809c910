"""CODEOWNERS files of GitHub and GitLab: who owns a path, and the line that says so.

GitHub: patterns as in .gitignore, without `!`, `[ ]` and `\\#`; the last match wins, and a match without owners means
nobody (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners,
read 2026-11-23). GitLab: sections that each have an owner of their own, relative patterns that match anywhere, a
directory only with `/` at its end, and `!` for what is owned by nobody in its section
(https://docs.gitlab.com/user/project/codeowners/reference/, read 2026-11-23).
"""

from __future__ import annotations

import enum
import functools
import re

import msgspec

_SECTION = re.compile(r"(?P<optional>\^)?\[(?P<name>[^\]]+)\](?:\[\d+\])?(?P<owners>(?:\s.*)?)")
_PATTERN_END = re.compile(r"(?<!\\)\s")
_GITHUB_OWNER = re.compile(r"@[^\s@]+|[^\s@]+@[^\s@]+")


class Dialect(enum.StrEnum):
    """Whose rules a file is read by."""

    GITHUB = "github"
    GITLAB = "gitlab"


class OwnerRule(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what it matches, who owns that, and the section (lower case) that it stands in."""

    pattern: str
    owners: tuple[str, ...]
    line: int
    section: str = ""
    is_exclusion: bool = False


class IgnoredLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that the forge does not understand, and why."""

    line: int
    why: str


class CodeOwners(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read."""

    dialect: Dialect
    rules: tuple[OwnerRule, ...]
    ignored: tuple[IgnoredLine, ...] = ()

    def owners_of(self, path: str) -> Ownership:
        """Who owns a file, by its path below the repository's top, such as `shop/integrations/ga4.yaml`."""
        if self.dialect is Dialect.GITHUB:
            last = next((rule for rule in reversed(self.rules) if _is_match(rule, path, Dialect.GITHUB)), None)
            return Ownership(owners=last.owners, lines=(last.line,)) if last else Ownership()
        owners: dict[str, None] = {}
        lines: list[int] = []
        for section in dict.fromkeys(rule.section for rule in self.rules):
            matching = [rule for rule in self.rules if rule.section == section and _is_match(rule, path, self.dialect)]
            if matching:
                is_excluded = any(rule.is_exclusion for rule in matching)
                owners |= dict.fromkeys(() if is_excluded else matching[-1].owners)
                lines.append(matching[-1].line)
        return Ownership(owners=tuple(owners), lines=tuple(lines))


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns a path, and the lines that say so: one with GitHub, one a section with GitLab, none without a match."""

    owners: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


def read_code_owners(text: str, dialect: Dialect) -> CodeOwners:
    """The rules of a file.

    >>> read_code_owners("* @all\\n/docs/ @writers\\n", Dialect.GITHUB).owners_of("docs/a/b.md").owners
    ('@writers',)
    """
    rules: list[OwnerRule] = []
    ignored: list[IgnoredLine] = []
    section = ""
    defaults: tuple[str, ...] = ()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        heading = _SECTION.fullmatch(line) if dialect is Dialect.GITLAB else None
        if heading:
            section, defaults = heading["name"].strip().lower(), tuple(_owners(heading["owners"]))
            continue
        fault = _fault(line, dialect)
        if fault:
            ignored.append(IgnoredLine(line=number, why=fault))
            continue
        is_exclusion = line.startswith("!")
        pattern, *rest = _PATTERN_END.split(line.removeprefix("!"), maxsplit=1)
        words = rest[0] if rest else ""
        if dialect is Dialect.GITHUB:
            words = re.split(r"(?:^|\s)#", words, maxsplit=1)[0]
        owners = tuple(_owners(words)) or (defaults if not is_exclusion else ())
        rules.append(OwnerRule(pattern=pattern, owners=owners, line=number, section=section, is_exclusion=is_exclusion))
    return CodeOwners(dialect=dialect, rules=tuple(rules), ignored=tuple(ignored))


def dialect_of(file: str, text: str, *, forges: frozenset[Dialect] = frozenset()) -> Dialect:
    """By whose rules a file is read: its folder says so, the forge that the repository is set up for, or its sections.

    `forges` are those that the repository has files for, such as .github/ or .gitlab-ci.yml.
    """
    if file.startswith((".github/", ".gitlab/")):
        return Dialect.GITHUB if file.startswith(".github/") else Dialect.GITLAB
    if len(forges) == 1:
        return next(iter(forges))
    has_sections = any(_SECTION.fullmatch(line.strip()) for line in text.splitlines())
    return Dialect.GITLAB if has_sections else Dialect.GITHUB


def _fault(line: str, dialect: Dialect) -> str:
    """Why a forge would not read a line; empty when it does."""
    if dialect is Dialect.GITLAB:
        return "a section's heading is not closed" if line.startswith(("[", "^[")) and "]" not in line else ""
    pattern, *rest = _PATTERN_END.split(line, maxsplit=1)
    if line.startswith("!"):
        return "GitHub has no exclusions with !: name the path without owners"
    if "[" in pattern or "]" in pattern:
        return "GitHub knows no [ ] in patterns"
    if pattern.startswith("\\#"):
        return "GitHub has no way to name a file that begins with #"
    words = re.split(r"(?:^|\s)#", rest[0], maxsplit=1)[0].split() if rest else []
    wrong = [word for word in words if not _GITHUB_OWNER.fullmatch(word)]
    return f"{wrong[0]!r} is no owner: write @user, @organization/team or an address" if wrong else ""


def _owners(words: str) -> list[str]:
    return [word for word in words.split() if "@" in word]


def _is_match(rule: OwnerRule, path: str, dialect: Dialect) -> bool:
    return _expression(rule.pattern, dialect).fullmatch(path.removeprefix("/")) is not None


@functools.lru_cache(maxsize=4096)
def _expression(pattern: str, dialect: Dialect) -> re.Pattern[str]:
    return re.compile(_github(pattern) if dialect is Dialect.GITHUB else _gitlab(pattern), re.DOTALL)


def _github(pattern: str) -> str:
    """A pattern of .gitignore as an expression over whole paths.

    A slash at its beginning or inside ties it to the top. What it matches may be a folder, and then everything below
    belongs to it, except when its last part is a lone star: that is one level only.
    """
    body = pattern.strip("/")
    is_tied = "/" in pattern.rstrip("/")
    start = "" if is_tied or body.startswith("**/") else "(?:.*/)?"
    parts = body.split("/")
    if pattern.endswith("/"):
        end = "/.*"
    elif is_tied and parts[-1] == "*":
        end = ""
    else:
        end = "(?:/.*)?"
    return start + _parts(parts) + end


def _gitlab(pattern: str) -> str:
    """A pattern as GitLab reads it: relative ones match at any depth, and only `**/` goes over several levels."""
    whole = pattern if pattern.startswith("/") else f"/**/{pattern}"
    whole = f"{whole}**/*" if whole.endswith("/") else whole
    found, rest = "", whole[1:]
    while rest:
        if rest.startswith("**/"):
            found, rest = f"{found}(?:[^/]+/)*", rest[3:]
            continue
        if rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inner = rest[1:end].replace("\\", "\\\\").replace("[", "\\[")
            found, rest = f"{found}[{'^' + inner[1:] if inner[0] in '!^' else inner}]", rest[end + 1 :]
            continue
        if rest[0] == "\\" and len(rest) > 1:
            found, rest = found + re.escape(rest[1]), rest[2:]
            continue
        found, rest = found + _sign(rest[0]), rest[1:]
    return found


def _parts(parts: list[str]) -> str:
    """Parts of a path as an expression; `**` stands for any number of folders, at the end for everything below."""
    found = ""
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            found += ".+" if is_last else "(?:.*/)?"
            continue
        text = part.replace("\\ ", " ")
        found += "".join(map(_sign, text)) + ("" if is_last else "/")
    return found


def _sign(sign: str) -> str:
    return "[^/]*" if sign == "*" else "[^/]" if sign == "?" else re.escape(sign)

"""CODEOWNERS as GitHub and as GitLab read it; the examples are those of their documentation (read 2026-11-23)."""

from __future__ import annotations

import codeowners
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.lifecycle.code_owners import Dialect, dialect_of, read_code_owners

GITHUB = """\
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""
GITLAB = """\
* @admin

[README Owners]
README.md @user1 @user2
internal/README.md @user4

[README other owners]
README.md @user3

[Documentation][2] @docs-team
docs/
^[Database] @database-team @agarcia
model/db/
config/db/database-setup.md @docs-team

[Ruby]
*.rb @ruby-team
!/config/**/*.rb
/config/routes.rb @ops
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("web/app.js", ("@js-owner",)),
        ("main.go", ("docs@example.com",)),
        ("build/logs/today/a.log", ("@octocat",)),
        ("deeply/nested/logs/a", ("@octocat",)),
        ("docs/getting-started.md", ("@doctocat",)),
        ("scripts/a/b.sh", ("@doctocat", "@octocat")),
        ("apps/github/x", ()),
        ("apps/other/x", ("@octocat",)),
        ("inner/apps/x", ("@octocat",)),
    ],
)
def test_github_gives_a_path_to_the_last_line_that_matches(path: str, owners: tuple[str, ...]) -> None:
    assert read_code_owners(GITHUB, Dialect.GITHUB).owners_of(path).owners == owners


def test_github_star_at_the_end_is_one_level_only() -> None:
    rules = read_code_owners("docs/* @writers\n", Dialect.GITHUB)
    assert rules.owners_of("docs/a.md").owners == ("@writers",)
    assert rules.owners_of("docs/build-app/troubleshooting.md").owners == ()


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@admin", "@user1", "@user2", "@user3")),
        ("internal/README.md", ("@admin", "@user4", "@user3")),
        ("docs/a/b.md", ("@admin", "@docs-team")),
        ("app/docs/b.md", ("@admin", "@docs-team")),
        ("model/db/schema.sql", ("@admin", "@database-team", "@agarcia")),
        ("config/db/database-setup.md", ("@admin", "@docs-team")),
        ("lib/a.rb", ("@admin", "@ruby-team")),
        ("config/routes.rb", ("@admin",)),
        ("config/deep/er/a.rb", ("@admin",)),
    ],
)
def test_gitlab_asks_every_section_for_an_owner(path: str, owners: tuple[str, ...]) -> None:
    assert read_code_owners(GITLAB, Dialect.GITLAB).owners_of(path).owners == owners


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("/README.md", "docs/README.md", False),
        ("README.md", "app/lib/README.md", True),
        ("internal/README.md", "docs/api/internal/README.md", True),
        ("/docs/", "docs/a/b/c.md", True),
        ("/docs", "docs/a.md", False),
        ("/docs/*.md", "docs/a.md", True),
        ("/docs/*.md", "docs/a/b.md", False),
        ("/docs/*/README.md", "docs/api/README.md", True),
        ("/docs/*/README.md", "docs/README.md", False),
        ("/docs/**/index.md", "docs/index.md", True),
        ("/docs/**/index.md", "docs/api/graphql/index.md", True),
        ("path\\ with\\ spaces/", "path with spaces/a", True),
        ("\\#file_with_pound.rb", "#file_with_pound.rb", True),
        ("/[ab].md", "b.md", True),
        ("/[!ab].md", "b.md", False),
    ],
)
def test_gitlab_matches_a_pattern(pattern: str, path: str, is_match: bool) -> None:
    rules = read_code_owners(f"{pattern} @someone\n", Dialect.GITLAB)
    assert bool(rules.owners_of(path).owners) == is_match


@pytest.mark.parametrize("line", ["!docs/ @x", "[ab].md @x", "\\#x @y", "docs/ x"])
def test_line_that_github_does_not_read_is_told(line: str) -> None:
    read = read_code_owners(f"* @all\n{line}\n", Dialect.GITHUB)
    assert [ignored.line for ignored in read.ignored] == [2]
    assert len(read.rules) == 1


def test_sections_make_a_file_at_the_top_one_of_gitlab() -> None:
    assert dialect_of("CODEOWNERS", GITLAB) is Dialect.GITLAB
    assert dialect_of("CODEOWNERS", GITHUB) is Dialect.GITHUB
    assert dialect_of("CODEOWNERS", GITHUB, forges=frozenset({Dialect.GITLAB})) is Dialect.GITLAB
    assert dialect_of(".github/CODEOWNERS", GITLAB) is Dialect.GITHUB


PARTS = st.sampled_from(["a", "b", "docs", "x.js", "*", "*.js", "**", "d*", "?"])
PATTERNS = st.builds(
    lambda start, parts, end: start + "/".join(parts) + end,
    st.sampled_from(["", "/"]),
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "docs", "x.js", "de"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(PATTERNS, min_size=1, max_size=3), PATHS)
def test_github_agrees_with_another_implementation(patterns: list[str], path: str) -> None:
    text = "".join(f"{pattern} @owner{number}\n" for number, pattern in enumerate(patterns))
    others = tuple(owner for _, owner in codeowners.CodeOwners(text).of(path))
    assert read_code_owners(text, Dialect.GITHUB).owners_of(path).owners == others


@given(st.text("a/*?[]!\\# @x\n^-", max_size=40), st.sampled_from(Dialect), PATHS)
def test_any_text_can_be_read_and_asked(text: str, dialect: Dialect, path: str) -> None:
    owned = read_code_owners(text, dialect).owners_of(path)
    assert all("@" in owner for owner in owned.owners)

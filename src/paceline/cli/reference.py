"""docs/commands.md, made from the commands themselves: `python -m paceline.cli.reference > docs/commands.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from paceline.cli.main import paceline_command

_HEAD = """\
# Commands

Made from the commands' own help; a test fails when it is stale. Every command takes `--help`. Results go to standard
output, talk to standard error. Exit status: 0 good, 1 findings or failures, 2 files or flags are wrong, 3 the
environment is not as needed, 4 our bug.
"""


def write_reference() -> str:
    """The whole page as Markdown."""
    root = click.Context(paceline_command, info_name="paceline")
    return _HEAD + "".join(_sections(paceline_command, root))


def _sections(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield f"\n## `{inner.command_path}`\n\n{_text(command)}\n"
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        if options:
            yield "\n| option | |\n|---|---|\n" + "".join(_row(option) for option in options)
        if isinstance(command, click.Group):
            yield from _sections(command, inner)


def _text(command: click.Command) -> str:
    """The help text; paragraphs that click keeps as they are become code blocks."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    shown = []
    for paragraph in paragraphs:
        if paragraph.startswith("\b"):
            shown.append("```\n" + paragraph.removeprefix("\b").strip("\n") + "\n```")
        else:
            shown.append(paragraph)
    return "\n\n".join(shown)


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    choices = f" One of {', '.join(option.type.choices)}." if isinstance(option.type, click.Choice) else ""
    return f"| {names} | {(option.help or '').replace('|', '/')}{choices} |\n"


if __name__ == "__main__":
    click.echo(write_reference(), nl=False)

"""`paceline schemas`: JSON Schemas of the file kinds, for editors."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("schemas")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default="schemas",
    show_default=True,
    help="Where to write them.",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 when a schema is missing or old.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def command(folder: Path, only_check: bool, as_json: bool) -> None:
    """Write the JSON Schema of every file kind, one file a kind.

    Editors that know the YAML language server check and complete a file that begins with a line such as
    `# yaml-language-server: $schema=../schemas/mapping.json`.

    \b
    Example:
      paceline schemas --out shop/schemas
    """
    import json

    from paceline.errors import EnvironmentFaultError
    from paceline.workspace.schema import schema_texts

    texts = schema_texts()
    stale = [name for name, text in texts.items() if _text_of(folder / name) != text]
    if not only_check:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in stale:
                (folder / name).write_text(texts[name], encoding="utf-8")
        except OSError as error:
            raise EnvironmentFaultError(f"a schema cannot be written: {error.strerror}", where=str(folder)) from error
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "schemas": sorted(texts), "changed": stale}, indent=2))
    else:
        verb = "missing or old" if only_check else "written"
        for name in stale:
            click.echo(f"{folder / name} {verb}")
        click.echo(f"{len(texts)} schemas, {len(stale)} {verb}")
    if only_check and stale:
        raise SystemExit(1)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None

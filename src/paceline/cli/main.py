"""The `paceline` command. One file a command; a command's file is imported only when it is called or listed."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import NoReturn

import click

import paceline
from paceline.errors import PacelineError, WorkspaceError

DEFECT_STATUS = 4


class CommandsByFile(click.Group):
    """Finds commands by the files beside this one: `cli/dlq.py` has `command`, which is `paceline dlq`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        names = (info.name for info in pkgutil.iter_modules(_folder()))
        return sorted(_command_name(name) for name in names if hasattr(_import(name), "command"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        for module_name in (cmd_name.replace("-", "_"), f"{cmd_name}_"):
            if any(info.name == module_name for info in pkgutil.iter_modules(_folder())):
                command = getattr(_import(module_name), "command", None)
                return command if isinstance(command, click.Command) else None
        return None


@click.command(cls=CommandsByFile, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(paceline.__version__, prog_name="paceline")
def paceline_command() -> None:
    """Marketing integrations that start as a sprint and grow into a marathon, with the same mapping file.

    \b
    A first look:    paceline demo
    Your own:        paceline init shop && paceline dev shop
    Before merging:  paceline check shop && paceline test shop

    Exit status: 0 good, 1 findings or failures, 2 files or flags are wrong, 3 the environment is not as needed, 4 our
    bug.
    """


def main() -> NoReturn:
    """Run the command line and end the process with the right status."""
    try:
        status = paceline_command.main(prog_name="paceline", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except PacelineError as error:
        _show(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as defect:  # noqa: BLE001  (the last frame: whatever arrives here is our bug and is shown whole)
        _show_defect(defect)
        sys.exit(DEFECT_STATUS)


def _show(error: PacelineError) -> None:
    if isinstance(error, WorkspaceError):
        for finding in error.findings:
            click.echo(str(finding), err=True)
            if finding.hint:
                click.echo(f"    {finding.hint}", err=True)
    head = f"{error.where}: {error.what}" if error.where else error.what
    click.echo(f"{click.style('error:', fg='red', bold=True)} {head}", err=True)
    for label, text in (("expected", error.expected), ("do this", error.remedy)):
        if text:
            click.echo(f"  {label}: {text}", err=True)


def _show_defect(defect: Exception) -> None:
    import traceback

    traceback.print_exception(defect)
    click.echo(
        f"{click.style('error:', fg='red', bold=True)} this is a bug of paceline {paceline.__version__}, not yours; "
        "please report it with the lines above (they hold no event data unless an event is in the message)",
        err=True,
    )


def _folder() -> list[str]:
    import paceline.cli

    return list(paceline.cli.__path__)


def _import(module_name: str) -> object:
    return importlib.import_module(f"paceline.cli.{module_name}")


def _command_name(module_name: str) -> str:
    return module_name.rstrip("_").replace("_", "-")


if __name__ == "__main__":
    main()

"""The command line: its commands, and what an error looks like.

A command's module is imported when the command is given: `--help` and `check` need neither a
server nor the web framework.
"""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from backend import __version__
from backend.cli.consoles import err, write_what_cannot_be_encoded
from backend.core.errors import (
    BackendError,
    DatabaseRefuses,
    ExportRefused,
    ImportRefused,
    InvalidConfiguration,
    InvalidMapping,
    InvalidRunRequest,
    PortTaken,
    TablesInTheWay,
    TablesTooNew,
    TablesTooOld,
    UnknownField,
)
from backend.core.exit_codes import FAILED, REFUSED, START_FAILED
from backend.core.late import late

# What no second try mends.
ASKED_WRONGLY = (
    InvalidConfiguration,
    InvalidMapping,
    InvalidRunRequest,
    UnknownField,
    ImportRefused,
    ExportRefused,
    DatabaseRefuses,
    TablesInTheWay,
    TablesTooNew,
    TablesTooOld,
)

# Command → where it is, and what `--help` says of it.
COMMANDS = {
    "serve": (
        "serving_commands.serve",
        "Serve the API, and run clustering unless RUN_WORKER=false.",
    ),
    "mcp": (
        "agent_commands.mcp",
        "Give an agent on this machine the tools of /api/mcp, by its standard input and output.",
    ),
    "worker": (
        "serving_commands.worker",
        "Run queued clusterings and deliver webhooks; web processes then want RUN_WORKER=false.",
    ),
    "migrate": (
        "serving_commands.migrate_command",
        "Create or update our own tables; a shop's tables are never touched.",
    ),
    "cluster": (
        "run_commands.cluster",
        "Learn segments, value and churn of all customers, and publish them.",
    ),
    "report": (
        "run_commands.report",
        "Write what a run found as one page that loads nothing, to be read, printed or mailed.",
    ),
    "check": (
        "shop_commands.check",
        "Say what in the shop's data would spoil the results; exit code 1 where it would.",
    ),
    "check files": (
        "file_commands.check_files",
        "Show how files would be read, five rows of each; loads nothing.",
    ),
    "campaigns": (
        "campaign_commands.campaigns",
        "Say how far campaigns are and what they brought; --count counts what is due now.",
    ),
    "export": (
        "list_commands.export",
        "Write the customers who meet all conditions to a file.",
    ),
    "import": (
        "file_commands.import_command",
        "Load files into the guide's shop tables, each row once however often.",
    ),
    "demo": (
        "demo_commands.demo",
        "Load a real shop into SQLite, cluster it, print its segments, and serve them.",
    ),
}


class LateCommands(TyperGroup):
    """Lists every command, and imports the one that is given."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the place of the listed one."""
        name, listed, rest = super().resolve_command(ctx, args)
        two_words = f"{name} {rest[0]}" if rest else ""
        if two_words in COMMANDS:
            return two_words, loaded(two_words), rest[1:]
        return name, listed and loaded(listed.name or ""), rest


def loaded(name: str) -> Any:
    """Import a command by its name on the command line."""
    place, says = COMMANDS[name]
    module, function = place.split(".")
    alone = typer.Typer(add_completion=False)
    alone.command(name, help=says)(getattr(late(f"backend.cli.{module}"), function))
    return typer.main.get_command(alone)


def _listed() -> None:
    """Stand for a command until it is given."""


app = typer.Typer(
    cls=LateCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for name, (_place, says) in COMMANDS.items():
    app.command(name, help=says)(_listed)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"intelligence-backend {__version__}")
        raise typer.Exit


@app.callback()
def whole(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Customer intelligence from the database a shop already has."""


def main() -> None:
    """Run the command line; an error raised on purpose is one sentence, not a traceback."""
    write_what_cannot_be_encoded()
    try:
        app()
    except BackendError as error:
        for line in str(error).splitlines():
            err.print(line, style="red", soft_wrap=True)
        sys.exit(exit_code_of(error))


def exit_code_of(error: BackendError) -> int:
    """Return what supervisors go by: docs/operations.md lists the codes."""
    if isinstance(error, PortTaken):
        return START_FAILED
    return REFUSED if isinstance(error, ASKED_WRONGLY) else FAILED

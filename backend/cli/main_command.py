"""The command line: its commands, and what an error looks like."""

import sys

import typer

from backend.cli.demo_commands import demo
from backend.cli.run_commands import cluster
from backend.cli.serving_commands import migrate_command, serve, worker
from backend.cli.shop_commands import check, import_command
from backend.cli.terminal import err
from backend.core.errors import (
    BackendError,
    ImportRefused,
    InvalidConfiguration,
    InvalidMapping,
    InvalidRunRequest,
    TablesInTheWay,
    TablesTooNew,
)

# What no second try mends: exit code 2.
ASKED_WRONGLY = (
    InvalidConfiguration,
    InvalidMapping,
    InvalidRunRequest,
    ImportRefused,
    TablesInTheWay,
    TablesTooNew,
)

app = typer.Typer(
    help="Customer intelligence from the database a shop already has.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(serve)
app.command()(worker)
app.command("migrate")(migrate_command)
app.command()(cluster)
app.command()(check)
app.command("import")(import_command)
app.command()(demo)


def main() -> None:
    """Run the command line; an error raised on purpose is one sentence, not a traceback."""
    try:
        app()
    except BackendError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        err.print(f"{error}{cause}", style="red", highlight=False, soft_wrap=True, markup=False)
        sys.exit(2 if isinstance(error, ASKED_WRONGLY) else 1)

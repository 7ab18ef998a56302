"""Where the commands print: standard output for what was asked for, standard error for the rest."""

from rich.console import Console

out = Console()
err = Console(stderr=True)

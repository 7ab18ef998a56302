"""Where the commands print: standard output for what was asked for, standard error for the rest."""

import sys
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.text import Text

from backend.core.visible import visible


class PlainConsole(Console):
    """Takes every string for text: no markup, no names of emoji, nothing a terminal would obey.

    Names of segments and values of a shop are printed; rich would read `[red]` in them as markup.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a string, which rich asks for wherever one is printed, into what is shown of it."""
        plain = {"markup": False, "emoji": False, "highlight": False, "highlighter": None}
        return super().render_str(visible(text), **{**options, **plain})


out = PlainConsole()
err = PlainConsole(stderr=True)


def write_what_cannot_be_encoded() -> None:
    """Let a terminal without UTF-8 show `\\u0142` where it has no ł, instead of failing there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

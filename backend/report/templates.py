"""How templates of ours are filled in, whichever page, file or mail they make."""

from jinja2 import BaseLoader, Environment, StrictUndefined

from backend.core.visible import visible


def templates(loader: BaseLoader) -> Environment:
    """Return an environment in which texts of others stay text, and a name that lacks is an error.

    Parameters
    ----------
    loader
        Where the templates are.
    """
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _readable(value: object) -> object:
    """Show what a name holds that a reader would obey or hide; markup of ours stays as it is."""
    return visible(value) if type(value) is str else value

"""The root of all errors raised on purpose."""


class BackendError(Exception):
    """Root of all errors raised on purpose."""

"""What a process or a mapping is told wrong, or cannot have."""

from backend.core.errors.backend_error import BackendError


class InvalidConfiguration(BackendError):
    """An environment variable is missing, empty or wrong."""

    def __init__(self, variable: str, held: str, expected: str) -> None:
        self.variable = variable
        self.held = held
        self.expected = expected
        super().__init__(f"{variable} {held}; expected {expected}.")


class InvalidMapping(BackendError):
    """The shop mapping names something that cannot be used."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"The shop mapping's {field} {problem}.")


class PortTaken(BackendError):
    """A server cannot have the address that it should listen on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(
            f"Nothing can be served on {host}:{port} ({reason}); end what listens there, or take "
            f"another port with --port."
        )

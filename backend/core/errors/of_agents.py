"""What an agent asks for and does not get."""

from collections.abc import Iterable

from backend.core.errors.backend_error import BackendError


class ToolNotOffered(BackendError):
    """There is no such tool, or not for this key."""

    def __init__(self, offered: Iterable[str]) -> None:
        self.offered = tuple(offered)
        super().__init__(f"There is no tool of this name here; there are {', '.join(offered)}.")


class MaterialNotOffered(BackendError):
    """There is no such resource or prompt."""

    def __init__(self, offered: Iterable[str]) -> None:
        self.offered = tuple(offered)
        super().__init__(f"There is nothing of this name here; there are {', '.join(offered)}.")


class ArgumentsUnfit(BackendError):
    """A tool was called with what it does not take."""

    def __init__(self, tool: str, problems: Iterable[str], takes: Iterable[str]) -> None:
        self.tool = tool
        self.problems = tuple(problems)
        self.takes = tuple(takes)
        named = ", ".join(self.takes) or "nothing"
        super().__init__(f"{'; '.join(self.problems)}. {tool} takes {named}.")


class AnswerTooLong(BackendError):
    """An answer is more than an agent can read."""

    def __init__(self) -> None:
        super().__init__("The answer is too long to read: ask for fewer, or with detail concise.")


class IssuerUnavailable(BackendError):
    """Nobody can say whether a token is valid."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        super().__init__(
            f"The issuer of tokens {issuer} (MCP_OAUTH_ISSUER) does not answer; try again shortly."
        )

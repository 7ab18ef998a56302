"""A real shop to try the service on."""

import asyncio
import secrets
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from backend.cli.consoles import out
from backend.cli.following import followed
from backend.cli.run_commands import run_and_watch
from backend.cli.terminal import print_report
from backend.core.errors import PortTaken
from backend.core.late import late
from backend.core.logging import set_up_logging
from backend.core.settings import IsolatedSettings, Settings
from backend.database.engine import opened
from backend.files.demo_shop import AS_OF, load_demo_shop
from backend.main import create_app
from backend.results.run_report import RunReport
from backend.store.run_request import RunRequest
from backend.web.entrance import APP, SIGN_IN
from backend.web.invitation import Invitation

FOLDER = Path("intelligence-demo")
HOST = "127.0.0.1"
BESIDE_THE_DATABASE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where one demo keeps its files: whoever has the port has them too."""

    name: str

    @property
    def database(self) -> Path:
        """The shop and our tables."""
        return FOLDER / f"{self.name}.db"

    @property
    def page(self) -> Path:
        """The report, as a page that a browser opens without a key."""
        return FOLDER / f"{self.name}.html"

    def clear(self) -> None:
        """Begin anew, whichever version made what is there; nothing else is touched."""
        FOLDER.mkdir(exist_ok=True)
        for suffix in BESIDE_THE_DATABASE:
            self.database.with_name(f"{self.database.name}{suffix}").unlink(missing_ok=True)
        self.page.unlink(missing_ok=True)


def demo(
    serve_after: Annotated[bool, typer.Option("--serve/--no-serve")] = True,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8000,
) -> None:
    """Load a real shop into SQLite, cluster it, print its segments, and serve them."""
    with ExitStack() as stack:
        listener = stack.enter_context(listening(port)) if serve_after else None
        files = DemoFiles("shop" if listener is None else f"shop-{listener.getsockname()[1]}")
        key = secrets.token_urlsafe(16)
        settings = _settings(files, key)
        set_up_logging(settings.log_level)
        files.clear()
        report = asyncio.run(_demo(settings))
        files.page.write_text(late("backend.report").render_report(report), encoding="utf-8")
        print_report(report)
        _print_lines(f"Report: {files.page.absolute().as_uri()}")
        if listener is not None:
            _serve(settings, listener, key)


def listening(port: int) -> socket.socket:
    """Take a port before anything is done for it; who calls early waits until there is an answer.

    Raises
    ------
    PortTaken
        When somebody else has it, or only they may.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PortTaken(HOST, port, error.strerror or type(error).__name__) from None
    return listener


def _settings(files: DemoFiles, key: str) -> Settings:
    return IsolatedSettings.load(
        database_url=f"sqlite:///{files.database}",
        api_key=key,
        log_level="WARNING",
        run_as_of=AS_OF,
    )


async def _demo(settings: Settings) -> RunReport:
    async with opened(settings.shop_url) as engine:
        with followed(wanted=True) as tell:
            as_of = await load_demo_shop(engine, lambda share: tell("load", share))
    _, report = await run_and_watch(settings, RunRequest(as_of=as_of), show_progress=True)
    return report


def _serve(settings: Settings, listener: socket.socket, key: str) -> None:
    invitation = Invitation(key)
    _print_how_to_ask(key, invitation, f"http://{HOST}:{listener.getsockname()[1]}")
    settings = settings.model_copy(update={"log_level": "INFO"})  # as any service says it
    set_up_logging(settings.log_level)
    server = uvicorn.Server(uvicorn.Config(create_app(settings, invitation), log_config=None))
    with suppress(KeyboardInterrupt):  # sent again by the server once it has ended
        server.run(sockets=[listener])


def _print_how_to_ask(key: str, invitation: Invitation, address: str) -> None:
    call = f'curl -H "X-API-Key: {key}"'
    _print_lines(
        f"Pages: {address}{APP}   (this link signs in, once: "
        f"{address}{SIGN_IN}/{invitation.token} )",
        f"Documentation: {address}/docs   (Ctrl-C stops)",
        "",
        f"API key: {key}",
        "",
        f'{call} "{address}/api/mcp/segments"',
        f'{call} "{address}/api/mcp/customers/search?query=anna&limit=3"',
        f'{call} "{address}/api/mcp/customers/12347"',
        f'{call} -X POST "{address}/api/admin/cluster"',
        "",
        f"Runs describe {AS_OF:%Y-%m-%d}, the end of this shop's data, unless they are asked for "
        "another as_of.",
    )


def _print_lines(*lines: str) -> None:
    for line in lines:
        out.print(line, soft_wrap=True)

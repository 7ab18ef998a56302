"""A real shop to try the service on."""

import asyncio
import secrets
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from backend.cli.consoles import out
from backend.cli.run_commands import run_and_watch
from backend.cli.terminal import print_report, progress_bar
from backend.core.logging import set_up_logging
from backend.core.settings import IsolatedSettings, Settings
from backend.database.engine import opened
from backend.files.demo_shop import load_demo_shop
from backend.main import create_app
from backend.results.run_report import RunReport
from backend.store.runs import RunRequest

DEMO_DATABASE = Path("demo.db")


def demo(
    serve_after: Annotated[bool, typer.Option("--serve/--no-serve")] = True, port: int = 8000
) -> None:
    """Load a real shop into SQLite, cluster it, print its segments, and serve them."""
    key = secrets.token_urlsafe(16)
    settings = IsolatedSettings.load(
        database_url=f"sqlite:///{DEMO_DATABASE}", api_key=key, log_level="WARNING"
    )
    set_up_logging(settings.log_level)
    for file in Path().glob(f"{DEMO_DATABASE}*"):  # begin anew, whichever version made it
        file.unlink()
    print_report(asyncio.run(_demo(settings)))
    if serve_after:
        _print_invitation(key, port)
        uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_config=None)


async def _demo(settings: Settings) -> RunReport:
    async with opened(settings.shop_url) as engine:
        with progress_bar(visible=True) as bar:
            task = bar.add_task("load", total=1.0)
            as_of = await load_demo_shop(engine, lambda share: bar.update(task, completed=share))
    return await run_and_watch(settings, RunRequest(as_of=as_of), show_progress=True)


def _print_invitation(key: str, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    call = f'curl -H "X-API-Key: {key}"'
    lines = (
        f"\nAPI key: {key}\n",
        f'{call} "{address}/api/mcp/segments"',
        f'{call} "{address}/api/mcp/customers/search?query=anna&limit=3"',
        f'{call} "{address}/api/mcp/customers/12347"',
        f"\nDocumentation: {address}/docs   (Ctrl-C stops)",
    )
    out.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)

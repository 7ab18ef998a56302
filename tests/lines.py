"""A line to a server that can go dead without a word, as when packets are dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BYTES_AT_ONCE = 1 << 16


@dataclass(slots=True)
class Line:
    """Forwards bytes to a server while it is alive; connections stay open either way."""

    url: str
    alive: asyncio.Event = field(default_factory=asyncio.Event)

    def die(self) -> None:
        """Forward nothing more in either direction, and refuse nothing."""
        self.alive.clear()

    def live(self) -> None:
        """Forward again, what was held back first."""
        self.alive.set()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """Give a line to the server of a URL."""
    there = urlsplit(url)
    line = Line("")
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(_forward(line, source, sink))
            tasks.add(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = f"{there.username}@" if there.username else ""
    line.url = f"{there.scheme}://{user}127.0.0.1:{port}{there.path}"
    line.live()
    try:
        yield line
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forward(line: Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(BYTES_AT_ONCE):
            await line.alive.wait()
            sink.write(data)
            await sink.drain()
    except OSError:
        return
    finally:
        sink.close()
        with suppress(OSError):
            await sink.wait_closed()

"""How a process ends when it is asked to: what is under way has so many seconds, then it is out."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# SIGHUP comes when a terminal closes; whoever began with nohup has it ignored, and keeps it so.
ASKED_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], object]

log = logging.getLogger(__name__)


def out_after(seconds: float) -> None:
    """End the process after so many seconds, whatever hangs then: a statement, a thread, a loop."""
    timer = threading.Timer(seconds, _out, (seconds,))
    timer.daemon = True
    timer.start()


def _out(seconds: float) -> None:
    log.error("ended at once", extra={"reason": f"it was not done after {seconds:g} seconds"})
    os._exit(1)


@contextmanager
def stoppable(seconds: float) -> Iterator[asyncio.Event]:
    """Give a command an event that is set when it is asked to end; asked again, it ends at once.

    Parameters
    ----------
    seconds
        How long it has from then on.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def asked() -> None:
        out_after(0 if stop.is_set() else seconds)
        stop.set()

    numbers = [one for one in ASKED_TO_END if signal.getsignal(one) is not signal.SIG_IGN]
    for number in numbers:
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so many seconds, or until what waits is to end."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@contextmanager
def heard(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` when the process is asked to end, beside what its server does then.

    A server without an answer to SIGHUP would be gone at once; it is asked to end as by SIGTERM.
    Outside of the main thread nothing can be heard.
    """
    loop = asyncio.get_running_loop()
    before: dict[int, Handler | None] = {}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)
        handler = before[number]
        if handler is None:
            signal.raise_signal(signal.SIGTERM)
        else:
            handler(number, frame)

    if threading.current_thread() is threading.main_thread():
        before.update(_handlers())
        for number in before:
            signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, handler or signal.SIG_DFL)


def _handlers() -> dict[int, Handler | None]:
    """Return what is done on each signal; nothing is changed where nobody serves, or ignores it."""
    found = {number: signal.getsignal(number) for number in ASKED_TO_END}
    handlers: dict[int, Handler | None] = {
        number: handler for number, handler in found.items() if callable(handler)
    }
    if signal.SIGTERM in handlers and found[signal.SIGHUP] is signal.SIG_DFL:
        handlers[signal.SIGHUP] = None
    return handlers

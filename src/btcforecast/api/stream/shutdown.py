"""Ends streams when the process is asked to stop, because the server waits for open answers before anything else happens."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_stop(do: Callable[[], None]) -> Iterator[None]:
    """Call `do` in the event loop when SIGINT or SIGTERM comes, before whoever handled the signal so far."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, stack: FrameType | None) -> None:
        loop.call_soon_threadsafe(do)
        former = before[signal.Signals(number)]
        if callable(former):
            former(number, stack)
        elif former is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, former in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, former)

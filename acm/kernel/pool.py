"""The threads of one plugin: few, so that what hangs in one plugin holds up nobody else."""

from __future__ import annotations

import contextvars
import queue
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

THREADS = 4
IDLE = 30.0
"""Seconds after which a thread without work ends."""


class Ticket:
    """One call on its way through the pool."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.context = contextvars.copy_context()
        self.done = threading.Event()
        self.thread: int | None = None
        self.is_overdue = False
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def frame(self) -> FrameType | None:
        """Where the call stands at this moment; None before it began."""
        return sys._current_frames().get(self.thread) if self.thread else None

    def run(self) -> None:
        try:
            self.result = self.context.run(self.work)
        except BaseException as error:  # handed to whoever waits for it
            self.error = error


class Pool:
    """At most four daemon threads. A call that takes longer than its waiter waits keeps its thread until it ends."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._idle = self._overdue = 0

    @property
    def is_full(self) -> bool:
        """Whether every thread is held by a call that nobody waits for any more."""
        return self._overdue >= THREADS

    @property
    def has_overdue(self) -> bool:
        return self._overdue > 0

    def submit(self, work: Callable[[], Any]) -> Ticket:
        ticket = Ticket(work)
        with self._lock:
            if self._idle <= self._waiting.qsize() and self._threads < THREADS:
                self._threads += 1
                threading.Thread(target=self._serve, name=f"plugin-{self.name}", daemon=True).start()
            self._waiting.put(ticket)
        return ticket

    def wait(self, ticket: Ticket, until: float) -> bool:
        """Wait until a moment of ``time.monotonic``; whether the call has ended. One that has not is given up."""
        if ticket.done.wait(max(0.0, until - time.monotonic())):
            return True
        with self._lock:
            if ticket.done.is_set():
                return True
            ticket.is_overdue = True
            self._overdue += ticket.thread is not None
        return False

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                ticket = self._waiting.get(timeout=IDLE)
            except queue.Empty:
                with self._lock:
                    self._idle -= 1
                    if self._waiting.empty():
                        self._threads -= 1
                        return
                continue
            with self._lock:
                self._idle -= 1
                if not ticket.is_overdue:  # else nobody waits for it: it is not begun
                    ticket.thread = threading.get_ident()
            if ticket.thread:
                ticket.run()
                with self._lock:
                    self._overdue -= ticket.is_overdue
                    ticket.thread = None
                    ticket.done.set()
            del ticket  # a thread at rest keeps nothing of a plugin alive

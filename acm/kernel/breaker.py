"""A breaker: after too many failures a call into a plugin is not made any more, but for a trial now and then.

Local to a process, one for each plugin and extension point; moments come from the caller, so tests can move them.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

WINDOW, FAILURES = timedelta(seconds=60), 5
TIMEOUTS = 3
CALLS, SHARE = 50, 0.2
PAUSES = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
TRIAL = timedelta(minutes=1)
"""A trial that has not ended after this long is given up: the next call is another."""


class Breaker:
    """Opens after five failures in a minute, three timeouts in a row, or when of the last calls (50 at least) a fifth
    failed. Open, it lets one call through after 30 seconds, then after 2 and after each 10 minutes: the first that
    succeeds closes it.
    """

    __slots__ = ("_calls", "_failed", "_failures", "_lock", "_opened", "_timeouts", "_tried_at", "open_until")

    def __init__(self) -> None:
        self.open_until: datetime | None = None
        self._lock = threading.Lock()
        self._failures: deque[datetime] = deque(maxlen=FAILURES)
        self._calls = self._failed = self._timeouts = self._opened = 0
        self._tried_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    def allows(self, now: datetime) -> bool:
        """Whether a call may be made: the breaker is closed, or this call is the trial that is due."""
        with self._lock:
            if self.open_until is None:
                return True
            is_trying = self._tried_at is not None and now - self._tried_at < TRIAL
            if now < self.open_until or is_trying:
                return False
            self._tried_at = now
            return True

    def succeed(self) -> None:
        """A call ended well."""
        self._calls += 1
        self._timeouts = 0
        if self._tried_at is not None:
            with self._lock:
                self._reset()
        elif self._calls >= 2 * CALLS:
            with self._lock:  # the older half weighs less and less
                self._calls //= 2
                self._failed //= 2

    def fail(self, now: datetime, *, timed_out: bool = False, at_once: bool = False) -> bool:
        """A call failed; returns whether this opened the breaker. ``at_once`` opens it whatever was before."""
        with self._lock:
            if self.open_until is not None:
                return self._open(now) if self._tried_at is not None else False
            self._calls += 1
            self._failed += 1
            self._failures.append(now)
            self._timeouts = self._timeouts + 1 if timed_out else 0
            often = len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW
            much = self._calls >= CALLS and self._failed >= SHARE * self._calls
            return self._open(now) if at_once or often or much or self._timeouts >= TIMEOUTS else False

    def _open(self, now: datetime) -> bool:
        self.open_until = now + PAUSES[min(self._opened, len(PAUSES) - 1)]
        self._opened += 1
        self._tried_at = None
        return True

    def _reset(self) -> None:
        self._failures.clear()
        self._calls = self._failed = self._timeouts = self._opened = 0
        self.open_until = self._tried_at = None

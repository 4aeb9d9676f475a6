"""What the guard costs: a hook with ten implementations, and a place for plugins on a page.

    python benchmarks/hooks.py [--times 2000]

A hook is called without a runtime, as in a worker between two writings. A place is drawn as the portal draws it, in the
plugins' own threads. Times are the clock's, medians; the budget is the hook's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy.orm import Session

from acm.kernel.guard import begin, guarded
from acm.kernel.isolation import here

IMPLEMENTATIONS, BUDGET = 10, 20.0
LINE = "{:<44} {:>9} {:>9}  {}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000, help="runs of which the median is taken")
    times = parser.parse_args().times
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} processors" + ("; busy: the clock tells little" if load > 1 else ""))
    print(LINE.format("work", "µs", "fastest", "budget"))
    for name, work, budget in works():
        taken = sorted(_microseconds(work) for _time in range(times))
        median = statistics.median(taken)
        kept = "" if budget is None else f"≤ {budget:.0f} µs: {'yes' if median <= budget else 'NO'}"
        print(LINE.format(name, f"{median:.1f}", f"{taken[0]:.1f}", kept))


def works() -> list[tuple[str, Callable[[], object], float | None]]:
    """What is measured: its name, the work, and the microseconds it may take."""

    def answer(ctx: object) -> int:
        return 7

    context = SimpleNamespace(session=Session())
    plain = [answer] * IMPLEMENTATIONS
    hooks = [guarded(f"plugin_{n}", "react case.closed", answer) for n in range(IMPLEMENTATIONS)]
    vetoes = [guarded(f"plugin_{n}", "veto case.before_close", answer) for n in range(IMPLEMENTATIONS)]
    broken = guarded("broken", "react case.closed", answer)
    here().cell("broken", "react case.closed").budget = 1.0

    def apart() -> list[object]:
        begun = [begin(f"plugin_{n}", "slot portal.home", lambda: hooks[0](context)) for n in range(IMPLEMENTATIONS)]
        return [pending.result() for pending in begun]

    return [
        ("10 calls without a guard", lambda: [call(context) for call in plain], None),
        ("hook with 10 implementations", lambda: [call(context) for call in hooks], BUDGET),
        ("veto with 10 implementations, no data used", lambda: [call(context) for call in vetoes], BUDGET),
        ("hook with 1 implementation", lambda: broken(context), None),
        ("1 call in the plugin's own thread", lambda: begin("plugin_0", "slot x", lambda: 7).result(), None),
        ("place with 10 plugins in their own threads", apart, None),
    ]


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e6


if __name__ == "__main__":
    main()

"""Pages among 10,000 and among 100,000 cases, beside the floor and the budgets of the design.

    python -m benchmarks [--quick] [--only NAME] [--times 15] [--keep FOLDER]

Judge the ratios: absolute times are this machine's. Times are CPU of the process, medians; the clock's stand beside.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path

import structlog

from benchmarks import parts, seeding
from benchmarks.parts import Figure, Part

FLOOR, MEMORY = 3.0, 250
HEAD = ("work", "few ms", "many ms", "clock ms", "ratio", "floor ms", "× floor", "SQL", "budget", "kept")
LINE = "{:<15} {:>8} {:>8} {:>9} {:>6} {:>9} {:>8} {:>4}  {:<26} {}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 and 20,000 cases")
    parser.add_argument("--only", default="", help="one part by its name, `set-up` for start and memory")
    parser.add_argument("--times", type=int, default=15, help="runs of which the median is taken")
    parser.add_argument("--keep", type=Path, help="make the databases here once, and use them again")
    given = parser.parse_args()
    sizes = (2_000, 20_000) if given.quick else (10_000, 100_000)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} processors" + ("; busy: the clock tells little" if load > 1 else ""))
    with tempfile.TemporaryDirectory() as place:
        folder = given.keep or Path(place)
        founded = folder / "founded"
        began = time.process_time(), time.perf_counter()
        if not founded.exists():
            seeding.found(founded)
            print(f"founded in {_since(began)}")
        if given.only in ("", "set-up"):
            set_up(founded)
        if given.only != "set-up":
            both = [run(founded, folder / str(size), size, given.only, given.times) for size in sizes]
            show(*both)


def run(founded: Path, folder: Path, size: int, only: str, times: int) -> dict[str, tuple[Part, Figure]]:
    began = time.process_time(), time.perf_counter()
    if not folder.exists():
        seeding.grow(founded, folder, size)
        print(f"{size} cases in {_since(began)}")
    found = [part for part in parts.parts(folder) if only in ("", part.name)] if only else parts.parts(folder)
    return {part.name: (part, parts.measure(part, times)) for part in found}


def show(few: dict[str, tuple[Part, Figure]], many: dict[str, tuple[Part, Figure]]) -> None:
    print("\n" + LINE.format(*HEAD))
    for name, (part, figure) in many.items():
        before = few[name][1]
        ratio, floor = figure.cpu / before.cpu, figure.cpu / figure.floor_cpu
        budget = f"≤ {part.most} SQL, ≤ {FLOOR:.0f}× floor" + (f", ≤ {part.ratio:.0f}×" if part.ratio else "")
        kept = (figure.statements <= part.most, floor <= FLOOR, not part.ratio or ratio <= part.ratio)
        print(
            LINE.format(
                name, f"{before.cpu:.1f}", f"{figure.cpu:.1f}", f"{figure.wall:.1f}", f"{ratio:.2f}",
                f"{figure.floor_cpu:.1f}", f"{floor:.2f}", figure.statements, budget, "yes" if all(kept) else "NO",
            )
        )  # fmt: skip


def set_up(folder: Path) -> None:
    starts = sorted(parts.cold_start(folder) for _time in range(3))
    print(f"import and create_app: {starts[1]:.2f} s of CPU (median of 3)")
    idle, most = parts.idle_memory(folder)
    kept = "yes" if idle <= MEMORY else "NO"
    print(f"idle memory of a serving process: {idle:.0f} MiB, at most {most:.0f}; budget {MEMORY} MiB: {kept}")


def _since(began: tuple[float, float]) -> str:
    return f"{time.process_time() - began[0]:.1f} s of CPU, {time.perf_counter() - began[1]:.1f} s"


if __name__ == "__main__":
    main()

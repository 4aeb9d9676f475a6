"""Run the tests in parts: all but the browser's on several processes, then those that drive the browser alone.

Every part is run even if one before it failed; ends with 1 if any did.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSER_TESTS = ROOT / "tests" / "browser"
NOTHING_COLLECTED = 5


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", choices=("core", "browser"))
    chosen = options.parse_args()
    failed = []
    if chosen.only != "browser" and not core(chosen.workers):
        failed.append("core")
    if chosen.only != "core" and BROWSER_TESTS.is_dir() and not browser():
        failed.append("browser")
    if failed:
        print(f"tests: failed: {', '.join(failed)}")
    return 1 if failed else 0


def core(workers: int) -> bool:
    where = ["tests", f"--ignore={BROWSER_TESTS}"]
    return pytest("core", "-n", str(workers), "--dist", "loadfile", *where)


def browser() -> bool:
    found = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "chromium.py")], stdout=subprocess.PIPE, text=True, check=False
    )
    if found.returncode:
        return False
    return pytest("browser", str(BROWSER_TESTS), chromium=found.stdout.strip())


def pytest(part: str, *arguments: str, chromium: str = "") -> bool:
    environment = {**os.environ, "ACM_CHROMIUM": chromium} if chromium else dict(os.environ)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    print(f"tests: {part} took {time.monotonic() - started:.0f} s", flush=True)
    return code in {0, NOTHING_COLLECTED}


if __name__ == "__main__":
    sys.exit(main())

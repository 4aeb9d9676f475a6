"""Find a Chromium for the browser tests, or get one; prints its path.

Looked up in this order: ACM_CHROMIUM, chromium, google-chrome, chromium-browser, google-chrome-stable, Playwright's
own. Where there is none, Playwright downloads its own; if that fails or does not start, and this is root on Debian
or Ubuntu, apt-get installs one. Ends with 1 and says what to do when nothing helped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

COMMANDS = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")


def main() -> int:
    path = find() or download() or install_by_apt()
    if path is None:
        print(
            "browser tests: no Chromium here, and none could be installed. Install the package chromium (or Google\n"
            "Chrome), or set ACM_CHROMIUM to the path of a Chromium, and run again.",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


def find() -> str | None:
    return next((path for path in candidates() if starts(path)), None)


def candidates() -> Iterator[str]:
    if named := os.environ.get("ACM_CHROMIUM"):
        yield named
    for command in COMMANDS:
        if found := shutil.which(command):
            yield found
    yield playwrights_own()


def playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def starts(path: str) -> bool:
    """Whether the program runs at all: a snap's placeholder and one without its libraries do not."""
    if not Path(path).is_file():
        return False
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def download() -> str | None:
    say("no Chromium here; Playwright downloads one (about 170 MB)")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        return None
    return find()


def install_by_apt() -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    say("installing chromium by apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-q", *arguments], env=environment, stdout=sys.stderr, check=False)
    return find()


def say(sentence: str) -> None:
    print(f"browser tests: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

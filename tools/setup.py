"""Set up this checkout: .venv with the locked libraries, and the browser's files.

    python3 tools/setup.py          what `make run` needs
    python3 tools/setup.py --dev    and what `make test` and `make check` need

Needs Python 3.11 or newer and a way to PyPI and npm; no root. What is in place already is recognised by
the hashes in .venv/.acm-setup.json, so that a second run takes a fraction of a second.
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".acm-setup.json"
OLDEST = (3, 11)
SAID_EVERY = 3.0
"""Seconds between two lines of progress where there is no terminal."""
_told = 0.0
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


def main() -> int:
    use_new_enough_python()
    wanted = "dev" if "--dev" in sys.argv[1:] else "run"
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        install(wanted)
    compileall.compile_dir(ROOT / "acm", quiet=2, workers=0)  # where Python may not write, each start would compile
    return subprocess.run([PYTHON, ROOT / "frontend" / "build.py"], check=False).returncode


def use_new_enough_python() -> None:
    """Go on under python3.11+ of the PATH if this one is older."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    sys.exit(f"set-up: ACM needs Python {OLDEST[0]}.{OLDEST[1]} or newer, this is {sys.version.split()[0]}.")


def make_environment() -> None:
    if PYTHON.exists():
        return
    say("making .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("set-up: python -m venv failed; on Debian and Ubuntu it comes with the package python3-venv.")


def install(wanted: str) -> None:
    done = stamp()
    hashes = {name: file_hash(ROOT / lock) for name, lock in LOCKS.items()}
    if done.get(wanted) != hashes[wanted]:
        install_locked(ROOT / LOCKS[wanted])
        # The dev lock is the other one and more, so whoever has it has both.
        done |= hashes if wanted == "dev" else {"run": hashes["run"]}
        STAMP.write_text(json.dumps(done))
    project = project_hash()
    if done.get("project") != project:
        say("installing the command acm")
        pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        STAMP.write_text(json.dumps(done | {"project": project}))


def stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def project_hash() -> str:
    """Hash of what the installed command depends on: not of the tools' settings beside it."""
    import tomllib  # new in 3.11: only there once the interpreter is known to be new enough

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [settings["build-system"], settings["project"], settings.get("tool", {}).get("setuptools")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def install_locked(lock: Path) -> None:
    total = sum(1 for line in lock.read_text().splitlines() if "==" in line and not line.startswith(" "))
    say(f"installing up to {total} libraries from {lock.name}, each checked by its hash")
    pip("install", "--require-hashes", "--requirement", str(lock), total=total)


def pip(*arguments: str, total: int = 0) -> None:
    """Run pip with a bar that counts libraries; what it said is shown only if it failed."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    said: list[str] = []
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            said.append(line)
            if total and line.startswith(("Collecting ", "Requirement already satisfied: ")):
                seen += 1
                show_bar(seen, total, line.partition(":")[2].strip() or line.split()[1])
            elif total and line.startswith("Installing collected"):
                show_bar(total, total, "unpacking")
    if total and sys.stdout.isatty():
        print()
    if process.returncode:
        sys.exit("".join(said[-30:]) + "set-up: pip failed; see above.")


def show_bar(seen: int, total: int, word: str) -> None:
    """A bar in a terminal, elsewhere a line every few seconds."""
    global _told
    if sys.stdout.isatty():
        filled = 24 * seen // total
        print(f"\r  [{'#' * filled}{'.' * (24 - filled)}] {seen}/{total} {word[:40]:<40}", end="", flush=True)
    elif time.monotonic() - _told >= SAID_EVERY or seen == total:
        _told = time.monotonic()
        say(f"{seen} of {total} libraries: {word[:40]}")


def say(sentence: str) -> None:
    print(f"set-up: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

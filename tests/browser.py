"""A real browser that visits pages and runs what a test types into its console."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
]  # fmt: skip

EXEC = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Starts the browser, which reads descriptor 3 and writes to 4."""


class Browser:
    """A headless Chromium, spoken to through pipes in its DevTools protocol."""

    def __init__(self, to: Any, back: Any) -> None:
        self.to, self.back = to, back
        self.number = 0
        self.console: list[str] = []
        """What pages complained of."""

    def visit(self, url: str, *, width: int = 1200, is_dark: bool = False) -> None:
        """Open a page in a new tab, and wait until it is loaded."""
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", {}, tab=True)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", size, tab=True)
        theme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._call("Emulation.setEmulatedMedia", {"features": [theme]}, tab=True)
        self._call("Page.navigate", {"url": url}, tab=True)
        self.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def run(self, script: str) -> Any:
        """The value of an expression on the page; that of a promise is waited for."""
        wanted = {"expression": script, "awaitPromise": True, "returnByValue": True}
        found = self._call("Runtime.evaluate", wanted, tab=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def _call(self, method: str, parameters: dict[str, Any], *, tab: bool = False) -> Any:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters} | (
            {"sessionId": self.session} if tab else {}
        )
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while True:
            answer = json.loads(self._read())
            if answer.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                self.console.append(json.dumps(answer["params"]))
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> bytes:
        found = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            assert byte, "the browser has ended"
            found += byte
        return bytes(found)


def _pipe() -> tuple[int, int]:
    """A pipe whose descriptors are not 3 or 4."""
    first, second = ends = os.pipe()
    moved = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 10), fcntl.fcntl(second, fcntl.F_DUPFD_CLOEXEC, 10)
    for each in ends:
        os.close(each)
    return moved


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile; the test is skipped if this machine has none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    (its_input, to), (back, its_output) = _pipe(), _pipe()
    command = [sys.executable, "-c", EXEC, str(its_input), str(its_output), found, *FLAGS, f"--user-data-dir={profile}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=(its_input, its_output), stdout=quiet, stderr=quiet)
    os.close(its_input)
    os.close(its_output)
    try:
        with os.fdopen(to, "wb") as writer, os.fdopen(back, "rb") as reader:
            yield Browser(writer, reader)
    finally:
        process.terminate()
        process.wait()

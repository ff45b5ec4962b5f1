"""Draws docs/terminal.svg: a training on a real terminal, photographed while it runs. Needs tmux.

python docs/terminal.py
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
TARGET = Path(__file__).with_name("terminal.svg")
SESSION = "dnnctl-picture"
WIDTH, HEIGHT = 118, 30
LAST_EPOCH = "epoch 14/40"
"""The picture is taken when this epoch is on the screen."""
COMMAND = "dnnctl train configs/selu.yaml --set training.epochs=40"
TIMEOUT = 120.0


def tmux(*arguments: str) -> str:
    """What a tmux command prints."""
    return subprocess.run(["tmux", *arguments], capture_output=True, text=True, check=True).stdout


def photograph() -> str:
    """The screen of a terminal in the middle of a training, with its colours."""
    with tempfile.TemporaryDirectory() as folder:
        tmux("new-session", "-d", "-s", SESSION, "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(ROOT))
        try:
            path = f"PS1='$ ' PATH={Path(sys.executable).parent}:$PATH DNNCTL_RUNS_DIR={folder}"
            tmux("send-keys", "-t", SESSION, f"export {path}; clear", "Enter")
            time.sleep(1)
            tmux("send-keys", "-t", SESSION, COMMAND, "Enter")
            started = time.monotonic()
            while LAST_EPOCH not in (screen := tmux("capture-pane", "-e", "-p", "-t", SESSION)):
                if time.monotonic() - started > TIMEOUT:
                    raise SystemExit(f"the training has not come to {LAST_EPOCH}")
                time.sleep(0.05)
            return screen.replace(folder, "runs")
        finally:
            tmux("kill-session", "-t", SESSION)


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(photograph().rstrip()), soft_wrap=True)
    TARGET.write_text(console.export_svg(title="dnnctl train"), encoding="utf-8")


if __name__ == "__main__":
    main()

"""`make gpu-check` reports what it is for: no GPU, a broken promise, and that all hold. No process is started."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

import gpu_check
import pytest


class Commands:
    """`dnnctl` on a machine where training gives these digests, one after the other, and `verify-resume` this code."""

    def __init__(self, gpu: str = "0: NVIDIA A100", states: Sequence[str] = ("aa",), code: int = 0) -> None:
        self.gpu, self.states, self.code = gpu, list(states), code
        self.n_trained = 0
        self.called: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.called.append(arguments)
        text, code = {"doctor": self._doctor, "train": self._train, "verify-resume": self._verify}[arguments[0]]()
        return subprocess.CompletedProcess(arguments, code, text, "")

    def _doctor(self) -> tuple[str, int]:
        return json.dumps([{"subject": "gpu", "state": self.gpu, "hint": "install it"}]), 0

    def _train(self) -> tuple[str, int]:
        state = self.states[min(self.n_trained, len(self.states) - 1)]
        self.n_trained += 1
        rows = [{"event": "epoch_ended", "row": {"seconds": seconds}} for seconds in (9.0, 2.0, 2.0)]
        return "\n".join(map(json.dumps, [*rows, {"event": "run_ended", "summary": {"state": state}}])), 0

    def _verify(self) -> tuple[str, int]:
        return json.dumps({"differences": ["metrics.jsonl"] if self.code else [], "kills": [1, 2]}), self.code


def test_without_a_gpu_nothing_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    commands = Commands("none")
    assert gpu_check.main([], commands) == 2
    assert capsys.readouterr().out == "no GPU, so nothing was checked: none; install it\n"
    assert [call[0] for call in commands.called] == ["doctor"]


def test_kept_promises_are_listed_with_the_speed(capsys: pytest.CaptureFixture[str]) -> None:
    commands = Commands()
    assert gpu_check.main([], commands) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "GPUs: 0: NVIDIA A100"
    assert lines[-1] == "all promises hold on the gpu"
    assert "--  dense: an epoch takes 2.000 s on the gpu, 2.000 s on the cpu; the ratio is 1.0" in lines
    devices = {value for call in commands.called for value in call if value.startswith("runtime.device=")}
    assert devices == {"runtime.device=gpu", "runtime.device=cpu"}


@pytest.mark.parametrize(
    ("commands", "line"),
    [
        (Commands(states=["aa", "bb"]), "!!  dense, graph: two processes train the same bits (aa): NO. ['aa', 'bb']"),
        (Commands(code=1), "!!  dense, xla: the same bits after 2 kills and resume: NO. ['metrics.jsonl']"),
    ],
)
def test_a_broken_promise_is_named(commands: Commands, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.main([], commands) == 1
    lines = [each.rstrip() for each in capsys.readouterr().out.splitlines()]
    assert line in lines
    assert lines[-1] == "BROKEN: see the lines with !!"

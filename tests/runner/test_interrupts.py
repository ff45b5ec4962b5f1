"""Signals that stop training: the first one, the second one, and ignored ones."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from dnnctl.errors import InterruptedRunError
from dnnctl.runner.interrupts import Interrupts

IN_A_LONG_CALL = """
import hashlib, os, signal
from dnnctl.runner.interrupts import Interrupts
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
with Interrupts() as signals, signals.deferred():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # takes minutes, in which Python calls no handlers
"""


@pytest.mark.parametrize(("first", "second", "code"), [("SIGINT", "SIGINT", 130), ("SIGTERM", "SIGHUP", 129)])
def test_the_second_signal_ends_the_process_in_the_middle_of_a_call(first: str, second: str, code: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", IN_A_LONG_CALL], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.Signals[first])
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.Signals[second])
    assert process.wait(timeout=20) == code
    process.stdout.close()


def test_the_first_signal_is_stored_while_deferred_and_raised_otherwise() -> None:
    with Interrupts() as signals:
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            assert signals.received == signal.SIGTERM
        with pytest.raises(InterruptedRunError, match="interrupted by SIGTERM") as caught:
            signals.check()
    assert caught.value.exit_code == 143
    with Interrupts(), pytest.raises(InterruptedRunError):
        signal.raise_signal(signal.SIGHUP)


def test_ignored_signals_stay_ignored_and_earlier_handlers_are_restored() -> None:
    def mine(*_: object) -> None: ...

    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, mine)
        with Interrupts() as signals:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGHUP)
            assert signals.received is None
        assert (signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM)) == (signal.SIG_IGN, mine)
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_sigusr1_stops_training() -> None:
    with Interrupts(), pytest.raises(InterruptedRunError, match="interrupted by SIGUSR1") as caught:
        signal.raise_signal(signal.SIGUSR1)
    assert caught.value.exit_code == 128 + signal.SIGUSR1

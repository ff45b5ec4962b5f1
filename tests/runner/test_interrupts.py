"""Signals that stop training: the first one, the second one, and ignored ones."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from dnnctl.errors import InterruptedRunError
from dnnctl.runner import interrupts
from dnnctl.runner.interrupts import Interrupts

IN_A_LONG_CALL = """
import hashlib, os, signal
from dnnctl.runner.interrupts import Interrupts
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
with Interrupts() as signals, signals.raised(), signals.deferred():
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
    with Interrupts() as signals, signals.raised():
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            assert signals.received == signal.SIGTERM
        with pytest.raises(InterruptedRunError, match="interrupted by SIGTERM") as caught:
            signals.check()
    assert caught.value.exit_code == 143
    with pytest.raises(InterruptedRunError), Interrupts() as signals, signals.raised():
        signal.raise_signal(signal.SIGHUP)


def test_code_that_catches_every_exception_does_not_lose_the_signal() -> None:
    """As Keras does while it builds a layer."""

    def build() -> None:
        with suppress(Exception):
            signal.raise_signal(signal.SIGTERM)
        pytest.fail("the signal is lost")

    with pytest.raises(InterruptedRunError, match="SIGTERM"), Interrupts() as signals, signals.raised():
        build()


@pytest.mark.usefixtures("restored_signals")
def test_an_exception_that_is_made_of_the_signal_is_reported_as_the_signal() -> None:
    """As where Python code is called from C++."""

    def call_from_another_language() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            raise TypeError("bad argument") from None

    with pytest.raises(InterruptedRunError, match="SIGINT") as caught, Interrupts() as signals, signals.raised():
        call_from_another_language()
    assert caught.value.exit_code == 130


def test_a_signal_that_was_lost_is_raised_at_the_next_check() -> None:
    with Interrupts() as signals, signals.raised():
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(InterruptedRunError, match="SIGTERM"):
            signals.check()


def test_other_exceptions_stay_themselves_after_a_deferred_signal() -> None:
    """A bug is reported as a bug, even if a signal has been recorded."""

    def fail() -> None:
        signal.raise_signal(signal.SIGTERM)
        raise TypeError

    with pytest.raises(TypeError), Interrupts() as signals, signals.raised(), signals.deferred():
        fail()


def test_a_signal_before_the_context_is_raised_when_it_starts() -> None:
    with Interrupts() as signals:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(InterruptedRunError), signals.raised():
            pytest.fail("the signal is lost")


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


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_the_signals_of_clusters_stop_training(number: signal.Signals) -> None:
    message = f"interrupted by {number.name}"
    with pytest.raises(InterruptedRunError, match=message) as caught, Interrupts() as signals, signals.raised():
        signal.raise_signal(number)
    assert caught.value.exit_code == 128 + number


def test_an_echo_of_the_first_signal_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster signals every process of a job, and the parent of a process passes the signal on."""
    ended: list[int] = []
    monkeypatch.setattr(interrupts, "_end_at_once", ended.append)
    for echo, codes in ((3600.0, []), (0.0, [signal.SIGUSR1])):
        with Interrupts(echo=echo):
            (counter,) = (thread for thread in threading.enumerate() if thread.name == "signals")
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
        counter.join()
        assert ended == codes

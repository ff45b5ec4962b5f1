"""What each failure prints, and its exit code."""

from __future__ import annotations

import errno
import os
import signal

import pytest
import typer

from dnnctl.cli.failure import failures_reported


def end_of(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and the message of a command that fails."""
    with pytest.raises(typer.Exit) as caught, failures_reported():
        raise error
    return caught.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.ENAMETOOLONG, "x.txt: File name too long"), (errno.EMFILE, "`ulimit -n")]
)
def test_a_failure_of_the_operating_system_is_a_user_error(
    number: int, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, message = end_of(OSError(number, os.strerror(number), "x.txt"), capsys)
    assert (code, hint in message, message.count("\n")) == (2, True, 1)


def test_too_little_memory_is_a_user_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, message = end_of(MemoryError(), capsys)
    assert (code, "too little memory" in message) == (2, True)


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), failures_reported():
        raise ZeroDivisionError


@pytest.mark.usefixtures("restored_signals")
def test_an_exception_that_is_made_of_ctrl_c_is_an_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    """Code in another language that calls Python may turn KeyboardInterrupt into something else."""

    def call_from_another_language() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise SystemError("raised unreported exception") from None

    with pytest.raises(typer.Exit) as caught, failures_reported():
        call_from_another_language()
    assert (caught.value.exit_code, capsys.readouterr().err) == (130, "interrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

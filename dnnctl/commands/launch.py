"""`launch`: the workers of a distributed training as processes of this machine.

The first one is the chief: it prints to this terminal. The output of the others is kept, and shown if one of them is
the first to fail.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

from dnnctl.commands.parent import tied_to_this_process
from dnnctl.commands.team import TF_CONFIG
from dnnctl.errors import DnnctlError
from dnnctl.runner.interrupts import SIGNALS

PROGRAM = (sys.executable, "-m", "dnnctl")
GRACE = 30.0
"""The seconds that the other workers have to end by themselves when one has failed."""
SHORT_GRACE = 2.0
"""The same when the chief has ended: without it, they have nothing to do."""
POLL = 0.05
MAX_LINES = 20


@dataclass
class Worker:
    """A worker process."""

    number: int
    popen: subprocess.Popen[bytes]
    output: IO[bytes] | None
    """What it has printed; None for the chief."""
    is_asked: bool = False
    """Whether it was asked to end."""

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs. For a signal it is negative."""
        return self.popen.poll()


def launch(arguments: Sequence[str], n: int) -> int:
    """Run a command of dnnctl in n processes that know each other, and return the exit code.

    The exit code is that of the first process that fails.

    Args:
        arguments: `train` or `resume` with its arguments.

    Raises:
        DnnctlError: a worker was the first to fail, but not the chief, which would have printed the reason.
    """
    addresses = [f"127.0.0.1:{port}" for port in free_ports(n)]
    with ExitStack() as stack:
        workers = [_start(arguments, addresses, number, stack) for number in range(n)]
        with _signals_forwarded(workers):
            failed = _wait(workers)
        if failed is None:
            return 0
        assert failed.code is not None
        if failed.number and failed.code not in _interrupted_codes():
            raise WorkerFailedError(_explanation(failed), failed.code)
        return failed.code if failed.code > 0 else 128 - failed.code


class WorkerFailedError(DnnctlError):
    """A worker other than the chief was the first to fail."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code if code > 0 else DnnctlError.exit_code


def free_ports(n: int) -> list[int]:
    """Ports of this machine that nothing uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def tf_config(addresses: Sequence[str], number: int) -> str:
    """TF_CONFIG for one of the workers."""
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": number}})


def _start(arguments: Sequence[str], addresses: Sequence[str], number: int, stack: ExitStack) -> Worker:
    output = stack.enter_context(TemporaryFile()) if number > 0 else None  # noqa: SIM115 (the stack closes it)
    tied = tied_to_this_process()
    tied["env"][TF_CONFIG] = tf_config(addresses, number)
    command = [*PROGRAM, *arguments]
    popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0, **tied)
    stack.callback(_end, popen)
    return Worker(number, popen, output)


def _wait(workers: Sequence[Worker]) -> Worker | None:
    """Wait until all workers have ended; return the first one that has failed."""
    failed: Worker | None = None
    since: float | None = None
    while running := [worker for worker in workers if worker.code is None]:
        failed = failed or _first_failed(workers)
        has_chief = workers[0] in running
        if since is None and (failed is not None or not has_chief):
            since = time.monotonic()
        if since is not None:
            _end_after(time.monotonic() - since - (GRACE if has_chief else SHORT_GRACE), running)
        time.sleep(POLL)
    return failed or _first_failed(workers)


def _first_failed(workers: Sequence[Worker]) -> Worker | None:
    return next((worker for worker in workers if worker.code), None)


def _end_after(overdue: float, running: Sequence[Worker]) -> None:
    """Ask workers to end if they are overdue; kill them if they do not."""
    for worker in running:
        if overdue > GRACE:
            worker.popen.kill()
        elif overdue > 0 and not worker.is_asked:
            worker.popen.terminate()
            worker.is_asked = True


@contextmanager
def _signals_forwarded(workers: Sequence[Worker]) -> Iterator[None]:
    """A context in which every signal that stops training goes to all workers."""

    def forward(number: int, _frame: Any) -> None:
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.popen.send_signal(number)

    before = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, forward)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupted_codes() -> set[int]:
    return {128 + number for number in SIGNALS}


def _explanation(worker: Worker) -> str:
    """What happened to a worker, and the end of what it has printed."""
    assert worker.code is not None
    assert worker.output is not None
    how = f"exit code {worker.code}" if worker.code > 0 else signal.Signals(-worker.code).name
    worker.output.seek(0)
    lines = worker.output.read().decode(errors="replace").splitlines()[-MAX_LINES:]
    return "\n".join([f"Worker {worker.number} ended first, with {how}.", *lines])


def _end(popen: subprocess.Popen[bytes]) -> None:
    if popen.poll() is None:
        popen.kill()
    popen.wait()

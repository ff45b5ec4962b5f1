"""The connection of the processes that train one model together: sums over all of them, inside and outside of graphs.

TensorFlow's collective operations do the work: a ring on CPUs, NCCL on GPUs. `MultiWorkerMirroredStrategy` only starts
them, with the heartbeats that find dead processes; the model and its variables know nothing of it.

Shapes: R is the number of processes.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from dnnctl.errors import DistributionError, WorkerLostError

GROUP = 1_000
"""The key of the group of all processes, and the first key of an operation: those of the strategy are smaller."""
WORD = 4
"""The bytes of an int32."""
POLL = 0.2
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)


class Collective:
    """Sums over all processes. All of them must call the same methods in the same order.

    Args:
        addresses: HOST:PORT of each process; the first one is the chief.
        number: which of them this process is.
    """

    def __init__(self, addresses: Sequence[str], number: int) -> None:
        self.addresses = tuple(addresses)
        self.number = number
        self._keys = count(GROUP)
        self._sum = tf.function(self.sum, autograph=False)

    @property
    def n(self) -> int:
        """R"""
        return len(self.addresses)

    def sum(self, values: Any) -> Any:
        """The sum of a tensor over all processes, in a graph. With two of them it does not depend on their order."""
        return tf.raw_ops.CollectiveReduceV2(
            input=values,
            group_size=self.n,
            group_key=GROUP,
            instance_key=next(self._keys),
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            communication_hint="nccl" if tf.config.list_logical_devices("GPU") else "ring",
        )

    def of_chief(self, number: int) -> int:
        """The chief's number."""
        return int(self._total([0 if self.number else number])[0])

    def largest(self, number: int) -> int:
        """The largest number of all processes."""
        return int(np.max(self._gather([number])))

    def same(self, text: str) -> list[int]:
        """The numbers of the processes whose text differs from the chief's."""
        words = np.frombuffer(sha256(text.encode()).digest(), np.int32)
        everyone = self._gather(words)
        return [number for number, theirs in enumerate(everyone) if not np.array_equal(theirs, everyone[0])]

    def broadcast(self, data: bytes) -> bytes:
        """The chief's bytes."""
        n_bytes = self.of_chief(len(data))
        words = np.zeros(-(-n_bytes // WORD), np.int32)
        if self.number == 0:
            words = np.frombuffer(data.ljust(len(words) * WORD, b"\0"), np.int32)
        return bytes(self._total(words).tobytes()[:n_bytes])

    def _gather(self, words: Any) -> Any:
        """(R, …) the numbers of all processes."""
        own = np.zeros((self.n, len(words)), np.int32)
        own[self.number] = words
        return self._total(own)

    def _total(self, words: Any) -> Any:
        return self._sum(tf.constant(words, tf.int32)).numpy()


def connect(addresses: Sequence[str], number: int, *, timeout: float) -> Collective:
    """Start this process's server, and wait for the other processes. Must precede every operation of TensorFlow.

    Raises:
        DistributionError: the port is in use, or not all processes have come in time.
    """
    _check_port(addresses[number])
    collective, failures = Collective(addresses, number), list[BaseException]()
    starting = threading.Thread(target=_start, args=(collective, failures), name="connect", daemon=True)
    starting.start()
    end = time.monotonic() + timeout
    while starting.is_alive() and time.monotonic() < end:
        starting.join(POLL)  # waiting inside TensorFlow, Python could not handle signals
    _restore_signals()
    if starting.is_alive() or failures:
        reason = f" ({str(failures[0]).splitlines()[0]})" if failures else ""
        raise DistributionError(
            f"Not all {len(addresses)} workers ({', '.join(addresses)}) could be reached within {timeout:g} s{reason}. "
            f"Start all of them at the same time: `dnnctl launch` does it on one machine."
        )
    return collective


def _start(collective: Collective, failures: list[BaseException]) -> None:
    """Start this process's server; return when all processes are there."""
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.AUTO
    )
    cluster = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(collective.addresses)}),
        task_type="worker",
        task_id=collective.number,
        rpc_layer="grpc",
    )
    try:
        tf.distribute.MultiWorkerMirroredStrategy(cluster, options)
        collective.largest(collective.number)
    except BaseException as error:
        failures.append(error)


def _restore_signals() -> None:
    """Handle SIGTERM in Python again: TensorFlow's coordination service has installed a handler that does nothing."""
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check_port(address: str) -> None:
    """Check that this process can listen at its address: TensorFlow's own message does not name the port."""
    port = int(address.rpartition(":")[2])
    with closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError as error:
            raise DistributionError(
                f"This worker cannot listen at port {port} ({address}): {error.strerror}. Choose another port."
            ) from None


@contextmanager
def losses_explained() -> Iterator[None]:
    """Turn the failure of a collective operation into an error that says what it means.

    Raises:
        WorkerLostError: another process has ended or cannot be reached.
    """
    try:
        yield
    except LOST as error:
        raise WorkerLostError(
            "Another worker of this training has ended, or cannot be reached, so that this one ends, too. "
            f"The output of the other worker says why. TensorFlow reports: {str(error.message).splitlines()[0]}"
        ) from None

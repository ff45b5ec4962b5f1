"""What the processes of a distributed training agree on. A process without others agrees with itself."""

from __future__ import annotations

from dataclasses import dataclass

from dnnctl.engine.collective import Collective, connect
from dnnctl.errors import DistributionError, DnnctlError
from dnnctl.runner.team import Team
from dnnctl.specs.distribution import MultiWorker
from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.load import digest
from dnnctl.store.environment import EXACT_PACKAGES, installed_version


@dataclass(frozen=True)
class Peers:
    """The processes that train the same model."""

    collective: Collective | None = None

    def pace(self, n_steps: int) -> int:
        """The number of steps of the next engine call: the chief's, so that all processes stop at the same step."""
        return n_steps if self.collective is None else self.collective.of_chief(n_steps)

    def signal(self, received: int | None) -> int | None:
        """The signal that any of the processes has received; None if there is none."""
        return received if self.collective is None else self.collective.largest(received or 0) or None

    def check_same(self, what: str, text: str) -> None:
        """Check that a text is the same in all processes.

        Raises:
            DistributionError: it differs.
        """
        different = [] if self.collective is None else self.collective.same(text)
        if different:
            raise DistributionError(f"Worker {_enumerated(different)} and the chief do not have the same {what}.")

    def check_state(self, state: str) -> None:
        """Check that all processes end with the same state.

        Raises:
            DnnctlError: they do not.
        """
        different = [] if self.collective is None else self.collective.same(state)
        if different:
            raise DnnctlError(
                f"The weights of worker {_enumerated(different)} and of the chief differ after the last step, so the "
                f"result is wrong. Different processors or libraries compute different bits: use machines of one kind."
            )


ALONE = Peers()


def join(spec: Spec, team: Team | None) -> Peers:
    """Connect to the other processes of a training, if there are any. Must precede every operation of TensorFlow.

    Raises:
        DistributionError: the processes do not find each other, or do not train the same.
    """
    if team is None or team.n == 1:
        return ALONE
    assert isinstance(spec.runtime.distribution, MultiWorker), "only such a spec has a team"
    peers = Peers(connect(team.addresses, team.number, timeout=spec.runtime.distribution.timeout))
    peers.check_same("spec", digest(spec))
    for package in EXACT_PACKAGES:
        peers.check_same(f"version of {package}", str(installed_version(package)))
    return peers


def _enumerated(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))

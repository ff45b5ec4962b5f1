"""What the workers of a distributed training do, except the chief: they compute their part of every step.

They write nothing. The chief sends the state that training starts or continues from. From then on they do what it does,
because everything that decides about training (losses, metrics, validation) is the same bits in all workers.
"""

from __future__ import annotations

from pathlib import Path

from dnnctl.engine.collective import losses_explained
from dnnctl.engine.variables import read_state, state_digest
from dnnctl.events.event import Report, WorkerEnded, WorkerJoined, ignore
from dnnctl.runner.examples import place_all
from dnnctl.runner.facts_keeper import FactsInMemory
from dnnctl.runner.interrupts import Interrupts
from dnnctl.runner.loop import Loop
from dnnctl.runner.setup import prepare
from dnnctl.runner.shared_state import receive_state
from dnnctl.runner.stages import Stages
from dnnctl.runner.team import Team
from dnnctl.specs.experiment import Spec
from dnnctl.store.facts import RunFacts


def assist(spec: Spec, team: Team, report: Report, interrupts: Interrupts, *, pretrained: Path | None = None) -> None:
    """Train a spec together with the chief, which writes the run.

    Args:
        pretrained: the file of the network that the spec reuses.

    Raises:
        WorkerLostError: another worker has ended.
    """
    report(WorkerJoined(team.number, team.n, team.addresses[0]))
    with losses_explained():
        setup, dataset = prepare(spec, ignore, pretrained=pretrained, team=team)
        collective = setup.peers.collective
        assert collective is not None, "the chief does not assist itself"
        stages = Stages(setup, place_all(setup, dataset), FactsInMemory(RunFacts()), ignore)
        del dataset
        loop: Loop | None = receive_state(collective, stages)
        while loop is not None:
            loop.settle_schedule()
            _train_stage(loop, interrupts)
            state = state_digest(read_state(loop.engine.variables))
            loop = stages.after(loop)
        setup.peers.check_state(state)
    report(WorkerEnded(team.number, team.n, state))


def _train_stage(loop: Loop, interrupts: Interrupts) -> None:
    """Train until the loop ends, or until any of the workers has received a signal."""
    with interrupts.deferred():
        for _ in loop.run():
            interrupts.received = loop.peers.signal(interrupts.received)
            if interrupts.received is not None:
                break
    interrupts.check()

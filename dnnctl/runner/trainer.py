"""One training run from top to bottom, given its folder."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

from dnnctl.advice.training import advise
from dnnctl.builder.model import count_parameters
from dnnctl.engine.engine import Engine
from dnnctl.engine.variables import read_state, state_digest
from dnnctl.errors import DivergedError
from dnnctl.events.event import Event, Report, Reused, RunEnded, StepsDone
from dnnctl.runner.checkpointing.best_weights import BestWeights
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.checkpointing.progress import EpochDone
from dnnctl.runner.checkpointing.resume import Resume, recorded_compilation
from dnnctl.runner.checkpointing.roll_back import RollBack
from dnnctl.runner.examples import Examples, place_all
from dnnctl.runner.interrupts import Interrupts
from dnnctl.runner.loop import Halt, Loop
from dnnctl.runner.probing import epoch_probe
from dnnctl.runner.results import measure, plain_model, summarize, write_predictions
from dnnctl.runner.setup import Setup, layer_table, prepare
from dnnctl.runner.shared_state import send_state
from dnnctl.runner.stages import Stages
from dnnctl.runner.team import Team
from dnnctl.specs.experiment import Spec
from dnnctl.store.facts import CompileFacts, DeviceFacts, RunFacts
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.writer import RunWriter

StartEvent = Literal["started", "forked", "resumed"]


def run_training(
    spec: Spec,
    writer: RunWriter,
    report: Report,
    interrupts: Interrupts,
    *,
    event: StartEvent = "started",
    accept_changed_data: bool = False,
    halt: Halt | None = None,
    team: Team | None = None,
) -> None:
    """Train the spec of a run, from scratch or from the state in the run's folder.

    Args:
        halt: what may end training early.
        team: the processes that train together, of which this one is the chief; None if it trains alone.
    """
    started = time.perf_counter()
    run = writer.record
    resume = None if event == "started" else Resume(accept_changed_data)
    compilation = recorded_compilation(run) if resume else None
    setup, dataset = prepare(spec, report, compilation=compilation, pretrained=pretrained_copy(run), team=team)
    differences = resume.compare(run, setup) if resume else []
    examples = place_all(setup, dataset)
    probe = epoch_probe(setup, dataset)
    del dataset  # training uses the copy on the device
    _record_setup(writer, setup, report)
    stages = Stages(setup, examples, writer, report)
    best = BestWeights(setup.model, partial(plain_model, setup), writer)
    log = MetricLog(writer, setup.model.weights if "histograms" in spec.runtime.log else (), probe)
    checkpointer = Checkpointer(writer, spec.training.checkpoint, best, log)
    loop = resume.restore(writer, stages, checkpointer, differences, report) if resume else stages.first()
    checkpointer.check_room(loop.engine.variables)
    interrupts.check()  # building the model may have lost it
    writer.start(event)
    try:
        if setup.peers.collective is not None:
            send_state(setup.peers.collective, loop)
        roll_back = RollBack(spec.training.on_divergence, writer, checkpointer, report)
        loop = _train_all(stages, loop, roll_back, interrupts, report, halt)
        state = state_digest(read_state(loop.engine.variables))
        setup.peers.check_state(state)
    except BaseException:
        with suppress(OSError):
            best.restore()
        raise
    finally:
        log.close()
    _finish(writer, setup, examples, loop, checkpointer, report, state=state, started=started)


def _train_all(
    stages: Stages, loop: Loop, roll_back: RollBack, interrupts: Interrupts, report: Report, halt: Halt | None
) -> Loop:
    """Train every stage; return the loop of the last one."""
    while True:
        loop.settle_schedule()
        loop.halt = halt if loop.stage.kind.trains_model else None
        _train_stage(loop, roll_back, interrupts, report)
        following = None if _is_halted(stages.keeper.facts, loop) else stages.after(loop)
        if following is None:
            return loop
        loop = following
        roll_back.enter()


def _is_halted(facts: RunFacts, loop: Loop) -> bool:
    """Whether the sweep of the run has stopped it at this epoch, now or before it was resumed."""
    trial = facts.trial
    return trial is not None and trial.stopped is not None and loop.epoch >= trial.stopped


def _train_stage(loop: Loop, roll_back: RollBack, interrupts: Interrupts, report: Report) -> None:
    """Train until the loop ends or a signal stops it; go back where the loss diverges, if the spec says so."""
    with interrupts.deferred():
        roll_back.start(loop)
        while True:
            try:
                _run(loop, roll_back, interrupts, report)
                break
            except DivergedError as error:
                roll_back.go_back(loop, error)
    interrupts.check()


def _run(loop: Loop, roll_back: RollBack, interrupts: Interrupts, report: Report) -> None:
    """Save and report what the loop yields, until the loop ends or a signal stops it."""
    checkpointer, paths = roll_back.checkpointer, loop.engine.variables.keys()
    for done in loop.run():
        assert loop.engine.variables.keys() == paths, "a step created a variable that checkpoints do not hold"
        event = done if isinstance(done, StepsDone) else _record_epoch(done, loop, checkpointer)
        is_good = roll_back.see(done, loop)
        interrupts.received = loop.peers.signal(interrupts.received)
        is_stopping = interrupts.received is not None
        if is_stopping or isinstance(done, EpochDone) or checkpointer.is_due(loop):
            checkpointer.save(loop, wait=is_stopping or loop.is_over, is_anchor=is_good)
        report(event)
        if is_stopping:
            break
    checkpointer.finish()


def _record_epoch(done: EpochDone, loop: Loop, checkpointer: Checkpointer) -> Event:
    """Write an epoch's row, and keep its weights if they are the best so far."""
    stage = loop.stage
    if stage.kind.trains_model and done.is_best:
        checkpointer.best.keep(stage.number)
    checkpointer.log.add_row(done.row, stage.kind.rows_file)
    return stage.kind.epoch_event(done)


def _finish(
    writer: RunWriter,
    setup: Setup,
    examples: Examples,
    loop: Loop,
    checkpointer: Checkpointer,
    report: Report,
    *,
    state: str,
    started: float,
) -> None:
    """Write the models, the predictions and the summary."""
    engine, best, log = loop.engine, checkpointer.best, checkpointer.log
    assert isinstance(engine, Engine), "the last stage trains the model itself"
    writer.write_last_model(plain_model(setup, loop.stage.number).save)
    last = measure(engine, examples.measured)
    best.restore()
    is_same = loop.last is not None and loop.best.best_epoch == loop.last.row["epoch"]
    measured = last if is_same else measure(engine, examples.measured)
    targets = write_predictions(writer, setup, engine, examples)
    seconds = time.perf_counter() - started
    summary = summarize(
        writer, setup, loop, log, best=measured, last=last, targets=targets, state=state, seconds=seconds
    )
    written = writer.write_summary(summary)
    report(RunEnded(written, advise(writer.read())))


def _record_setup(writer: RunWriter, setup: Setup, report: Report) -> None:
    """Add what is known now to run.json; a resumed run keeps what its first process recorded."""
    reuse = writer.facts.reuse
    if setup.encoding is not None:
        writer.write_encoding(setup.encoding)
    if writer.facts.data is None:
        writer.add_facts(
            device=DeviceFacts(
                setup.device.kind,
                setup.device.name,
                setup.device.n_threads,
                dict(setup.device.software),
                setup.device.n_replicas,
            ),
            data=setup.data,
            target=setup.target,
            input_range=setup.input_range,
            compile=CompileFacts(setup.compilation.mode, setup.compilation.reason),
            parameters=count_parameters(setup.model)[0],
            layers=tuple(layer_table(setup.model)),
            reuse=reuse and replace(reuse, layers=tuple(setup.reused)),
        )
    if reuse is not None:
        matched = setup.transfer.matched if setup.transfer else []
        report(Reused(reuse.run or reuse.path, list(setup.reused), setup.spec.data.array_scaling, matched))

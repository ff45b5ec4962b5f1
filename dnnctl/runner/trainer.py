"""One experiment from top to bottom, once the run's folder is there."""

from __future__ import annotations

import time
from contextlib import suppress

from dnnctl.builder.model import count_parameters
from dnnctl.engine.variables import read_state, state_digest
from dnnctl.events.event import (
    EpochEnded,
    Event,
    PretrainingEpochEnded,
    Report,
    Reused,
    RunEnded,
    StepsDone,
)
from dnnctl.runner.checkpointing.best_weights import BestWeights
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.runner.checkpointing.resume import Resume, data_facts, recorded_compilation
from dnnctl.runner.interrupts import Interrupts
from dnnctl.runner.loop import EpochDone, Loop
from dnnctl.runner.results import measure, plain_model, summarize, write_predictions
from dnnctl.runner.setup import Setup, layer_table, prepare
from dnnctl.runner.stages import Stages
from dnnctl.specs.experiment import Spec
from dnnctl.store.creation import add_facts
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord


def run_training(spec: Spec, run: RunRecord, report: Report, signals: Interrupts, resume: Resume | None = None) -> None:
    """Train a spec into its run's folder, from the beginning or from where an interrupted process left it."""
    started = time.perf_counter()
    compilation = recorded_compilation(run) if resume else None
    setting = prepare(spec, report, compilation=compilation, source=pretrained_copy(run))
    differences = resume.compare(run, setting) if resume else []
    _record_setting(run, setting)
    source = run.facts.get("reuse")
    if source:
        report(Reused(source["run"] or source["path"], list(setting.reused)))
    stages = Stages(setting, run, report)
    setting = stages.setting
    best, records = BestWeights(setting.model, run.folder.model), MetricLog(run.folder)
    checkpointer = Checkpointer(run.folder.checkpoints, spec.training.checkpoint, best, records)
    loop = (
        resume.restore(run, stages, checkpointer, differences, report)
        if resume
        else checkpointer.attend(stages.begin())
    )
    checkpointer.check_room()
    try:
        loop = _follow_all(stages, loop, checkpointer, signals, report)
        state = state_digest(read_state(checkpointer.variables))
    except BaseException:
        with suppress(OSError):
            best.restore()
        raise
    finally:
        records.close()
    best.restore()
    summary = summarize(run, setting, loop, records) | measure(loop.engine, stages.parts)
    write_predictions(run.folder, setting, loop.engine, stages.parts)
    summary["state"] = state
    summary["seconds"] = round(time.perf_counter() - started, 3)
    records.write_summary(summary)
    report(RunEnded(summary))


def _follow_all(stages: Stages, loop: Loop, checkpointer: Checkpointer, signals: Interrupts, report: Report) -> Loop:
    """Train stage after stage; returns the last one's loop."""
    while True:
        if not loop.stage.is_pretraining:
            checkpointer.best.plain = plain_model(stages.setting, loop.stage.number)
        _follow(loop, checkpointer, signals, report)
        following = stages.after(loop)
        if following is None:
            return loop
        loop = checkpointer.attend(following)


def _follow(loop: Loop, checkpointer: Checkpointer, signals: Interrupts, report: Report) -> None:
    """Save and report what the loop yields, until it is over or a signal stops it."""
    with signals.deferred():
        for happening in loop.run():
            fact = happening if isinstance(happening, StepsDone) else _keep(happening, loop, checkpointer)
            is_stopping = signals.received is not None
            if is_stopping or isinstance(happening, EpochDone) or checkpointer.is_due():
                checkpointer.save(wait=is_stopping or loop.is_over)
            report(fact)
            if is_stopping:
                break
        checkpointer.finish()
    signals.check()


def _keep(happening: EpochDone, loop: Loop, checkpointer: Checkpointer) -> Event:
    """Write down what an epoch came to."""
    if loop.stage.is_pretraining:
        checkpointer.records.add_pretraining_row(happening.row)
        return PretrainingEpochEnded(happening.row)
    if happening.is_best:
        checkpointer.best.keep()
    checkpointer.records.add_row(happening.row)
    return EpochEnded(happening.row, happening.is_best)


def _record_setting(run: RunRecord, setting: Setup) -> None:
    if "data" in run.facts:
        return  # an interrupted run keeps what its first process recorded
    source = run.facts.get("reuse")
    add_facts(
        run,
        device={"kind": setting.device.kind, "name": setting.device.name, "threads": setting.device.n_threads},
        data=data_facts(setting),
        compile={"mode": setting.compilation.mode, "reason": setting.compilation.reason},
        parameters=count_parameters(setting.model)[0],
        layers=layer_table(setting.model),
        reuse=source and {**source, "layers": list(setting.reused)},
    )

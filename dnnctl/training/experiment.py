"""One experiment from top to bottom, once the run's folder is there."""

from __future__ import annotations

import time
from contextlib import suppress

from dnnctl.build.model import count_parameters
from dnnctl.specs.experiment import Spec
from dnnctl.store.creation import add_facts
from dnnctl.store.record import RunRecord
from dnnctl.training.best import BestWeights
from dnnctl.training.course import Course
from dnnctl.training.facts import (
    EpochEnded,
    Fact,
    PretrainingEpochEnded,
    Report,
    Reused,
    RunEnded,
    StepsDone,
)
from dnnctl.training.loop import EpochDone, Loop
from dnnctl.training.outcome import measure, plain_model, summarize, write_predictions
from dnnctl.training.records import Records
from dnnctl.training.resuming import Resuming, data_facts, recorded_compilation
from dnnctl.training.reusing import kept_source
from dnnctl.training.saver import Saver
from dnnctl.training.setting import Setting, layer_table, prepare
from dnnctl.training.signals import StopSignals
from dnnctl.training.state import read_state, state_digest


def conduct(spec: Spec, run: RunRecord, report: Report, signals: StopSignals, resuming: Resuming | None = None) -> None:
    """Train a spec into its run's folder, from the beginning or from where an interrupted process left it."""
    started = time.perf_counter()
    compilation = recorded_compilation(run) if resuming else None
    setting = prepare(spec, report, compilation=compilation, source=kept_source(run))
    differences = resuming.compare(run, setting) if resuming else []
    _record_setting(run, setting)
    source = run.facts.get("reuse")
    if source:
        report(Reused(source["run"] or source["path"], list(setting.reused)))
    course = Course(setting, run, report)
    setting = course.setting
    best, records = BestWeights(setting.model, run.folder.model), Records(run.folder)
    saver = Saver(run.folder.checkpoints, spec.training.checkpoint, best, records)
    loop = resuming.restore(run, course, saver, differences, report) if resuming else saver.attend(course.begin())
    saver.check_room()
    try:
        loop = _follow_all(course, loop, saver, signals, report)
        state = state_digest(read_state(saver.variables))
    except BaseException:
        with suppress(OSError):
            best.restore()
        raise
    finally:
        records.close()
    best.restore()
    summary = summarize(run, setting, loop, records) | measure(loop.engine, course.parts)
    write_predictions(run.folder, setting, loop.engine, course.parts)
    summary["state"] = state
    summary["seconds"] = round(time.perf_counter() - started, 3)
    records.write_summary(summary)
    report(RunEnded(summary))


def _follow_all(course: Course, loop: Loop, saver: Saver, signals: StopSignals, report: Report) -> Loop:
    """Train stage after stage; returns the last one's loop."""
    while True:
        if not loop.stage.is_pretraining:
            saver.best.plain = plain_model(course.setting, loop.stage.number)
        _follow(loop, saver, signals, report)
        following = course.after(loop)
        if following is None:
            return loop
        loop = saver.attend(following)


def _follow(loop: Loop, saver: Saver, signals: StopSignals, report: Report) -> None:
    """Save and report what the loop yields, until it is over or a signal stops it."""
    with signals.deferred():
        for happening in loop.run():
            fact = happening if isinstance(happening, StepsDone) else _keep(happening, loop, saver)
            is_stopping = signals.received is not None
            if is_stopping or isinstance(happening, EpochDone) or saver.is_due():
                saver.save(wait=is_stopping or loop.is_over)
            report(fact)
            if is_stopping:
                break
        saver.finish()
    signals.check()


def _keep(happening: EpochDone, loop: Loop, saver: Saver) -> Fact:
    """Write down what an epoch came to."""
    if loop.stage.is_pretraining:
        saver.records.add_pretraining_row(happening.row)
        return PretrainingEpochEnded(happening.row)
    if happening.is_best:
        saver.best.keep()
    saver.records.add_row(happening.row)
    return EpochEnded(happening.row, happening.is_best)


def _record_setting(run: RunRecord, setting: Setting) -> None:
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

"""One experiment from top to bottom, once the run's folder is there."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from dnnctl.build.loss import build_loss
from dnnctl.build.model import count_parameters
from dnnctl.build.optimizer import build_optimizer
from dnnctl.data.dataset import Part
from dnnctl.spec.experiment import Spec
from dnnctl.spec.schedule import OneCycle
from dnnctl.store.creation import add_facts
from dnnctl.store.files import write_through
from dnnctl.store.record import RunRecord
from dnnctl.training.best import BestWeights
from dnnctl.training.engine.engine import Engine, OnDevice
from dnnctl.training.facts import (
    EpochEnded,
    RateFound,
    Report,
    RunEnded,
    StepsDone,
)
from dnnctl.training.loop import EpochDone, Loop
from dnnctl.training.monitor import Monitor
from dnnctl.training.rate_finder import suggest, sweep
from dnnctl.training.rates import Rates
from dnnctl.training.records import Records
from dnnctl.training.resuming import Resuming, data_facts, recorded_compilation
from dnnctl.training.saver import Saver
from dnnctl.training.setting import Setting, layer_table, make_engine, place, prepare
from dnnctl.training.signals import StopSignals
from dnnctl.training.state import read_state, state_digest, state_variables


def conduct(spec: Spec, run: RunRecord, report: Report, signals: StopSignals, resuming: Resuming | None = None) -> None:
    """Train a spec into its run's folder, from the beginning or from where an interrupted process left it."""
    started = time.perf_counter()
    setting = prepare(spec, report, compilation=recorded_compilation(run) if resuming else None)
    differences = resuming.compare(run, setting) if resuming else []
    _record_setting(run, setting)
    engine = make_engine(setting)
    setting = _with_found_rate(setting, run, engine, report)
    parts = {role: place(setting, getattr(setting.dataset, role)) for role in ("validation", "test")}
    setting = _without_training_inputs(setting)
    best = BestWeights(setting.model, _plain_model(setting), run.folder.model)
    loop = _make_loop(setting, engine, parts["validation"])
    records = Records(run.folder)
    variables = state_variables(setting.model, engine.optimizer, engine.all_metrics)
    saver = Saver(run.folder.checkpoints, spec.training.checkpoint, variables, loop, best, records)
    if resuming:
        resuming.restore(run, setting, saver, differences, report)
    saver.check_room()
    try:
        _follow(loop, best, records, saver, signals, report)
        state = state_digest(read_state(variables))
    except BaseException:
        with suppress(OSError):
            best.restore()
        raise
    finally:
        records.close()
    best.restore()
    summary = _summary(run, setting, loop, records.rows)
    for role in ("validation", "test"):
        part = parts[role]
        summary[role] = None if part is None else engine.evaluate(part)
    _write_predictions(run, setting, engine, parts)
    summary["state"] = state
    summary["seconds"] = round(time.perf_counter() - started, 3)
    records.write_summary(summary)
    report(RunEnded(summary))


def _follow(
    loop: Loop, best: BestWeights, records: Records, saver: Saver, signals: StopSignals, report: Report
) -> None:
    """Save and report what the loop yields, until it is over or a signal stops it."""
    with signals.deferred():
        for happening in loop.run():
            if isinstance(happening, EpochDone):
                if happening.is_best:
                    best.keep()
                records.add_row(happening.row)
            is_stopping = signals.received is not None
            if is_stopping or isinstance(happening, EpochDone) or saver.is_due():
                saver.save(wait=is_stopping or loop.is_over)
            report(happening if isinstance(happening, StepsDone) else EpochEnded(happening.row, happening.is_best))
            if is_stopping:
                break
        saver.finish()
    signals.check()


def _with_found_rate(setting: Setting, run: RunRecord, engine: Engine, report: Report) -> Setting:
    """The setting with the largest rate of its cycle, found once in a run's life where the spec leaves it open."""
    schedule = setting.spec.schedule
    if not isinstance(schedule, OneCycle) or schedule.max_rate != "auto":
        return setting
    parent = run.facts.get("parent") or {}
    found = run.facts.get("rate_finder") or parent.get("rate_finder")
    if found is None:
        suggestion = suggest(sweep(engine, seed=setting.spec.seed, momentum=setting.low_momentum))
        found = {"max_rate": suggestion.max_rate, "reason": suggestion.reason}
        report(RateFound(**found))
    add_facts(run, rate_finder=found)
    resolved = schedule.model_copy(update={"max_rate": found["max_rate"]})
    return replace(setting, spec=setting.spec.model_copy(update={"schedule": resolved}))


def _record_setting(run: RunRecord, setting: Setting) -> None:
    if "data" in run.facts:
        return  # an interrupted run keeps what its first process recorded
    add_facts(
        run,
        device={"kind": setting.device.kind, "name": setting.device.name, "threads": setting.device.n_threads},
        data=data_facts(setting),
        compile={"mode": setting.compilation.mode, "reason": setting.compilation.reason},
        parameters=count_parameters(setting.model)[0],
        layers=layer_table(setting.model),
    )


def _without_training_inputs(setting: Setting) -> Setting:
    """The device has the training part now: its arrays need not stay in memory a second time."""
    dataset = setting.dataset
    return replace(
        setting, dataset=replace(dataset, train=Part(dataset.train.inputs[:0].copy(), dataset.train.targets))
    )


def _plain_model(setting: Setting) -> keras.Model:
    """The same layers as a model of its own, compiled afresh: so it is saved, without the training's counters."""
    plain = keras.Model(setting.model.input, setting.model.output, name=setting.spec.name.replace(".", "_"))
    plain.compile(
        optimizer=build_optimizer(setting.spec.optimizer),
        loss=build_loss(setting.spec.loss, setting.head.loss),
        metrics=setting.metrics,
    )
    plain.optimizer.build(plain.trainable_variables)  # Keras warns when it loads an optimizer without its variables
    return plain


def _make_loop(setting: Setting, engine: Engine, validation: OnDevice | None) -> Loop:
    stopping = setting.spec.training.early_stopping
    default = "loss" if validation is None else "val_loss"
    return Loop(
        spec=setting.spec,
        engine=engine,
        rates=Rates(setting.spec, setting.span),
        validation=validation,
        best=Monitor(default if stopping == "none" else stopping.monitor),
        patience=None if stopping == "none" else Monitor(stopping.monitor, stopping.min_delta),
    )


def _summary(run: RunRecord, setting: Setting, loop: Loop, rows: list[dict[str, Any]]) -> dict[str, Any]:
    last = loop.last
    assert last is not None, "a spec has at least one epoch"
    best_epoch = loop.best.best_epoch
    return {
        "id": run.id,
        "name": setting.spec.name,
        "stopped_early": last.stopped_early,
        "epochs": last.row["epoch"],
        "steps": last.row["step"],
        "monitor": loop.best.metric,
        "best_epoch": best_epoch,
        "best": next(row for row in rows if row["epoch"] == best_epoch),
        "parameters": count_parameters(setting.model)[0],
        "task": setting.dataset.task,
        "loss": setting.head.loss,
        "device": setting.device.name,
        "compile": setting.compilation.mode,
        "training_seconds": round(sum(row["seconds"] for row in rows if row["epoch"] > _epochs_of_parent(run)), 3),
    }


def _epochs_of_parent(run: RunRecord) -> int:
    """The epochs that a fork has taken over."""
    return int((run.facts.get("parent") or {}).get("epoch", 0))


def _write_predictions(run: RunRecord, setting: Setting, engine: Engine, parts: dict[str, OnDevice | None]) -> None:
    arrays: dict[str, Any] = {}
    for role, part in parts.items():
        examples = getattr(setting.dataset, role)
        if part is not None:
            arrays[f"{role}_predictions"] = engine.predict(part)
            arrays[f"{role}_labels"] = examples.targets
    if setting.dataset.class_names:
        arrays["class_names"] = np.array(setting.dataset.class_names)
    write_through(run.folder.predictions, lambda aside: np.savez_compressed(aside, **arrays))

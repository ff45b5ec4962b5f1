"""One experiment from top to bottom, once the run's folder is there."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from dnnctl.build.loss import build_loss
from dnnctl.build.metric import build_metrics
from dnnctl.build.model import build_model, count_parameters
from dnnctl.build.optimizer import build_optimizer
from dnnctl.build.output import Head, choose_head
from dnnctl.build.schedule import Span, warmup_steps
from dnnctl.data.dataset import Dataset, Part
from dnnctl.data.load import load_data
from dnnctl.errors import Fault, SpecError
from dnnctl.spec.experiment import Spec
from dnnctl.spec.schedule import MomentumCycle, OneCycle
from dnnctl.store.creation import add_facts
from dnnctl.store.files import write_through
from dnnctl.store.record import RunRecord
from dnnctl.training.best import BestWeights
from dnnctl.training.engine.compilation import Compilation, choose_compilation
from dnnctl.training.engine.device import Device, prepare_device
from dnnctl.training.engine.engine import Engine, OnDevice, to_device
from dnnctl.training.facts import (
    DataReady,
    Downloading,
    EpochEnded,
    ModelReady,
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
from dnnctl.training.signals import StopSignals
from dnnctl.training.state import read_state, state_digest, state_variables
from dnnctl.training.targets import encode_targets


@dataclass(frozen=True)
class Setting:
    """Everything that training needs, built from the spec and the data."""

    spec: Spec
    device: Device
    dataset: Dataset
    head: Head
    model: keras.Model
    compilation: Compilation
    span: Span

    @property
    def low_momentum(self) -> float | None:
        """The momentum at the largest rate, where momentum cycles."""
        schedule = self.spec.schedule
        if isinstance(schedule, OneCycle) and isinstance(schedule.momentum, MomentumCycle):
            return schedule.momentum.low
        return None

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Fresh metrics."""
        return build_metrics(self.spec, self.head)


def prepare(spec: Spec, report: Report, *, compilation: Compilation | None = None) -> Setting:
    """Get the device, the data and the model ready: everything that can go wrong before the first step.

    Args:
        compilation: how an earlier process compiled the steps; chosen anew if there was none.
    """
    device = prepare_device(spec.runtime)
    dataset = load_data(spec.data, seed=spec.seed, progress=lambda *state: report(Downloading(*state)))
    report(_describe_data(dataset))
    head = choose_head(spec, task=dataset.task, n_outputs=dataset.n_outputs)
    _check_targets(dataset, head)
    model = build_model(spec, head, dataset.train.inputs)
    model.compile(
        optimizer=build_optimizer(spec.optimizer, spec.schedule),
        loss=build_loss(spec.loss, head.loss),
        jit_compile=False,
    )
    span = Span(-(-len(dataset.train) // spec.training.batch_size), spec.training.epochs)
    compilation = compilation or choose_compilation(spec.runtime, model, device=device.kind, n_steps=span.steps)
    setting = Setting(spec, device, dataset, head, model, compilation, span)
    _check_monitors(setting)
    _check_warmup(setting)
    report(_describe_model(setting))
    return setting


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


def _describe_data(dataset: Dataset) -> DataReady:
    validation, test = dataset.validation, dataset.test
    return DataReady(
        n_train=len(dataset.train),
        n_validation=len(validation) if validation else 0,
        n_test=len(test) if test else 0,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        task=dataset.task,
        n_outputs=dataset.n_outputs,
    )


def _describe_model(setting: Setting) -> ModelReady:
    model = setting.model
    total, trainable = count_parameters(model)
    return ModelReady(
        parameters=total,
        trainable_parameters=trainable,
        loss=setting.head.loss,
        device=setting.device.name,
        compile=setting.compilation.mode,
        compile_reason=setting.compilation.reason,
        precision=setting.spec.runtime.precision,
        epochs=setting.span.epochs,
        steps_per_epoch=setting.span.steps_per_epoch,
        layers=_layers(model),
    )


def _layers(model: keras.Model) -> list[tuple[str, str, int]]:
    """For each layer its name, its output's shape, and its number of parameters."""
    return [
        (layer.name, " × ".join(str(size) for size in layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]


def _check_targets(dataset: Dataset, head: Head) -> None:
    """Poisson and logarithmic errors are not defined for negative numbers."""
    if (
        head.loss in ("poisson", "msle")
        and head.targets == "numbers"
        and np.min(dataset.train.targets.astype(np.float64)) < 0
    ):
        raise SpecError([Fault(f"{head.loss} is for numbers from 0 up, some targets are negative", "loss")])


def _check_monitors(setting: Setting) -> None:
    """What `auto` metrics left open: whether what is watched will be measured."""
    names = ["loss", *(metric.name for metric in setting.metrics)]
    if setting.dataset.validation is not None:
        names += [f"val_{name}" for name in names]
    stopping, schedule = setting.spec.training.early_stopping, setting.spec.schedule
    watched = {} if stopping == "none" else {"training.early_stopping.monitor": stopping.monitor}
    if schedule.kind == "performance":
        watched["schedule.monitor"] = schedule.monitor
    for path, name in watched.items():
        if name not in names:
            raise SpecError([Fault(f"'{name}' is not measured", path, hint=f"Allowed: {', '.join(names)}.")])


def _check_warmup(setting: Setting) -> None:
    """A warm-up must leave steps for the schedule it leads to."""
    n_warmup, n_steps = warmup_steps(setting.spec.schedule), setting.span.steps
    if n_warmup >= n_steps:
        rule = f"the warm-up takes all of the {n_steps} steps there are"
        raise SpecError([Fault(rule, "schedule.warmup.steps", received=str(n_warmup), hint="Make it shorter.")])


def _record_setting(run: RunRecord, setting: Setting) -> None:
    if "data" in run.facts:
        return  # an interrupted run keeps what its first process recorded
    add_facts(
        run,
        device={"kind": setting.device.kind, "name": setting.device.name, "threads": setting.device.n_threads},
        data=data_facts(setting),
        compile={"mode": setting.compilation.mode, "reason": setting.compilation.reason},
        parameters=count_parameters(setting.model)[0],
        layers=_layers(setting.model),
    )


def make_engine(setting: Setting) -> Engine:
    """The engine, with the training examples on the device."""
    train = place(setting, setting.dataset.train)
    assert train is not None
    return Engine(
        setting.model,
        setting.metrics,
        train,
        batch_size=setting.spec.training.batch_size,
        mode=setting.compilation.mode,
    )


def place(setting: Setting, part: Part | None) -> OnDevice | None:
    """A part of the data on the device, with its targets as the loss takes them."""
    if part is None:
        return None
    return to_device(encode_targets(part, setting.head.targets, setting.dataset.n_outputs))


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

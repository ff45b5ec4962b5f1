"""Rules across sections: what a single section cannot check."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.specs.augment import MIXING, Flip
from dnnctl.specs.axes import wrong_axes
from dnnctl.specs.class_names import CLASS_NAMES, class_number, entry_of
from dnnctl.specs.depth import n_layers
from dnnctl.specs.experiment import Spec
from dnnctl.specs.layer import MAX_LAYERS
from dnnctl.specs.metric import BinaryMetric, F1Score, Metric, TopKAccuracy
from dnnctl.specs.path import Path
from dnnctl.specs.planned_phase import PlannedPhase, planned_phases
from dnnctl.specs.schedule import OneCycle, Performance
from dnnctl.specs.source import may_have_validation
from dnnctl.specs.table import Table
from dnnctl.text import suggest

Broken = tuple[Path, str, str]
"""A broken rule: the path, the rule, and how to fix it."""


def broken_rules(spec: Spec) -> Iterator[Broken]:
    """Every rule across sections that a spec breaks."""
    if spec.name == "last":
        yield ("name",), "'last' always means the newest run, so it cannot be a name", "Choose another name."
    yield from _validation(spec)
    yield from _test(spec)
    yield from _classes(spec)
    yield from _class_weights(spec)
    yield from _augment(spec)
    yield from _monitors(spec)
    yield from _metrics(spec)
    phases = planned_phases(spec)
    for phase in phases:
        if phase.starts_schedule:
            yield from _phase(phase)
    yield from _reuse(spec, phases)
    yield from _layers(spec)
    yield from _distribution(spec)


def _distribution(spec: Spec) -> Iterator[Broken]:
    """Whether everything in the spec can be trained by several replicas."""
    kind, path = spec.runtime.distribution.kind, ("runtime", "distribution")
    if kind == "none":
        return
    remedy = "Write `distribution: none`, or remove it."
    if spec.runtime.compile == "xla":
        rule = f"replicas ({kind}) exchange values in every step, which XLA cannot compile"
        yield ("runtime", "compile"), rule, "Write `compile: graph` or `compile: auto`."
    if spec.training.pretraining.kind != "none":
        yield ("training", "pretraining"), f"pretraining cannot be distributed ({kind})", remedy
    if kind != "multi_worker":
        return
    if spec.training.on_divergence.kind != "stop":
        yield ("training", "on_divergence"), "several workers cannot be rolled back", "Write `on_divergence: stop`."
    if spec.training.budget != "none":
        yield ("training", "budget"), "the speed of several workers cannot be measured", "Write `epochs` instead."
    for phase in planned_phases(spec):
        if isinstance(phase.schedule, OneCycle) and phase.schedule.max_rate == "auto" and phase.starts_schedule:
            rule = "several workers cannot search the largest rate"
            yield (*phase.schedule_path, "max_rate"), rule, "Run `dnnctl find-rate`, and write the rate."
    if spec.training.batch_size < 2:
        yield path, "a batch of one example cannot be shared", "Increase `training.batch_size`."


def _layers(spec: Spec) -> Iterator[Broken]:
    """Whether Keras can build the layers, as far as the spec alone tells."""
    count = n_layers(spec)
    if count > MAX_LAYERS:
        found = f"{count:,}" if count < 1_000_000 else "over a million"
        rule = f"the network has {found} layers in a row, but at most {MAX_LAYERS} are allowed"
        hint = "The normalization, activation and dropout of a layer count, too, and so does an autoencoder's decoder."
        yield ("model", "layers"), rule, hint
    for path, rule in wrong_axes(spec):
        yield path, rule, "-1 is the axis of the features or channels."


def _validation(spec: Spec) -> Iterator[Broken]:
    """Whether the size of the validation split is given once."""
    validation, path = spec.data.validation, ("data", "validation")
    if validation == "none":
        return
    if (validation.size == "none") == (validation.fold == "none"):
        hint = "Write `size: 0.2`, or `fold: {k: 5, number: 0}`."
        yield path, "needs either `size` or `fold`", hint
    if validation.fold != "none" and validation.fold.number >= validation.fold.k:
        k = validation.fold.k
        yield (*path, "fold", "number"), f"must be less than k = {k}", f"Folds are numbered from 0 to {k - 1}."


def _test(spec: Spec) -> Iterator[Broken]:
    """Whether the test split of a table is given once."""
    source = spec.data.source
    if (
        isinstance(source, Table)
        and source.test != "none"
        and (source.test.size == "none") == (source.test.path == "none")
    ):
        yield ("data", "source", "test"), "needs either `size` or `path`", "Write `size: 0.2`, or `path: test.csv`."


def _classes(spec: Spec) -> Iterator[Broken]:
    """Whether the classes exist, for sources whose class names are known without loading them."""
    names = CLASS_NAMES.get(spec.data.source.kind)
    if names is None or spec.data.classes == "all":
        return
    seen: set[int] = set()
    for index, entry in enumerate(spec.data.classes):
        number = class_number(entry, names)
        if number is None:
            hint = suggest(str(entry), names)
            yield ("data", "classes", index), f"{spec.data.source.kind} has no class {entry!r}", hint
        elif number in seen:
            yield ("data", "classes", index), f"the class {entry!r} appears twice", "Remove one of the entries."
        else:
            seen.add(number)


def _class_weights(spec: Spec) -> Iterator[Broken]:
    """Whether the classes that have a weight exist, for sources whose class names are known without loading them."""
    names, weights = CLASS_NAMES.get(spec.data.source.kind), spec.data.class_weights
    if names is None or isinstance(weights, str):
        return
    if spec.data.classes != "all":
        names = tuple(names[kept] for each in spec.data.classes if (kept := class_number(each, names)) is not None)
    seen: set[int] = set()
    for key in weights:
        number, path = class_number(entry_of(key), names), ("data", "class_weights", key)
        if number is None:
            yield path, f"the training data has no class '{key}'", suggest(key, names)
        elif number in seen:
            yield path, f"the class '{key}' appears twice", "Remove one of the entries."
        else:
            seen.add(number)


def _augment(spec: Spec) -> Iterator[Broken]:
    if isinstance(spec.data.augment, str):
        return
    n_mixing = 0
    for index, each in enumerate(spec.data.augment):
        path = ("data", "augment", index)
        n_mixing += isinstance(each, MIXING)
        if isinstance(each, MIXING) and n_mixing > 1:
            yield path, "each example can only be mixed once", "Keep one of `mixup` and `cutmix`."
        if isinstance(each, Flip) and not each.horizontal and not each.vertical:
            yield path, "both directions are off, so nothing is flipped", "Write `horizontal: true`."


def metric_name(metric: Metric) -> str:
    """The name of a metric in tables and for `monitor`."""
    return f"top_{metric.k}_accuracy" if isinstance(metric, TopKAccuracy) else metric.kind


def monitored_names(spec: Spec) -> list[str]:
    """Every name that `monitor` may have, as far as the spec determines it."""
    own = ["accuracy", "mae"] if spec.metrics == "auto" else [metric_name(metric) for metric in spec.metrics]
    names = list(dict.fromkeys(["loss", *own]))
    has_validation = spec.data.validation != "none" or may_have_validation(spec.data.source)
    return [*(f"val_{name}" for name in names), *names] if has_validation else names


def _monitors(spec: Spec) -> Iterator[Broken]:
    names = monitored_names(spec)
    stopping = spec.training.early_stopping
    watched: list[tuple[Path, str]] = []
    if stopping != "none":
        watched.append((("training", "early_stopping", "monitor"), stopping.monitor))
    watched += [
        ((*phase.schedule_path, "monitor"), phase.schedule.monitor)
        for phase in planned_phases(spec)
        if phase.starts_schedule and isinstance(phase.schedule, Performance)
    ]
    for path, name in watched:
        if name in names:
            continue
        hint = suggest(name, names)
        if name.removeprefix("val_") in names:
            yield (
                path,
                f"'{name}' needs a validation split",
                f"Set `data.validation`, or use one of {', '.join(names)}.",
            )
        else:
            yield path, f"'{name}' is not a metric of this spec", hint


def _phase(phase: PlannedPhase) -> Iterator[Broken]:
    """Whether the optimizer and the schedule of a phase fit together."""
    schedule, optimizer = phase.schedule, phase.optimizer
    if optimizer.kind == "schedule_free_adamw" and schedule.kind != "none":
        yield phase.schedule_path, "schedule_free_adamw cannot be used with a schedule", "Use `schedule: none`."
    if isinstance(schedule, OneCycle) and schedule.momentum != "none":
        if optimizer.kind != "sgd":
            rule = f"momentum can only be cycled with `sgd`, not with `{optimizer.kind}`"
            yield (*phase.schedule_path, "momentum"), rule, "Remove the key, or use `sgd`."
        elif not optimizer.momentum:
            hint = "Set `momentum` of the optimizer, for example to 0.9."
            yield (*phase.schedule_path, "momentum"), "the optimizer's momentum is 0, so it cannot be cycled", hint


def _reuse(spec: Spec, phases: list[PlannedPhase]) -> Iterator[Broken]:
    """Whether there is a single source of initial weights, and whether the layers to freeze exist."""
    has_reuse, has_pretraining = spec.model.reuse != "none", spec.training.pretraining.kind != "none"
    if has_reuse and has_pretraining:
        rule = "`model.reuse` and `training.pretraining` both set the initial weights"
        yield ("training", "pretraining"), rule, "Remove one of them."
    for phase in phases:
        if phase.freeze == "reused" and not has_reuse and not has_pretraining:
            hint = "Set `model.reuse` or `training.pretraining`, or name the layers."
            yield (
                ("training", "phases", phase.number - 1, "freeze"),
                "there are no reused or pretrained layers to freeze",
                hint,
            )


def _metrics(spec: Spec) -> Iterator[Broken]:
    if spec.metrics == "auto":
        return
    seen: set[str] = set()
    for index, metric in enumerate(spec.metrics):
        name = metric_name(metric)
        if name in seen:
            yield ("metrics", index), f"'{name}' appears twice", "Remove one of them."
        seen.add(name)
        if spec.loss.kind == "sparse_categorical_crossentropy" and isinstance(metric, BinaryMetric | F1Score):
            yield ("metrics", index), f"'{name}' needs one-hot targets", "Use `loss: categorical_crossentropy`."

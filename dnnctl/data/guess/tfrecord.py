"""Which features of TFRecord files are inputs and target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dnnctl.data.arrays import encode_targets
from dnnctl.data.cache import Progress
from dnnctl.data.guess.guess import TARGETS, Entry, Guess, named, no_such
from dnnctl.data.guess.images import common_size
from dnnctl.data.images.decode import Form, decode
from dnnctl.data.records.example import Values, parse_example
from dnnctl.data.records.index import index_records
from dnnctl.data.records.inputs import Wanted
from dnnctl.data.records.record_file import read_records
from dnnctl.errors import DataError

INPUTS = ("inputs", "input", "x", "features", "image", "image/encoded", "image_raw", "pixels", "values")
LABELS = (*TARGETS, "image/class/label", "image/label")
NO_TEST = "there is no test split: set `test_path`"


def guess_tfrecord(path: str, target: str | None, progress: Progress) -> Guess:
    """The features of inputs and target in a file.

    Args:
        target: the feature of the target; None to guess it.

    Raises:
        DataError: no feature can be the inputs, there is no such target, or the file cannot be used.
    """
    features = parse_example(next(read_records(Path(path)))[0].data)
    if target is not None and target not in features:
        raise DataError(no_such("feature", target, features, path))
    single = [name for name, values in features.items() if len(values) == 1]
    label = target or named(features, LABELS) or next(iter(single[-1:]), None)
    inputs = _inputs(features, label)
    if label is None or not inputs:
        raise DataError(
            f"{path}: no features can be inputs (numbers, or an encoded image) and target. The features are "
            f"{', '.join(features) or 'none'}. If one has a byte for each value, write a spec with `kind: tfrecord`, "
            "`inputs` and `shape`."
        )
    index = index_records(Path(path), Wanted(tuple(inputs), None, Form()), label, progress)
    entries = [
        Entry("inputs", inputs if len(inputs) > 1 else inputs[0], "the features of the inputs"),
        Entry("target", label, "the feature to predict"),
    ]
    findings = [f"the inputs are {_listed(inputs)}, the target is '{label}'", NO_TEST]
    task = encode_targets({"train": index.targets}, "auto").task
    if index.kind != "image":
        return Guess(tuple(entries), "tfrecord", task, index.shape, findings=tuple(findings))
    size, finding = common_size(index.sizes)
    entries.append(Entry("size", size, "height and width; none: all images have the same size"))
    height, width = index.sizes[0].tolist() if isinstance(size, str) else size
    findings += [finding] if finding else []
    shape = (height, width) if index.is_grey else (height, width, 3)
    return Guess(tuple(entries), "tfrecord", task, shape, findings=tuple(findings))


def _inputs(features: Mapping[str, Values], target: str | None) -> list[str]:
    """The feature with a usual name, an encoded image, the longest list of numbers, or all single numbers."""
    rest = {name: values for name, values in features.items() if name != target and _is_usable(values)}
    usual = named(rest, INPUTS)
    image = next((name for name, values in rest.items() if isinstance(values, list)), None)
    longest = max(rest, key=lambda name: len(rest[name]), default=None)
    if usual is not None or image is not None:
        return [str(usual or image)]
    if longest is not None and len(rest[longest]) > 1:
        return [longest]
    return sorted(rest)


def _is_usable(values: Values) -> bool:
    """Whether they are numbers, or an encoded image."""
    if not isinstance(values, list):
        return len(values) > 0
    try:
        return len(values) == 1 and decode(values[0], Form()) is not None
    except DataError:
        return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

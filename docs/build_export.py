"""Writes the table of docs/export.md: what each format holds, one kind at a time: `python docs/build_export.py`.

It takes about ten minutes. Every number is measured as `dnnctl export` does: the answers of the runtime, in a process
that has nothing else, compared with those of the network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dnnctl.engine

# isort: split
import keras
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import tensorflow as tf
import yaml
from PIL import Image

import dnnctl
import dnnctl.commands.conversion
import dnnctl.commands.export
import dnnctl.commands.prune
from dnnctl.builder.model import build_model
from dnnctl.builder.output import Head
from dnnctl.commands.export_formats import FORMATS
from dnnctl.engine.export import runtime
from dnnctl.engine.export.network import Network
from dnnctl.engine.export.rebuild import rebuild_plain, rebuild_portable
from dnnctl.engine.export.writers import WRITERS
from dnnctl.errors import DnnctlError
from dnnctl.specs import Spec
from dnnctl.specs.activation import Activation
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.store.environment import installed_version

TARGET = Path(__file__).with_name("export.md")
START, END = "<!-- The table is written by docs/build_export.py. -->\n", "<!-- end of the table -->\n"
RUNNING = [name for name in FORMATS if name != "weights"]
CONV = {"kind": "conv2d", "filters": 4}
DENSE = {"kind": "dense", "units": 6}
PIXELS = np.random.default_rng(1).integers(0, 256, (40, 8, 8)).astype(np.uint8)
LAYERS: dict[str, list[Any]] = {
    "dense": ["flatten", DENSE],
    "conv2d": [CONV, {**CONV, "strides": 2, "padding": "same"}, {**CONV, "kernel_size": [2, 3]}, "flatten"],
    "conv2d, dilation": [{**CONV, "dilation": 2}, "flatten"],
    "max_pool": [CONV, {"kind": "max_pool", "padding": "same", "size": 3, "strides": 2}, "flatten"],
    "average_pool": [CONV, {"kind": "average_pool", "padding": "same", "size": 3, "strides": 2}, "flatten"],
    "global_average_pool": [CONV, "global_average_pool"],
    "global_max_pool": [CONV, "global_max_pool"],
    "flatten": ["flatten"],
    "reshape": [{"kind": "reshape", "shape": [4, 16]}, "flatten"],
    "batch_norm": ["batch_norm", "flatten", DENSE, "batch_norm"],
    "layer_norm": ["flatten", DENSE, "layer_norm"],
    "activation": ["flatten", {"kind": "activation", "function": "tanh"}],
    "dropout": ["flatten", DENSE, {"kind": "dropout", "rate": 0.2}],
    "alpha_dropout": ["flatten", DENSE, {"kind": "alpha_dropout", "rate": 0.2}],
    "gaussian_noise": ["flatten", DENSE, {"kind": "gaussian_noise", "stddev": 0.2}],
    "gaussian_dropout": ["flatten", DENSE, {"kind": "gaussian_dropout", "rate": 0.2}],
    "spatial_dropout": [CONV, {"kind": "spatial_dropout", "rate": 0.2}, "flatten"],
    "residual": [{"kind": "residual", "layers": [{**CONV, "padding": "same"}], "activation": "relu"}, "flatten"],
}
NORMALIZATIONS: dict[str, list[Any]] = {
    f"{kind}, {position.replace('_', ' ')}": [
        "flatten",
        {**DENSE, "activation": "relu", "normalization": {"kind": kind, "position": position}},
    ]
    for kind in ("batch", "layer")
    for position in ("before_activation", "after_activation")
}


@dataclass(frozen=True)
class Case:
    """A network, and rows to compare it on."""

    group: str
    label: str
    model: keras.Model
    rows: Any


def main() -> None:
    """Measure, and replace the table."""
    with TemporaryDirectory() as folder:
        write_table([*measure_networks(Path(folder) / "networks"), *measure_runs(Path(folder) / "runs")])


def write_table(lines: list[str]) -> None:
    """Replace the table by one with these lines."""
    versions = ", ".join(f"{FORMATS[name].runtime} {installed_version(FORMATS[name].runtime)}" for name in RUNNING)
    header = [f"| | | {' | '.join(f'`{name}`' for name in RUNNING)} |", f"|---|---|{'---|' * len(RUNNING)}"]
    table = "\n".join([*header, *lines, "", f"Measured with {versions}.", ""])
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(START)
    TARGET.write_text(f"{before}{START}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def cases() -> Iterator[Case]:
    """Every layer, normalization, activation and scaling of inputs."""
    for label, layers in LAYERS.items():
        yield Case("layer", label, network(layers, PIXELS), PIXELS)
    for label, layers in NORMALIZATIONS.items():
        yield Case("normalization", label, network(layers, PIXELS), PIXELS)
    for kind in [*kinds_of(members(Activation)), "swish, beta 1.5", "elu, alpha 0.7"]:
        word, _, rest = kind.partition(", ")
        function = {"kind": word, **({rest.split()[0]: float(rest.split()[1])} if rest else {})}
        wide = (np.random.default_rng(2).normal(0, 30, (40, 8))).astype(np.float32)
        layers = [{"kind": "activation", "function": function}]
        model = network(layers, wide, scaling="none")
        yield Case("activation", kind, keras.Model(model.inputs, model.layers[-2].output, name="model"), wide)
    floats = (PIXELS.reshape(40, -1) * 1e3).astype(np.float32)
    for scaling in ("none", "unit", "standardize"):
        for rows in (PIXELS, floats):
            yield Case("scaling", f"{scaling}, {rows.dtype}", network(["flatten", DENSE], rows, scaling=scaling), rows)


def network(layers: list[Any], rows: Any, *, scaling: str = "standardize") -> keras.Model:
    """The network of a spec with random weights and statistics."""
    sections = {"data": {"source": {"kind": "npz", "path": "none.npz"}, "scaling": scaling}, "optimizer": "sgd"}
    spec = Spec.model_validate({"name": "a", **sections, "model": {"layers": layers}, "training": {"epochs": 1}})
    model = build_model(spec, Head("sparse_categorical_crossentropy", "index", 3, "softmax"), rows)
    for number, layer in enumerate(model.layers):
        if layer.weights and layer.name != "scaling":
            draw = np.random.default_rng(number)
            layer.set_weights([each + draw.uniform(0, 0.2, each.shape) for each in layer.get_weights()])
    return model


def measure_networks(folder: Path) -> Iterator[str]:
    """The lines of the table for layers, activations and scaling."""
    found = list(cases())
    differences: dict[str, list[str]] = {}
    for format in RUNNING:
        written = []
        for number, case in enumerate(found):
            place = folder / format / str(number)
            place.mkdir(parents=True)
            np.save(place / "rows.npy", case.rows)
            with suppress(DnnctlError):
                written.append(write(case.model, format, place))
        ask(format, written)
        differences[format] = [difference(case, folder / format / str(n)) for n, case in enumerate(found)]
    for number, case in enumerate(found):
        yield line(case.group, case.label, [differences[format][number] for format in RUNNING])


def write(model: keras.Model, format: str, folder: Path) -> Path:
    """Write an export as `dnnctl export` does."""
    plain = Network(rebuild_plain(model), rebuild_portable(model))
    writer, usage = WRITERS[format]
    writer(plain, folder, None)
    (folder / "predict.py").write_text(usage(plain), encoding="utf-8")
    question = {"name": "rows", "function": "predict", "file": "rows.npy", "batch": 7}
    (folder / "questions.json").write_text(json.dumps([question]), encoding="utf-8")
    return folder


def ask(format: str, folders: list[Path]) -> None:
    """Answer the questions in all folders in one process that has only the runtime."""
    without = FORMATS[format].without
    code = (
        "import sys, runpy, pathlib\n"
        f"answer = runpy.run_path({runtime.__file__!r})['answer']\n"
        "for folder in map(pathlib.Path, sys.argv[1:]):\n"
        f"    answer(folder, folder, {without!r})\n"
        "    sys.path.remove(str(folder)); del sys.modules['predict']\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code, *map(str, folders)], check=True)


def difference(case: Case, folder: Path) -> str:
    """The largest difference in relation to the scale of the answers."""
    if not (folder / "answers.npz").exists():
        return "no"
    with np.load(folder / "answers.npz") as file:
        found = file["rows"]
    expected = np.asarray(case.model.predict(case.rows, verbose=0))
    return number(float(np.abs(found - expected).max() / max(1.0, float(np.abs(expected).max()))))


def number(value: float) -> str:
    """A difference with one digit; refused exports have none."""
    return f"{value:.0e}" if value else "0"


def line(group: str, label: str, cells: list[str]) -> str:
    """A line of the table."""
    word, comma, rest = label.partition(",")
    return f"| {group} | `{word}`{comma}{rest} | {' | '.join(cells)} |"


def measure_runs(folder: Path) -> Iterator[str]:
    """The lines of the table for sources, targets, and runs that start from others, from `dnnctl.export` itself.

    The conversions happen in this process, which has loaded TensorFlow.
    """
    dnnctl.commands.export.start_conversion = convert
    for group, label, run in runs(folder):
        cells = []
        for format in RUNNING:
            try:
                facts = dnnctl.export(run, format, folder / "out" / f"{group}-{label}-{format}").facts
                cells.append(number(facts.relative or 0.0))
            except DnnctlError as error:
                print(group, label, format, error)
                cells.append("no")
        yield line(group, label, cells)


def convert(path: Path) -> subprocess.CompletedProcess[str]:
    """Do the job in a file."""
    return subprocess.CompletedProcess([], dnnctl.commands.conversion.main(path), "")


def runs(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """A run on every kind of source and of target, and runs that depend on others."""
    folder.mkdir(parents=True)
    for label, source in sources(folder).items():
        yield "source", label, train(folder, label, data={"source": source, "validation": {"size": 8}})
    npz = sources(folder)["npz"]
    for label, (target, data) in {
        "binary": (PIXELS.mean((1, 2)) > np.median(PIXELS.mean((1, 2))), {}),
        "labels": (np.stack([PIXELS[:, 0, 0] > 99, PIXELS[:, 1, 1] > 99], 1).astype(np.uint8), {}),
        "numbers, standardized": (PIXELS.mean((1, 2)) * 1e4, {"target_scaling": "standardize"}),
        "numbers, log": (PIXELS[:, :2, 0] + 1.0, {"target_scaling": "log"}),
    }.items():
        task = {"task": "labels"} if label == "labels" else {}
        path = folder / f"{label}.npz"
        np.savez(path, x_train=PIXELS, y_train=np.asarray(target, np.float32 if "numbers" in label else np.int64))
        source = {"kind": "npz", "path": str(path), **task}
        yield "target", label, train(folder, label, data={"source": source, "validation": {"size": 8}, **data})
    data = {"source": npz, "validation": {"size": 8}}
    first = train(folder, "first", data=data)
    layers = {"layers": ["flatten", DENSE], "reuse": {"run": str(first.path), "layers": "all_but_last"}}
    yield "run", "reuse", train(folder, "reuse", data=data, model=layers)
    yield "run", "prune", dnnctl.commands.prune.prune(first.path, sparsity=0.5)[0]
    yield (
        "run",
        "autoencoder",
        train(folder, "autoencoder", data=data, pretraining={"kind": "autoencoder", "epochs": 1}),
    )
    yield "run", "gan", train(folder, "gan", data=data, pretraining={"kind": "gan", "epochs": 1})
    yield "run", "mixed_bfloat16", train(folder, "mixed", data=data, runtime={"precision": "mixed_bfloat16"})
    folds = {"source": npz, "validation": {"fold": {"k": 4, "number": 1}}}
    yield "run", "fold", train(folder, "fold", data=folds)


def sources(folder: Path) -> dict[str, dict[str, Any]]:
    """Small data of every kind."""
    iris = Path(__file__).parents[1] / "configs" / "iris.csv"
    table = pa.csv.read_csv(iris)
    pa.parquet.write_table(table, folder / "iris.parquet")
    pa.feather.write_feather(table, folder / "iris.arrow")
    classes = np.arange(40) % 3
    np.savez(folder / "a.npz", x_train=PIXELS, y_train=classes)
    np.save(folder / "x.npy", PIXELS)
    np.save(folder / "y.npy", classes)
    rows = [{"inputs": each.tolist(), "target": f"c{c}"} for each, c in zip(PIXELS / 255, classes, strict=True)]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with tf.io.TFRecordWriter(str(folder / "a.tfrecord")) as file:
        for each, c in zip(PIXELS, classes, strict=True):
            inputs = tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.io.encode_png(each[:, :, None]).numpy()]))
            target = tf.train.Feature(int64_list=tf.train.Int64List(value=[c]))
            features = tf.train.Features(feature={"inputs": inputs, "target": target})
            file.write(tf.train.Example(features=features).SerializeToString())
    for n, (each, c) in enumerate(zip(PIXELS, classes, strict=True)):
        (folder / "images" / str(c)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(each).save(folder / "images" / str(c) / f"{n}.png")
    return {
        "fashion_mnist_sample": {"kind": "fashion_mnist_sample"},
        "npz": {"kind": "npz", "path": str(folder / "a.npz")},
        "npy": {"kind": "npy", "train_inputs": str(folder / "x.npy"), "train_targets": str(folder / "y.npy")},
        "images": {"kind": "images", "path": str(folder / "images")},
        "jsonl": {"kind": "jsonl", "path": str(folder / "a.jsonl")},
        "tfrecord": {"kind": "tfrecord", "path": str(folder / "a.tfrecord")},
        "csv": {"kind": "csv", "path": str(iris), "target": "species"},
        "parquet": {"kind": "parquet", "path": str(folder / "iris.parquet"), "target": "species"},
        "arrow": {"kind": "arrow", "path": str(folder / "iris.arrow"), "target": "species"},
    }


def train(folder: Path, name: str, **sections: Any) -> Any:
    """Train a small run."""
    pretraining = sections.pop("pretraining", "none")
    is_table = sections["data"]["source"]["kind"] in ("csv", "parquet", "arrow")
    if not is_table:
        sections["data"] = {"scaling": "unit", **sections["data"]}
    spec = {
        "name": name.replace(", ", "-"),
        "model": {"layers": [DENSE] if is_table else ["flatten", DENSE]},
        "optimizer": "adam",
        "training": {"epochs": 1, "batch_size": 16, "pretraining": pretraining},
        **sections,
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return dnnctl.train(path, runs_dir=folder / "runs")


if __name__ == "__main__":
    main()

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from attack.spec_mutations import mutate_spec, to_bytes
from dnnctl.errors import MAX_REPORT_LINES, SpecError
from dnnctl.specs import Spec, digest, load, load_spec, to_yaml
from dnnctl.specs.rules import broken_rules
from dnnctl.specs.source import Npy

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
RICH = """
name: rich
data:
  source: {kind: npz, path: x.npz}
  classes: [0, "1e-3", cat]
  limit: 100
  validation: {size: 0.25, take: random, stratify: true}
model:
  defaults: {normalization: batch, use_bias: false, activation: {kind: leaky_relu, slope: 0.1}}
  layers:
    - {kind: reshape, shape: [4, 4, 1]}
    - {kind: conv2d, filters: 3, kernel_size: [3, 1], activation: rrelu, normalization: none}
    - {kind: residual, layers: [{kind: dense, units: 3}], activation: swish, repeat: 2}
    - {kind: activation, function: {kind: elu, alpha: 0.5}}
    - {kind: max_pool, strides: [1, 1]}
  output: {units: 3, activation: linear}
loss: {kind: huber, delta: 0.5}
metrics: [mae, {kind: top_k_accuracy, k: 3}]
optimizer: {kind: sgd, momentum: 0.9, clip: {kind: value, value: 1e-05}}
schedule: {kind: one_cycle, max_rate: 1e+2, warmup: {steps: 5}, momentum: {high: 0.9, low: 0.1}}
training: {early_stopping: {monitor: val_mae}}
"""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_reading_the_resolved_spec_gives_the_same_spec(path: Path, tmp_path: Path) -> None:
    """load(to_yaml(spec)) == spec."""
    spec = load_spec(path)
    written = tmp_path / "spec.yaml"
    written.write_text(to_yaml(spec))
    assert load_spec(written) == spec
    assert digest(load_spec(written)) == digest(spec)


def test_the_round_trip_keeps_every_kind_of_value(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "sub" / "b.yaml"
    first.write_text(RICH)
    spec = load_spec(first)
    second.parent.mkdir()
    second.write_text(to_yaml(spec))
    assert load_spec(second) == spec
    assert spec.data.source.path == str(tmp_path / "x.npz")  # type: ignore[union-attr]


def test_every_file_of_a_source_is_relative_to_the_spec(tmp_path: Path) -> None:
    """The names of arrays in an npz file, and the word `none`, are no paths."""
    path = tmp_path / "a.yaml"
    pair = "train_inputs: x.npy, train_targets: sub/y.npy, test_inputs: none"
    path.write_text(f"data: {{source: {{kind: npy, {pair}}}}}\nmodel: {{layers: [flatten]}}\n")
    source = load_spec(path).data.source
    assert isinstance(source, Npy)
    assert (source.train_inputs, source.train_targets) == (str(tmp_path / "x.npy"), str(tmp_path / "sub/y.npy"))
    assert source.test_inputs == "none"
    path.write_text("data: {source: {kind: npz, path: x.npz, train_inputs: x}}\nmodel: {layers: [flatten]}\n")
    assert load_spec(path).data.source.train_inputs == "x"  # type: ignore[union-attr]


def test_paths_of_a_table_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    """Each one: the path in a base to the base, the one in the spec to the spec, and `~` to the home folder."""
    base, path = tmp_path / "base" / "a.yaml", tmp_path / "b.yaml"
    base.parent.mkdir()
    base.write_text("data: {source: {kind: csv, path: x.csv, target: y}}\nmodel: {layers: [flatten]}\n")
    path.write_text("extends: base/a.yaml\ndata: {source: {test: {path: t.csv}}}\n")
    source: Any = load_spec(path).data.source
    assert (source.path, source.test.path) == (str(base.parent / "x.csv"), str(tmp_path / "t.csv"))
    source = load_spec(path, ["data.source.test={size: 9}", "data.source.path=~/x.csv"]).data.source
    assert (source.path, source.test.path) == (str(Path.home() / "x.csv"), "none")
    source = load_spec(path, ["data.source.test.path=t.csv", "data.source.features.types.zip=category"]).data.source
    assert (source.test.path, source.features.types) == (str(Path.cwd() / "t.csv"), {"zip": "category"})
    written = tmp_path / "spec.yaml"
    written.write_text(to_yaml(load_spec(path)))
    assert load_spec(written) == load_spec(path).model_copy(update={"name": "b"})


def test_the_default_name_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "my net (2).yaml"
    path.write_text("data: {source: mnist}\nmodel: {layers: [flatten]}\n")
    assert load_spec(path).name == "my-net-2"


def test_an_override_changes_the_spec_and_its_digest() -> None:
    one, other = load_spec(CONFIGS[0]), load_spec(CONFIGS[0], ["seed=7"])
    assert other.seed == 7
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        (["training.early_stopping.monitor=val_acuracy"], "training.early_stopping.monitor"),
        (["data.validation=none", "training.early_stopping={monitor: val_loss}"], "training.early_stopping.monitor"),
        (["schedule={kind: performance, monitor: val_f1}"], "schedule.monitor"),
        (["optimizer=adam", "schedule={kind: one_cycle, max_rate: 1, momentum: {high: 0.9}}"], "schedule.momentum"),
        (
            ["optimizer={kind: sgd, momentum: 0.0}", "schedule={kind: one_cycle, max_rate: 1, momentum: {}}"],
            "schedule.momentum",
        ),
        (["metrics=[accuracy, accuracy]"], "metrics.1"),
        (["loss=sparse_categorical_crossentropy", "metrics=[f1_score]"], "metrics.0"),
        (["optimizer=schedule_free_adamw"], "schedule"),
    ],
)
def test_rules_across_sections_are_checked(overrides: list[str], path: str) -> None:
    selu = next(config for config in CONFIGS if config.stem == "selu")
    with pytest.raises(SpecError) as caught:
        load(selu, overrides)
    assert [fault.path for fault in caught.value.faults] == [path]


def test_the_shipped_specs_break_no_rule() -> None:
    assert [rule for path in CONFIGS for rule in broken_rules(load_spec(path))] == []
    assert all(isinstance(load_spec(path), Spec) for path in CONFIGS)


SHIPPED = sorted(CONFIGS[0].parent.rglob("*.yaml"))
FOUND_HOLES = [3108, 3852, 4973]
"""Seeds with which loading once failed with a traceback."""


def attack(texts: list[str], seeds: Iterable[int], folder: Path) -> list[bool]:
    """Load a mutation of the texts for each seed; whether each was valid."""
    for path in SHIPPED:
        (folder / path.name).write_bytes(path.read_bytes())
    path, valid = folder / "attacked.yaml", []
    for seed in seeds:
        text, what = mutate_spec(texts[seed % len(texts)], seed)
        path.write_bytes(to_bytes(text))
        try:
            spec = load_spec(path)
            path.write_text(to_yaml(spec))
            assert load_spec(path) == spec, what
            valid.append(True)
        except SpecError as error:
            message = str(error)
            message.encode()
            assert 1 <= len(message.splitlines()) <= MAX_REPORT_LINES, what
            valid.append(False)
        except Exception as error:
            raise AssertionError(what) from error
    return valid


@pytest.mark.parametrize("part", range(4))
def test_any_text_is_a_valid_spec_or_a_clear_error(part: int, tmp_path: Path) -> None:
    """The oracle for a valid one is the round trip: what was accepted is what is written."""
    valid = attack([path.read_text() for path in SHIPPED], [*range(part, 400, 4), *FOUND_HOLES[part:][:1]], tmp_path)
    assert 10 <= sum(valid) <= 50


@pytest.mark.heavy
def test_any_mutation_of_a_random_spec_is_valid_or_a_clear_error(tmp_path: Path) -> None:
    from random_specs import Chance

    specs = zip(range(20), Chance(5, tmp_path).specs(), strict=False)
    valid = attack([to_yaml(spec) for _, spec in specs], range(200), tmp_path)
    assert 20 <= sum(valid) <= 100


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_mapping_is_the_spec_that_its_file_would_be(path: Path) -> None:
    assert load_spec(load(path).document.plain(), ["seed=9"]) == load_spec(path, ["seed=9"])


def test_paths_in_a_mapping_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = load_spec(
        {"data": {"source": {"kind": "npz", "path": "x.npz"}}, "model": {"layers": ["flatten"]}}
    ).data.source
    assert getattr(source, "path", None) == str(tmp_path / "x.npz")


def test_faults_of_a_mapping_are_those_of_its_file(tmp_path: Path) -> None:
    """A layer that is the same object twice is no fault; what no file could contain is one."""
    layer = {"kind": "dense", "units": 4}
    spec: dict[str, Any] = {"data": {"source": "fashion_mnist"}, "model": {"layers": ["flatten", layer, layer]}}
    assert len(load_spec(spec).model.layers) == 3
    assert load_spec(spec).name == "spec"
    spec["model"]["layer"] = 1
    (tmp_path / "spec").write_text(yaml.safe_dump(spec, sort_keys=False))
    with pytest.raises(SpecError) as of_file:
        load_spec(tmp_path / "spec")
    with pytest.raises(SpecError) as of_mapping:
        load_spec(spec)
    assert str(of_mapping.value) == str(of_file.value).replace(f"{tmp_path}/", "")
    for value in (Path("x"), np.float32(1), object()):
        with pytest.raises(SpecError, match="something that YAML does not have"):
            load_spec({**spec, "seed": value})

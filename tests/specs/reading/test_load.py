from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs import Spec, digest, load, load_spec, to_yaml
from dnnctl.specs.rules import broken_rules

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

"""A sweep's file: all faults at once, each with its place, before the first trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dnnctl.errors import SpecError
from dnnctl.specs.reading.load_sweep import LoadedSweep, check_settings, covering, load_sweep, plain_sweep
from dnnctl.specs.sweep import Sweep
from sample_specs import write_spec

FILE = """\
spec: small.yaml
parameters:
  optimizer.learning_rate: {from: 1e-4, to: 1e-1, scale: log}
  model.layers.1.units: [50, 100]
  model.defaults.activation:
    - relu
    - {kind: leaky_relu, slope: 0.1}
search: {kind: random, trials: 8}
objective: {metric: val_accuracy}
prune: median
workers: 2
confirm: {top: 3, seeds: 5}
"""


def write(folder: Path, text: str = FILE, name: str = "sweep.yaml") -> Path:
    write_spec(folder)
    path = folder / name
    path.write_text(text)
    return path


def faults_of(folder: Path, text: str, **options: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        load_and_check(write(folder, text), **options)
    return [fault.line() for fault in error.value.faults]


def load_and_check(path: Path, **options: Any) -> None:
    loaded = load_sweep(path, **options)
    check_settings(loaded, covering(loaded.sweep))


def loaded_sweep(folder: Path, text: str = FILE, **options: Any) -> LoadedSweep:
    return load_sweep(write(folder, text), **options)


def test_the_sweep_of_the_documentation_is_read(tmp_path: Path) -> None:
    sweep = loaded_sweep(tmp_path).sweep
    assert (sweep.name, sweep.search.kind, sweep.metrics, sweep.prune.kind) == (
        "sweep",
        "random",
        ["val_accuracy"],
        "median",
    )
    assert (sweep.launcher.kind, sweep.launcher.n) == ("processes", 2)


def test_a_sweep_as_plain_values_is_the_same_sweep(tmp_path: Path) -> None:
    """Trials record it, and the workers of another process read it."""
    sweep = loaded_sweep(tmp_path).sweep
    assert Sweep.model_validate(plain_sweep(sweep)) == sweep


def test_the_spec_of_a_setting_is_the_spec_with_these_values(tmp_path: Path) -> None:
    loaded = loaded_sweep(tmp_path)
    setting = {
        "optimizer.learning_rate": 0.02,
        "model.layers.1.units": 100,
        "model.defaults.activation": {"kind": "leaky_relu", "slope": 0.1},
    }
    made = loaded.spec_of(setting, name="sweep-0001", seed=7)
    spec = made.spec
    assert (spec.name, spec.seed, spec.optimizer.learning_rate) == ("sweep-0001", 7, 0.02)
    assert spec.model.defaults.activation.slope == 0.1  # type: ignore[union-attr]
    assert made.overrides[:2] == ("optimizer.learning_rate=0.02", "model.layers.1.units=100")
    assert spec.data == loaded.base.spec.data


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("model.layers.1.units:", "model.layers.1.unit:", "sweep.yaml:4:3: model.layers.1.unit: unknown key 'unit'"),
        ("[50, 100]", "[50, 0]", "sweep.yaml:4:30: model.layers.1.units: must be greater than 0. Received: 0"),
        ("slope: 0.1", "slop: 0.1", "sweep.yaml:7:26: model.defaults.activation.slop: unknown key 'slop'"),
        ("to: 1e-1", "to: 1e-5", "sweep.yaml:3:28: parameters.optimizer.learning_rate: `from` must be less"),
        ("from: 1e-4", "from: 0.0", "from: must be greater than 0 with `scale: log`"),
        ("kind: random, ", "kind: bayes, ", "sweep.yaml:8:16: search: is not one of the allowed values"),
        ("random, trials: 8", "grid", "a range has no values in a grid search without `points`"),
        ("random, trials: 8", "cma_es", "cma_es needs at least two ranges of numbers, and no lists"),
        ("val_accuracy}", "val_accurcy}", "'val_accurcy' is not measured by this spec. Did you mean `val_accuracy`?"),
        ("val_accuracy}", "test_accuracy}", "a setting must not be chosen by test data"),
        ("spec: small.yaml", "spec: smal.yaml", "no such file"),
        ("prune: median", "prun: median", "sweep.yaml:10:1: prun: unknown key 'prun'. Did you mean `prune`?"),
        ("{metric: val_accuracy}", "[{metric: val_loss}, {metric: parameters}]", "only be stopped early by one"),
        ("workers: 2", "workers: 0", "sweep.yaml:11:10: workers: must be greater than 0"),
        ("  optimizer.learning_rate: {", "  name: [a]\n  optimizer.learning_rate: {", "that can be varied"),
        ("  model.layers.1.units", "  optimizer.learning_rate", "duplicate key"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_in_the_sweep(before: str, after: str, expected: str, tmp_path: Path) -> None:
    assert before in FILE
    assert any(expected in line for line in faults_of(tmp_path, FILE.replace(before, after)))


def test_all_faults_of_the_values_are_reported_at_once(tmp_path: Path) -> None:
    text = (
        FILE.replace("[50, 100]", "[50, 0, wide]").replace("to: 1e-1", "to: 1000000").replace("slope: 0.1", "slope: -1")
    )
    found = faults_of(tmp_path, text.replace("scale: log", "scale: linear").replace("from: 1e-4", "from: -1"))
    places = [line.split(": ")[0].rpartition("/")[2] for line in found]
    assert {"sweep.yaml:3:28", "sweep.yaml:4:30", "sweep.yaml:4:33"} <= set(places)


def test_a_sweep_from_the_command_line_is_that_of_a_file(tmp_path: Path) -> None:
    vary = ["optimizer.learning_rate=log(1e-4, 1e-1)", "model.layers.1.units=[50, 100]"]
    spec = write_spec(tmp_path)
    changes = {"search.trials": 8, "objective": {"metric": "val_accuracy"}}
    ours = load_sweep(spec, vary=vary, changes=changes).sweep
    text = "\n".join(FILE.splitlines()[:4] + FILE.splitlines()[7:9])
    theirs = loaded_sweep(tmp_path, text).sweep
    different = {"name", "spec"}
    assert ours.model_dump(exclude=different) == theirs.model_dump(exclude=different)
    assert ours.name == "small-sweep"


@pytest.mark.parametrize("text", ["seed", "seed=3", "=[1]", "seed=log(1)", "seed=[1", "seed=word"])
def test_a_parameter_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        load_sweep(write_spec(tmp_path), vary=[text])
    assert f"--vary {text}" in str(error.value)


def test_overrides_change_the_spec_of_every_trial(tmp_path: Path) -> None:
    loaded = loaded_sweep(tmp_path, overrides=["training.epochs=7"])
    made = loaded.spec_of(covering(loaded.sweep)[0])
    assert made.spec.training.epochs == 7
    assert made.overrides[0] == "training.epochs=7"


def test_options_change_the_sweep(tmp_path: Path) -> None:
    sweep = loaded_sweep(tmp_path, changes={"search.trials": 99, "workers": 1, "name": "other"}).sweep
    assert (sweep.n_trials, sweep.launcher.n, sweep.name) == (99, 1, "other")


def test_the_identity_changes_with_everything_that_scores_depend_on(tmp_path: Path) -> None:
    base = loaded_sweep(tmp_path).identity
    same = [{"search.trials": 9}, {"workers": 1}, {"confirm": {"seeds": 9}}, {"description": "x"}]
    other = [{"seed": 1}, {"objective": {"metric": "val_loss"}}, {"prune": "none"}, {"search": "sobol"}]
    assert all(loaded_sweep(tmp_path, changes=changes).identity == base for changes in same)
    assert all(loaded_sweep(tmp_path, changes=changes).identity != base for changes in other)
    assert loaded_sweep(tmp_path, overrides=["training.epochs=7"]).identity != base


def test_covering_settings_contain_every_value_and_both_ends(tmp_path: Path) -> None:
    settings = covering(loaded_sweep(tmp_path, FILE.replace("[50, 100]", "[50, 100, 150]")).sweep)
    found = {path: {str(setting[path]) for setting in settings} for path in settings[0]}
    assert found["model.layers.1.units"] == {"50", "100", "150"}
    assert found["optimizer.learning_rate"] == {"0.0001", "0.1"}
    assert len(found["model.defaults.activation"]) == 2


def test_paths_in_a_sweep_start_at_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    path = write(tmp_path, FILE)
    moved = tmp_path / "inner" / "sweep.yaml"
    moved.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"spec": "../small.yaml"}))
    monkeypatch.chdir("/")
    assert load_sweep(moved).base.spec.name == "small"

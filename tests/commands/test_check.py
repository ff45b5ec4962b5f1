"""Advice can be followed by `check --fix`, for any spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands import gpu
from dnnctl.commands.check import check
from dnnctl.specs import load, to_plain
from dnnctl.specs.reading.load import to_yaml
from image_files import draw_pixels, write_folder
from random_specs import Chance, write_data
from sample_specs import write_digits
from stored import store_run

BAD = """# why
name: bad
data: {source: fashion_mnist_sample, validation: {size: 500}}  # no scaling
model:
  defaults:
    activation: selu  # self-normalizing
    initializer: he_normal
  layers:
    - flatten
    - {kind: dense, units: 50, dropout: {kind: dropout, rate: 0.2}}  # first
    - {kind: dense,   units: 20, activation: relu}
optimizer: adam
"""
GOOD = """# why
name: bad
data: {source: fashion_mnist_sample, validation: {size: 500}, scaling: standardize}  # no scaling
model:
  defaults:
    activation: selu  # self-normalizing
    initializer: he_normal
  layers:
    - flatten
    - {kind: dense, units: 50, dropout: {kind: alpha_dropout, rate: 0.2}, initializer: lecun_normal}  # first
    - {kind: dense,   units: 20, activation: relu}
optimizer: adam
"""


def test_fixes_leave_comments_and_layout_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    fixed = check(path, fix=True)
    assert path.read_text() == GOOD
    assert {each.rule.id for each in fixed.fixed} == {"selu-inputs", "selu-initializer", "selu-dropout"}
    assert not fixed.advice
    assert list(tmp_path.iterdir()) == [path]


def test_an_entry_of_a_list_in_a_base_is_not_fixed_in_the_file(tmp_path: Path) -> None:
    """It would replace the whole list. The advice is still there."""
    (tmp_path / "base.yaml").write_text(BAD)
    path = tmp_path / "x.yaml"
    path.write_text("extends: base.yaml\n")
    fixed = check(path, fix=True)
    assert {each.rule.id for each in fixed.fixed} == {"selu-inputs"}
    assert {each.rule.id for each in fixed.advice} == {"selu-initializer", "selu-dropout"}
    assert (tmp_path / "base.yaml").read_text() == BAD


@pytest.mark.parametrize("seed", range(12))
def test_fixing_twice_is_fixing_once(seed: int, tmp_path: Path) -> None:
    """For specs of all kinds: the fixed file is a valid spec, and none of its safe fixes are left."""
    write_data(tmp_path)
    for number, spec in zip(range(3), Chance(seed, tmp_path).specs(), strict=False):
        path = tmp_path / f"{number}.yaml"
        path.write_text(to_yaml(spec))
        once = check(path, fix=True)
        text = path.read_text()
        twice = check(path, fix=True)
        assert (twice.fixed, path.read_text(), twice.advice) == ((), text, once.advice)
        assert not once.faults
        assert not any(each.fix and each.fix.is_safe for each in once.advice)
        assert to_plain(load(path).spec)


MODEL = "model: {layers: [flatten]}\n"
DIGITS = "data: {source: {kind: npz, path: digits.npz}}\n"
NAMED = {
    "file": ("data: {source: {kind: npz, path: gone.npz}}\n" + MODEL, "data.source.path", "no such file"),
    "run": (DIGITS + "model: {layers: [flatten], reuse: {run: gone}}\n", "model.reuse.run", "There are no runs in"),
    "model": (
        DIGITS + "model: {layers: [flatten], reuse: {run: gone.keras}}\n",
        "model.reuse.run",
        "gone.keras does not exist",
    ),
    "device": (DIGITS + MODEL + "runtime: {device: gpu}\n", "runtime.device", "this computer has no GPU"),
    "image": ("data: {source: {kind: images, path: photos}}\n" + MODEL, "data.source", "its start; b/1.png: "),
    "array": ("data: {source: {kind: npz, path: digits.npz, train_inputs: pixels}}\n" + MODEL, "data.source", "pixels"),
    "loss": (DIGITS.replace("npz}", "npz, task: numbers}") + MODEL + "loss: hinge\n", "loss", "hinge is for classes"),
}


@pytest.mark.parametrize("named", NAMED)
def test_what_a_spec_names_is_looked_for_unless_offline(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, a run, a model, a GPU; and in files that exist: a damaged image, an array, what the loss is for."""
    monkeypatch.setattr(gpu, "DEVICES", (str(tmp_path / "driver"),))
    monkeypatch.delenv(gpu.HIDES, raising=False)
    write_digits(tmp_path / "digits.npz")
    write_folder(tmp_path / "photos", {f"{'ab'[n % 2]}/{n // 2}.png": draw_pixels(1, 8, 8, 3)[0] for n in range(8)})
    for name in ("0.png", "1.png"):
        (tmp_path / "photos" / "b" / name).write_bytes(b"not an image")
    text, key, rule = NAMED[named]
    path = tmp_path / "x.yaml"
    path.write_text(text)
    (fault,) = check(path, runs_dir=tmp_path / "runs").faults
    assert (fault.path, rule in fault.rule, fault.place is not None) == (key, True, True), fault
    assert fault.hint
    assert check(path, offline=True).faults == ()


def test_a_run_and_a_gpu_that_are_there_are_no_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "DEVICES", (str(tmp_path),))
    monkeypatch.delenv(gpu.HIDES, raising=False)
    run = store_run(tmp_path / "runs", "there")
    run.folder.model.write_bytes(b"model")
    write_digits(tmp_path / "digits.npz")
    path = tmp_path / "x.yaml"
    path.write_text(DIGITS + "model: {layers: [flatten], reuse: {run: there}}\nruntime: {device: gpu}\n")
    assert check(path, runs_dir=tmp_path / "runs").faults == ()
    monkeypatch.setenv(gpu.HIDES, "-1")
    assert [fault.path for fault in check(path, runs_dir=tmp_path / "runs").faults] == ["runtime.device"]

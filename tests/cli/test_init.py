"""`dnnctl init`: what it writes is complete and trains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from command_line import call
from dnnctl.commands.preset import preset_names
from dnnctl.commands.train import train
from dnnctl.specs import load_spec, to_plain
from dnnctl.store.record import Status
from image_files import draw_pixels, write_folder
from sample_specs import write_digits

SMALL = ["training.epochs=1", "training.early_stopping=none"]
FLAT = "model.layers=[flatten, {kind: dense, units: 8}]"
OWN = {"tabular": "data.csv", "regression": "data.csv", "images": "images"}
"""The presets for data of one's own, and the data that each names."""
WITHOUT_FRAMEWORK = """
import sys
for name in ("tensorflow", "keras"):
    sys.modules[name] = None
from dnnctl.cli.app import app
app(sys.argv[1:])
"""


def write_own_data(folder: Path) -> None:
    """A table and a folder of images, with the names that presets have for them."""
    draw = np.random.default_rng(1)
    rows = [
        f"{a:.3f},{['red', 'blue', 'green'][b % 3]},{a * 1e5:.0f}.5"
        for a, b in zip(draw.random(60), range(60), strict=True)
    ]
    (folder / "data.csv").write_text("\n".join(["a,b,target", *rows]))
    write_folder(
        folder / "images",
        {f"{'ab'[n % 2]}/{n}.png": draw_pixels(1, 8, 8, 3, seed=n)[0] for n in range(20)},
    )


@pytest.mark.heavy
@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_is_complete_and_trains(preset: str, tmp_path: Path) -> None:
    path = tmp_path / "my net.yaml"
    assert call("init", path, "--preset", preset).exit_code == 0
    spec = load_spec(path)
    assert spec.name == "my-net"
    assert set(to_plain(spec)) <= set(yaml.safe_load(path.read_text()))
    assert all(
        "#" in line for line in path.read_text().splitlines() if line.startswith(("#", "seed", "loss", "metrics"))
    )
    write_own_data(tmp_path)
    digits = [f"data.source={{kind: npz, path: {write_digits(tmp_path / 'table.npz')}}}"]
    other = ["data.source.task=classes", "data.source.target=b"] if preset == "tabular" else []
    changes = [*SMALL, *([*digits, FLAT, "data.validation.size=24"] if preset not in OWN else other)]
    if preset == "transfer":
        init = tmp_path / "source.yaml"
        assert call("init", init, "--preset", "self-normalizing").exit_code == 0
        train(load_spec(init, [*changes, "name=selu"]), runs_dir=tmp_path / "runs")
        changes = [*digits, FLAT, "data.classes=[0, 1]", "data.validation.size=9"]
    assert train(load_spec(path, changes), runs_dir=tmp_path / "runs").status == Status.FINISHED


@pytest.mark.heavy
def test_a_price_is_predicted_in_half_the_error_of_the_mean(tmp_path: Path) -> None:
    """Targets in the hundreds of thousands, with the spec as `init --from` writes it."""
    draw = np.random.default_rng(5)
    area, rooms = draw.normal(120, 40, 200), draw.integers(1, 7, 200)
    price = 90_000 + 2_500 * area + 30_000 * rooms + draw.normal(0, 20_000, 200)
    rows = [f"{a:.1f},{b},{c:.2f}" for a, b, c in zip(area, rooms, price, strict=True)]
    (tmp_path / "houses.csv").write_text("\n".join(["area,rooms,price", *rows]))
    assert call("init", tmp_path / "a.yaml", "--from", tmp_path / "houses.csv").exit_code == 0
    run = train(tmp_path / "a.yaml", runs_dir=tmp_path / "runs")
    with np.load(run.folder.predictions) as file:
        targets = file["test_labels"].reshape(-1)
    of_mean = float(np.abs(targets - price.mean()).mean())
    assert of_mean > 50_000
    assert run.summary.test["mae"] < of_mean / 2


def test_init_from_prints_what_was_found(tmp_path: Path) -> None:
    write_own_data(tmp_path)
    done = call("init", tmp_path / "a.yaml", "--from", tmp_path / "data.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    first, second, *_, last = done.stdout.splitlines()
    assert first == f"written: {tmp_path / 'a.yaml'} (preset regression)"
    assert "'target', because of its name" in second
    assert "baseline, always the mean" in done.stdout
    assert last == f"next:    dnnctl train {tmp_path / 'a.yaml'}"


def test_init_from_loads_no_framework(tmp_path: Path) -> None:
    write_own_data(tmp_path)
    for number, data in enumerate(("data.csv", "images")):
        command = [sys.executable, "-c", WITHOUT_FRAMEWORK, "init", f"{number}.yaml", "--from", data]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_spec_is_written_if_its_data_need_a_decision(tmp_path: Path) -> None:
    """The message names a key of the spec, so there must be one."""
    rows = [f"{n if n % 9 else 'unknown'},{n % 2}" for n in range(200)]
    (tmp_path / "data.csv").write_text("\n".join(["a,target", *rows]))
    done = call("init", tmp_path / "a.yaml", "--from", tmp_path / "data.csv")
    assert (done.exit_code, "data.source.missing.words" in done.stderr) == (2, True)
    assert load_spec(tmp_path / "a.yaml", ["data.source.missing.words=[unknown]"]).data.source.target == "target"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "a"], "--target needs data"),
        (["--from", "data.csv", "--preset", "tabular"], "--from chooses the preset"),
        (["--from", "data.csv"], "data.csv: no such file or folder"),
    ],
)
def test_options_that_do_not_fit_are_errors(options: list[str], message: str, tmp_path: Path) -> None:
    done = call("init", tmp_path / "a.yaml", *options)
    assert (done.exit_code, message in done.stderr) == (2, True)
    assert not (tmp_path / "a.yaml").exists()


def test_an_existing_file_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    done = call("init", path)
    assert (done.exit_code, path.read_text()) == (2, "mine")
    assert "already exists" in done.stderr


def test_the_next_command_needs_data_that_are_there(tmp_path: Path) -> None:
    for preset in preset_names():
        done = call("init", tmp_path / f"{preset}.yaml", "--preset", preset)
        assert ("set data.source" in done.stdout) == (preset in OWN), preset


def test_an_editor_finds_the_schema_of_the_spec_that_is_written(tmp_path: Path) -> None:
    """The line names a file relative to the spec, which is the schema that `dnnctl schema` prints."""
    write_own_data(tmp_path)
    for name, options in (("a.yaml", []), ("b.yaml", ["--from", tmp_path / "data.csv"])):
        assert call("init", tmp_path / name, *options).exit_code == 0
        first = (tmp_path / name).read_text().splitlines()[0]
        file = first.removeprefix("# yaml-language-server: $schema=")
        assert file != first
        assert not Path(file).is_absolute()
        assert (tmp_path / file).read_text() == call("schema").stdout
        (tmp_path / file).write_text("{}")  # of an older version


def test_a_spec_is_written_where_no_schema_can_be(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".dnnctl").symlink_to(tmp_path / "elsewhere")
    assert call("init", tmp_path / "a.yaml").exit_code == 0
    assert "$schema" not in (tmp_path / "a.yaml").read_text()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_name_that_looks_like_a_number_is_text(tmp_path: Path) -> None:
    assert call("init", tmp_path / "2026.yaml").exit_code == 0
    assert load_spec(tmp_path / "2026.yaml").name == "2026"


def test_an_unknown_preset_is_an_error_with_all_presets(tmp_path: Path) -> None:
    done = call("init", tmp_path / "x.yaml", "--preset", "resnet")
    assert (done.exit_code, f"Allowed: {', '.join(preset_names())}." in done.stderr) == (2, True)
    assert not (tmp_path / "x.yaml").exists()


def test_the_presets_are_listed_without_a_file() -> None:
    done = call("init", "--preset", "list")
    assert (done.exit_code, "self-normalizing" in done.stdout) == (0, True)


def test_without_a_file_the_error_has_an_example() -> None:
    done = call("init")
    assert done.exit_code == 2
    assert "error: init needs the file to write. For example: dnnctl init new.yaml" in done.stderr

"""Completion in a shell: what is suggested can be typed, for runs, keys, metrics, rules, formats and presets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dnnctl.advice.rules import RULES
from dnnctl.cli.app import app
from dnnctl.cli.completion import join_words
from dnnctl.cli.key_completion import keys_like, topics_like, values_of
from dnnctl.commands.explain import find_topics
from dnnctl.commands.labels import rename, tag
from dnnctl.specs.reading.yaml_reader import read_document
from dnnctl.store.record import RunRecord

ROOT = Path(__file__).parents[2]
SHIPPED = [
    path for folder in ("configs", "configs/chapter11", "dnnctl/presets") for path in (ROOT / folder).glob("*.yaml")
]


def complete(line: str) -> list[str]:
    """What bash suggests for a line. It makes words of its own of every `=`."""
    words = [word for part in line.split(" ") for word in (re.split("(=)", part) if "=" in part else [part])]
    words = [word for place, word in enumerate(words) if word or place == len(words) - 1]
    at = len(words) - 2 if len(words) > 1 and not words[-1] and words[-2] == "=" else len(words) - 1
    environment = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(at), "_DNNCTL_COMPLETE": "complete_bash"}
    join_words(environment)
    done = CliRunner().invoke(app, [], env=environment)
    assert done.exit_code == 0
    return str(done.stdout).split()


@pytest.mark.parametrize(
    ("line", "suggested"),
    [
        ("dnnctl fo", ["fork"]),
        ("dnnctl check --set optimizer.mom", ["optimizer.momentum=", "optimizer.momentum=0.0"]),
        ("dnnctl check --set optimizer=ada", ["adam", "adamw", "adamax", "adagrad", "adadelta", "adafactor"]),
        ("dnnctl check --set=optimizer=ft", ["ftrl"]),
        ("dnnctl check --set optimizer=adam --set training.epochs=", ["10"]),
        ("dnnctl train a.yaml --set optimizer.nesterov=", ["true", "false"]),
        ("dnnctl sweep a.yaml --vary training.batch_s", ["training.batch_size=", "training.batch_size=32"]),
        ("dnnctl explain optimizer.sg", ["optimizer.sgd"]),
        ("dnnctl explain a.yaml sched", ["schedule"]),
        ("dnnctl check --explain selu-in", ["selu-initializer", "selu-inputs"]),
        ("dnnctl export --to=on", ["onnx"]),
        ("dnnctl export --to ", ["keras", "saved_model", "onnx", "litert", "openvino", "weights"]),
        ("dnnctl init a.yaml --preset ta", ["tabular"]),
        ("dnnctl check --format g", ["github"]),
        ("dnnctl check --set nonsense.", []),
    ],
)
def test_words_are_completed(line: str, suggested: list[str]) -> None:
    assert complete(line) == suggested


def test_runs_are_completed_by_name_id_and_last(runs: list[RunRecord]) -> None:
    good, bad = runs
    rename(tag(bad, ["+kept"]), "renamed")
    assert complete("dnnctl show ") == ["renamed", "good", "last", bad.id, good.id]
    assert complete("dnnctl compare last re") == ["renamed"]
    assert complete("dnnctl predict g") == ["good"]
    assert complete("dnnctl predict good g") == [], "the inputs are files"
    assert complete("dnnctl list --tag ") == ["kept"]
    assert complete(f"dnnctl show --runs-dir {good.path} ") == [], "there are no runs in a run"


@pytest.mark.usefixtures("runs")
def test_metrics_are_completed_from_the_runs() -> None:
    assert complete("dnnctl compare --metric a") == ["accuracy"]
    assert complete("dnnctl list --sort val_") == ["val_loss", "val_accuracy"]
    assert complete("dnnctl list --columns id,test_a") == ["id,test_accuracy"]
    assert complete("dnnctl list --columns id,optimizer.l") == ["id,optimizer.learning_rate"]
    assert complete("dnnctl sweep a.yaml --objective val_a") == ["val_accuracy"]


def test_damaged_runs_do_not_disturb(runs: list[RunRecord]) -> None:
    for run in runs:
        run.folder.run.write_text("{")
        run.folder.metrics.write_text("[")
    assert "last" in complete("dnnctl show ")
    assert "seconds" in complete("dnnctl list --sort s")
    assert complete("dnnctl compare --metric a") in ([], ["accuracy"])


def paths_of(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Each key of a spec with its value; of a list, only its first entry."""
    if isinstance(value, dict):
        below = [(f"{path}.{key}" if path else key, entry) for key, entry in value.items() if key != "extends"]
        return [pair for key, entry in below for pair in [(key, entry), *paths_of(entry, key)]]
    return paths_of(value[0], f"{path}.0") if isinstance(value, list) and value and isinstance(value[0], dict) else []


def test_every_key_and_word_of_the_shipped_specs_can_be_completed() -> None:
    found = {pair for path in SHIPPED for pair in as_text(read_document(path.read_text(), path.name)[0].plain())}
    assert len(found) > 100
    for path, value in found:
        parent, dot, _ = path.rpartition(".")
        assert {f"{path}=", f"{path}."} & set(keys_like(parent + dot)), path
        values = values_of(path)
        assert not value or not values or value in values, (path, value)


def as_text(plain: Any) -> list[tuple[str, str]]:
    """The keys of a spec, each with its word; other values are omitted."""
    is_free = ("name", "description", "run", "path", "target", "monitor", "size")
    return [
        (path, value if isinstance(value, str) and path.rsplit(".", 1)[-1] not in is_free else "")
        for path, value in paths_of(plain)
    ]


def test_a_key_that_needs_a_value_is_never_the_only_candidate() -> None:
    """Bash adds a space after the only candidate, but `training.epochs= 5` is not what anybody wants to type."""
    names = [
        "",
        "data.",
        "training.",
        "optimizer.",
        "model.",
        "model.layers.0.",
        "schedule.",
        "runtime.",
        "data.source.",
    ]
    for candidate in {each for name in names for each in keys_like(name)}:
        again = keys_like(candidate.rstrip("=."))
        assert len(again) != 1, candidate
        assert len({each for each in again if each.startswith(candidate)}) > 0, candidate


@pytest.mark.parametrize("name", ["", "optimizer.", "optimizer.sgd.", "schedule.", "model.defaults.activation."])
def test_explain_knows_what_is_suggested_for_it(name: str) -> None:
    assert len(topics_like(name)) > 1
    assert all(find_topics(topic) for topic in topics_like(name))


def test_all_rules_are_suggested() -> None:
    assert complete("dnnctl check --explain ") == ["all", *sorted(RULES)]


def test_completion_loads_nothing_heavy() -> None:
    program = "import sys\nfor name in ('tensorflow', 'keras', 'numpy', 'pyarrow'): sys.modules[name] = None\n"
    program += "from dnnctl.cli.app import main\nsys.argv[0] = 'dnnctl'\nmain()"
    words = {"COMP_WORDS": "dnnctl\ncheck\n--set\noptimizer\n=\nnad", "COMP_CWORD": "5"}
    environment = {**words, "_DNNCTL_COMPLETE": "complete_bash", "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("nadam\n", "", 0)


def test_completing_a_run_does_not_import_the_types_of_specs() -> None:
    program = (
        "import sys\nsys.modules['pydantic'] = None\nfrom dnnctl.cli.app import main\nsys.argv[0] = 'dnnctl'\nmain()"
    )
    words = {"COMP_WORDS": "dnnctl\nshow\nla", "COMP_CWORD": "2"}
    environment = {**words, "_DNNCTL_COMPLETE": "complete_bash", "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.stderr, done.returncode) == ("", 0)

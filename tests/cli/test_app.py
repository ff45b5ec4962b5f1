"""The command line as a whole: light, with help for everything, and clear about wrong words."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from command_line import call
from dnnctl import __version__
from dnnctl.cli.app import app
from dnnctl.store.record import RunRecord

ROOT = Path(__file__).parents[2]
SELU = ROOT / "configs" / "selu.yaml"

POISONED = """
import sys
for name in ("tensorflow", "keras", "numpy"):
    sys.modules[name] = None
from dnnctl.cli.app import app
app(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["check", str(SELU)],
        ["init", "--preset", "list", "x.yaml"],
        ["check", "--json", str(SELU)],
        ["check", "--explain", "all"],
        ["explain", "optimizer.sgd"],
        ["explain", str(SELU), "seed"],
        ["schema"],
        ["list"],
        ["show"],
        ["show", "--json", "net"],
        ["list", "--filter", "epochs == 1"],
        ["remove", "--dry-run", "net"],
        ["remove", "net", "--yes"],
    ],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(arguments: list[str], finished: RunRecord) -> None:
    environment = {"DNNCTL_RUNS_DIR": str(finished.path.parent), "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", POISONED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_importing_dnnctl_loads_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "numpy", "pydantic", "rich")
    code = f"import sys, dnnctl; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_commands_that_read_no_spec_do_not_import_what_specs_are_made_of() -> None:
    """Building the types of a spec takes longer than everything else that `list` does."""
    code = "import sys, dnnctl.cli.app; print('dnnctl.specs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class PressCtrlC:
    def find_spec(self, name, *_):
        if name == "dnnctl.cli.train":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, PressCtrlC())
from {} import {} as command
command()
"""


def test_ctrl_c_during_start_up_ends_quietly() -> None:
    """The installed command is what pyproject.toml names."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["dnnctl"]
    code = INTERRUPTED.format(*entry.split(":"))
    done = subprocess.run([sys.executable, "-c", code, "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


HEAVY_POISONED = """
import sys
for name in ("tensorflow", "keras"):
    sys.modules[name] = None
from dnnctl.cli.app import app
app(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "arguments", [["compare", "good", "bad"], ["report", "good", "-o", "r.html"], ["show", "good"]]
)
@pytest.mark.usefixtures("runs")
def test_no_framework_is_loaded(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HEAVY_POISONED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_has_help() -> None:
    names = [command.name for command in app.registered_commands]
    assert names == [
        "init", "train", "resume", "launch", "fork", "evaluate", "predict", "export", "serve", "prune", "sweep", "join",
        "verify-resume", "find-rate", "check", "explain", "plan", "probe", "data", "schema", "list", "show", "compare",
        "report", "tag", "note", "rename", "replay", "blame", "tensorboard", "remove", "doctor",
    ]  # fmt: skip
    overview = call("--help").output
    for name in names:
        assert name in overview
        assert call(name, "--help").exit_code == 0


def test_the_version_is_printed() -> None:
    assert call("--version").output == f"dnnctl {__version__}\n"


@pytest.mark.parametrize("arguments", [["trian"], ["train"], ["train", str(SELU), "--epochs", "3"], ["show", "a", "b"]])
def test_wrong_words_are_exit_code_2(arguments: list[str]) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare"], "Name at least one run"),
        (["compare", "good", "nix"], "No run 'nix'"),
        (["compare", "good", "--x", "steps"], "must be epoch or time"),
        (["compare", "--filter", "epochs > 99"], "No run matches"),
        (["list", "--sort", "val_acc"], "Did you mean val_accuracy"),
        (["show", "../../etc"], "No run"),
        (["show", "../runs/x/../../etc/passwd"], "No run"),
        (["remove", "good"], "Confirm with --yes"),
        (["remove", "--purge", "good"], "it takes no runs"),
        (["remove", "--purge", "--keep-best", "1"], "it takes no runs"),
        (["remove", "--restore", "--filter", "epochs > 1"], "takes no --filter"),
        (["remove", "--keep-best", "1", "good", "bad", "--yes"], "different losses"),
        (["list", "--csv", "--json"], "cannot be combined"),
        (["report", "good", "-o", "/nowhere/r.html"], "Cannot write"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_wrong_input_is_a_clear_error(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr

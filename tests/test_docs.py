"""The documentation is true of the code."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dnnctl import train
from dnnctl.cli.app import app
from dnnctl.events.event import Event
from dnnctl.events.sweep_event import SweepEvent
from dnnctl.specs import Spec, load_spec
from dnnctl.specs.activation import Activation
from dnnctl.specs.data import Data
from dnnctl.specs.dropout import DropoutChoice
from dnnctl.specs.layer import Layer
from dnnctl.specs.normalization import Normalization
from dnnctl.specs.reading.introspection import kinds_of, members
from dnnctl.specs.reading.load_sweep import load_sweep
from dnnctl.specs.source import BuiltIn, Source
from dnnctl.store.folder import RunFolder
from stored import store_run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def docs_module(name: str) -> ModuleType:
    """A script in docs/ as a module."""
    location = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert location is not None
    assert location.loader is not None
    module = importlib.util.module_from_spec(location)
    sys.modules[module.__name__] = module
    location.loader.exec_module(module)
    return module


PAGES = [("spec.md", "build"), ("cli.md", "build_cli"), ("rules.md", "build_rules")]


@pytest.mark.parametrize(("page", "generator"), PAGES)
def test_generated_pages_are_up_to_date(page: str, generator: str) -> None:
    """`make docs` would change nothing."""
    assert (ROOT / "docs" / page).read_text() == docs_module(generator).reference()


def test_the_command_reference_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    module = docs_module("build_cli")
    text = module.reference()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("DNNCTL_RUNS_DIR", "/elsewhere")
    assert module.reference() == text
    assert {f"## {command.name}" for command in app.registered_commands} <= set(text.splitlines())


def test_the_documented_events_are_those_that_training_reports() -> None:
    page = (ROOT / "docs" / "runs.md").read_text()
    table = page[page.index("| event |") : page.index("## Python")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {event.event for event in Event.__subclasses__()}


def test_the_documented_events_are_those_that_a_sweep_reports() -> None:
    page = (ROOT / "docs" / "sweep.md").read_text()
    table = page[page.index("| event |") : page.index("## Python")]
    events = {event.event for event in SweepEvent.__subclasses__()}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == events


def test_the_sweep_in_the_documentation_is_that_of_the_configs(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "sweep.md").read_text(), re.DOTALL)
    (tmp_path / "sweep.yaml").write_text(text.replace("../selu.yaml", str(ROOT / "configs" / "selu.yaml")))
    shown, shipped = load_sweep(tmp_path / "sweep.yaml"), load_sweep(ROOT / "configs" / "sweeps" / "selu.yaml")
    assert shown.identity == shipped.identity


def test_the_documented_files_are_those_of_a_run() -> None:
    page = (ROOT / "docs" / "runs.md").read_text()
    table = page[page.index("| file |") : page.index("## Status")]
    paths = {name: getattr(RunFolder(Path("run")), name) for name in vars(RunFolder) if not name.startswith("_")}
    files = {path.name for name, path in paths.items() if isinstance(path, Path) and path.parent == Path("run")}
    assert {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)` \|", table, re.MULTILINE)} == files - {".lock"}


def test_reproduce_finds_the_finished_runs_of_a_spec(tmp_path: Path) -> None:
    """Otherwise each start of `make reproduce` would train everything again."""
    run = store_run(tmp_path)
    store_run(tmp_path, "other")
    found = docs_module("reproduce").finished(run.facts.spec_digest, tmp_path)
    assert [each.id for each in found] == [run.id]


def test_the_spec_in_the_readme_is_configs_selu() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    shown, main = Spec.model_validate(yaml.safe_load(text)), load_spec(ROOT / "configs" / "selu.yaml")
    assert shown.model_copy(update={"description": main.description}) == main


def test_the_readme_names_every_command() -> None:
    table = README[README.index("## Commands") : README.index("## How fast")]
    assert set(re.findall(r"`dnnctl ([\w-]+)", table)) == {command.name for command in app.registered_commands}


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_have_a_target(page: str) -> None:
    path = ROOT / page
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]*)\)", text):
        assert (path.parent / target).exists(), target
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    anchors |= set(re.findall(r'<a id="(\w+)">', text))
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors
    assert "@@" not in text


def test_options_in_the_readme_exist() -> None:
    table = README[README.index("## Commands") : README.index("## How fast")]
    for row in table.splitlines():
        commands = re.findall(r"`dnnctl ([\w-]+)", row)
        help_text = "".join(CliRunner().invoke(app, [command, "--help"]).output for command in commands)
        for option in re.findall(r"(--[a-z][a-z-]*)", row):
            assert option in help_text, row


DATA_PAGE = (ROOT / "docs" / "data.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", DATA_PAGE, re.DOTALL))
def test_the_data_sections_in_the_documentation_are_valid(text: str) -> None:
    Data.model_validate(yaml.safe_load(text)["data"])


def test_the_example_of_a_table_is_what_init_prints(tmp_path: Path) -> None:
    """On both pages; the README shows the beginning."""
    path = tmp_path / "flowers.yaml"
    done = CliRunner().invoke(app, ["init", str(path), "--from", str(ROOT / "configs" / "iris.csv")])
    printed = [f"    {line}" for line in done.stdout.replace(str(path), path.name).splitlines()]
    assert "\n".join(printed) in DATA_PAGE
    assert "\n".join(printed[:5]) in README


@pytest.mark.heavy
def test_the_trained_model_takes_the_raw_columns_of_the_documentation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python example, with a run of configs/iris.yaml, prints what the page says."""
    run = train(ROOT / "configs" / "iris.yaml", runs_dir=tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DATA_PAGE, re.DOTALL)
    capsys.readouterr()
    exec(re.sub(r"runs/[\w-]+", str(run.folder.path), code), {})
    printed = "".join(f"    {line}\n" for line in capsys.readouterr().out.splitlines())
    assert f"```\n\n{printed}" in DATA_PAGE


PYTHON_PAGE = (ROOT / "docs" / "python.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)\n```)?", PYTHON_PAGE, re.DOTALL)


@pytest.mark.heavy
def test_the_python_page_shows_what_its_code_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of the last line of every example, as a prompt or a notebook would show it."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    n_shown = 0
    for code, shown in EXAMPLES:
        tree = ast.parse(code)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "python.md", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "python.md", "eval"), names)
        if shown:
            assert_shown(repr(value), shown)
            n_shown += 1
    assert n_shown == PYTHON_PAGE.count("```text") == 7


def test_the_notebook_is_the_python_page_and_has_run() -> None:
    """`python docs/build_notebook.py` would change no code, and no cell has failed."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    expected = docs_module("build_notebook").build()
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in expected.cells
    ]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
    results = [cell for cell in code if any(output.output_type != "stream" for output in cell.outputs)]
    assert len(results) == len(EXAMPLES), "every example shows something"
    assert "epoch 20/20" in "".join(output.get("text", "") for output in code[1].outputs)


NUMBER = re.compile(r"\d+\.\d+(?:e-?\d+)?|\d{8}-\d{6}-\w+-[0-9a-f]{4}")


def assert_shown(found: str, shown: str) -> None:
    """Check that a text is what a page shows, up to ids and the rounding of other processors."""
    assert re.sub(" +", " ", NUMBER.sub("…", found)) == re.sub(" +", " ", NUMBER.sub("…", shown))
    for ours, theirs in zip(re.findall(r"\b\d\.\d+", found), re.findall(r"\b\d\.\d+", shown), strict=True):
        assert float(ours) == pytest.approx(float(theirs), abs=0.02)


@pytest.mark.heavy
def test_the_python_example_of_runs_is_one_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints what the page says, up to ids and the rounding of other processors."""
    page = (ROOT / "docs" / "runs.md").read_text()
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1]
    (printed,) = re.findall(r"^prints\n\n((?:    .*\n)+)", page, re.MULTILINE)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(tmp_path))
    exec(code, {})
    found = capsys.readouterr().out
    shown = "".join(line.removeprefix("    ") for line in printed.splitlines(keepends=True))
    assert_shown(found, shown)


def test_the_table_of_exports_names_every_kind() -> None:
    """What each format holds is measured for all of them."""
    page = (ROOT / "docs" / "export.md").read_text()
    rows = re.findall(r"^\| (\w+) \| `(\w+)`", page, re.MULTILINE)
    for group, choice in (("layer", Layer), ("layer", DropoutChoice), ("activation", Activation), ("source", Source)):
        for kind in kinds_of(members(choice)):
            is_download = kind in kinds_of([BuiltIn]) and kind != "fashion_mnist_sample"
            assert kind == "none" or is_download or (group, kind) in rows, kind
    assert {kind for group, kind in rows if group == "normalization"} == {*kinds_of(members(Normalization))} - {"none"}

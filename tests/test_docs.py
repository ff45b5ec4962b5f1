"""What is written about dnnctl is true of it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dnnctl.cli.app import app
from dnnctl.specs import Spec, load_spec

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_reference_is_what_the_docstrings_say() -> None:
    """`make docs` would change nothing."""
    location = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert location is not None
    assert location.loader is not None
    build = importlib.util.module_from_spec(location)
    location.loader.exec_module(build)
    assert (ROOT / "docs" / "spec.md").read_text() == build.reference()


def test_the_readme_s_spec_is_the_main_one() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    shown, main = Spec.model_validate(yaml.safe_load(text)), load_spec(ROOT / "configs" / "selu.yaml")
    assert shown.model_copy(update={"description": main.description}) == main


def test_the_readme_names_every_command() -> None:
    table = README[README.index("## Commands") : README.index("## How fast")]
    assert set(re.findall(r"`dnnctl ([\w-]+)", table)) == {command.name for command in app.registered_commands}


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]*)\)", text):
        assert (path.parent / target).exists(), target
    anchors = set(re.findall(r'<a id="(\w+)">', text))
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= anchors
    assert "@@" not in text


def test_options_that_the_readme_names_exist() -> None:
    table = README[README.index("## Commands") : README.index("## How fast")]
    for row in table.splitlines():
        commands = re.findall(r"`dnnctl ([\w-]+)", row)
        help_text = "".join(CliRunner().invoke(app, [command, "--help"]).output for command in commands)
        for option in re.findall(r"(--[a-z][a-z-]*)", row):
            assert option in help_text, row

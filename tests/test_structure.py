"""The layout of the code: what the import contracts cover, and which package may use what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dnnctl"
SOURCES = sorted(PACKAGE.rglob("*.py"))
OF_SEVERAL = {
    "test_attack.py",  # attacks on every command
    "test_builders.py",  # that the builders are exactly the alternatives of the spec
    "test_damaged_runs.py",  # every light command on damaged runs
    "test_help.py",  # the help of every command
    "test_light.py",  # what every light command has in common
    "test_report_in_browser.py",  # the report's page in a real browser
}
"""Tests of what several files have in common."""
STANDALONE = {"encode.py", "runtime.py"}
"""Scripts of exports, which run without dnnctl."""
NO_LAYER = {"presets", "__init__", "__main__"}
"""Data files, and the two entry points."""


def contracts() -> list[dict[str, object]]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(found["tool"]["importlinter"]["contracts"])


def rooms() -> set[str]:
    """The packages and modules directly inside dnnctl."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return packages | {path.stem for path in PACKAGE.glob("*.py")}


def test_every_room_is_in_a_layer() -> None:
    """A new package that is not in a contract could import anything."""
    (layers,) = (contract["layers"] for contract in contracts() if contract["type"] == "layers")
    assert isinstance(layers, list)
    named = {room.strip() for layer in layers for room in layer.split("|")}
    assert named == rooms() - NO_LAYER


def test_only_the_engine_may_import_tensorflow() -> None:
    (contract,) = (contract for contract in contracts() if contract.get("forbidden_modules") == ["tensorflow"])
    assert isinstance(contract["source_modules"], list)
    assert {name.removeprefix("dnnctl.") for name in contract["source_modules"]} == rooms() - NO_LAYER - {"engine"}


def test_contracts_name_packages() -> None:
    """A list of modules would not cover the next module."""
    for contract in contracts():
        for name in contract.get("source_modules", []):  # type: ignore[attr-defined]
            assert name.count(".") == 1, name


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        (r"folder\.(run|summary|history)\b", {"store"}),
        (r"\bjson\.loads?\(", {"store", "commands"}),
        (r"STATE\b", {"store"}),
    ],
)
def test_the_files_of_a_run_are_read_in_the_store(pattern: str, homes: set[str]) -> None:
    """run.json, summary.json and history.jsonl are read in one place; everything else uses types."""
    ours = [path for path in SOURCES if path.name not in STANDALONE]
    users = {path.relative_to(PACKAGE).parts[0] for path in ours if re.search(pattern, path.read_text())}
    assert users <= homes


def test_functions_are_short() -> None:
    """No function has more than 50 lines, not counting its docstring."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                start = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0].lineno
                assert (node.end_lineno or start) - start < 50, f"{path}: {node.name}"


def test_a_test_has_the_name_of_the_file_it_tests() -> None:
    """tests/runner/test_loop.py tests dnnctl/runner/loop.py."""
    tests = Path(__file__).parent
    for path in sorted(tests.glob("*/**/test_*.py")):
        twin = PACKAGE / path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        assert twin.is_file() or path.name in OF_SEVERAL, path


QUIET = """
import os, sys, threading
before, n_threads, path = dict(os.environ), threading.active_count(), list(sys.path)
import dnnctl, dnnctl.specs, dnnctl.store.writer, dnnctl.events.wording, dnnctl.commands.train
assert dict(os.environ) == before, "the environment has changed"
assert (threading.active_count(), sys.path) == (n_threads, path)
assert not {"tensorflow", "keras", "numpy"} & set(sys.modules), "something heavy was loaded"
"""


def test_importing_light_packages_has_no_side_effects(tmp_path: Path) -> None:
    """No environment variable is set, no folder made, no lock taken, no framework loaded."""
    environment = {
        "HOME": str(tmp_path),
        "PYTHONPATH": ":".join([str(ROOT), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([sys.executable, "-c", QUIET], env=environment, check=True, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []

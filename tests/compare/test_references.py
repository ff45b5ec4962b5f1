from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

import dnnctl
from dnnctl.compare.comparison import compare_runs
from dnnctl.compare.references import compare
from dnnctl.errors import UserError
from stored import store_run


def test_runs_are_named_as_on_the_command_line(tmp_path: Path) -> None:
    """A name means all seeds of its recipe; a run is itself. The same run twice is one run."""
    first, second, other = (
        store_run(tmp_path, seed=1),
        store_run(tmp_path, seed=2),
        store_run(tmp_path, "b", loss="mse"),
    )
    expected = compare_runs([first, second, other])
    found = compare("net", first, other.path, runs_dir=tmp_path)
    assert found.as_object() == expected.as_object()
    assert [len(group.runs) for group in found.groups] == [2, 1]
    text = repr(found)
    assert all(run.id in text for run in (first, second, other))
    assert "test accuracy" in text
    assert str(found.verdicts[0]) in text
    with pytest.raises(UserError, match="at least one run"):
        compare()


def test_the_package_is_the_function(tmp_path: Path) -> None:
    """`import dnnctl.compare.x` replaces the attribute `compare` of dnnctl; it can be called all the same."""
    run = store_run(tmp_path)
    assert dnnctl.compare(run).as_object() == compare(run).as_object()
    package = cast(Any, sys.modules["dnnctl.compare"])
    assert package(str(run.path)).as_object() == compare(run).as_object()

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands.plot import plot
from dnnctl.commands.runs import Run
from dnnctl.errors import RunError
from stored import make_run, store_run


def test_a_figure_has_the_values_of_the_rows(tmp_path: Path) -> None:
    """In training and on validation, whichever of the two is named."""
    pytest.importorskip("plotly", reason="plotly is not installed")
    run = Run(store_run(tmp_path).folder)
    for metric, names in [(None, ["loss", "val_loss"]), ("val_accuracy", ["accuracy", "val_accuracy"])]:
        lines = run.plot(metric).data
        assert [line.name for line in lines] == [name for name in names if name in run.rows[0]]
        for line in lines:
            assert list(zip(line.x, line.y, strict=True)) == [(row["epoch"], row[line.name]) for row in run.rows]


def test_without_plotly_it_is_drawn_with_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt shows the drawing as it is, and nothing in it acts on a terminal."""
    monkeypatch.setattr("dnnctl.commands.plot.find_spec", lambda _: None)
    drawing = plot(store_run(tmp_path), "loss")
    assert "loss over epochs" in drawing
    assert repr(drawing) == str(drawing)
    assert all(line.isprintable() for line in drawing.splitlines())


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has not finished its first epoch"):
        plot(make_run(tmp_path))
    with pytest.raises(RunError, match=r"no metric 'los'\. Did you mean `loss`"):
        plot(store_run(tmp_path), "los")

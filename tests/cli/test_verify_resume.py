"""`dnnctl verify-resume` reports an exact resume as exact, and finds differences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dnnctl.cli import verify_resume
from dnnctl.cli.app import app
from dnnctl.commands.train import train
from dnnctl.commands.verify_resume import Kill, Verdict
from sample_specs import write_spec

pytestmark = pytest.mark.heavy


def test_a_killed_training_is_exact(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, training={"batch_size": 4, "epochs": 4, "budget": {"minutes": 60}})
    command = [sys.executable, "-m", "dnnctl", "verify-resume", str(spec), "--kills", "2", "--epochs", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert verdict["exact"]
    assert len(verdict["kills"]) in (1, 2)


def test_differences_are_reported_and_the_runs_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs with different seeds play the part of a resume that is not exact."""
    runs = [train(write_spec(tmp_path, seed=seed), runs_dir=tmp_path / "verify" / str(seed)) for seed in (1, 2)]
    monkeypatch.setattr(verify_resume, "mkdtemp", lambda **_: str(tmp_path / "verify"))
    monkeypatch.setattr(
        "dnnctl.commands.verify_resume.verify_resume", lambda *_, **__: Verdict(runs[0], runs[1], [Kill(1, 7)])
    )
    result = CliRunner().invoke(app, ["verify-resume", str(write_spec(tmp_path))])
    assert result.exit_code == 1
    assert "NOT EXACT: after 1 kill these differ: variables and optimizer, metrics.jsonl" in result.output
    assert runs[1].path.is_dir()
    assert Verdict(runs[0], runs[0]).differences == []

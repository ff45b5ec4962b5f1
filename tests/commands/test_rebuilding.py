"""What a run on disk says about its steps, and why a replay of it may not be exact."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dnnctl.commands.prune import prune
from dnnctl.commands.rebuilding import check_step, find_steps, rebuilding
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.events.event import ignore
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.record import Status
from dnnctl.store.writer import RunWriter
from recipes import write_every_checkpoint
from sample_specs import write_spec


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        write_every_checkpoint(patch)
        return train(write_spec(folder), runs_dir=folder / "runs")


@pytest.fixture
def lost(whole: Run, tmp_path: Path) -> Run:
    """A run that was killed after two epochs of six steps."""
    path = Path(shutil.copytree(whole.path, tmp_path / whole.id))
    (path / "summary.json").unlink()
    (path / "history.jsonl").write_text((path / "history.jsonl").read_text().splitlines()[0] + "\n")
    (path / "metrics.jsonl").write_text("".join((path / "metrics.jsonl").read_text().splitlines(keepends=True)[:2]))
    shutil.rmtree(path / "checkpoints" / "epoch-0003-step-18")
    return Run.at(path)


@pytest.mark.heavy
def test_a_killed_run_has_the_steps_that_are_on_record(lost: Run) -> None:
    assert lost.status == Status.LOST
    steps = find_steps(lost)
    assert (steps.first, steps.last) == (1, 12)
    check_step(lost, 12, steps)
    with pytest.raises(RunError, match=r"has no step 13\. Its steps are 1 to 12"):
        check_step(lost, 13, steps)


@pytest.mark.heavy
def test_a_run_without_steps_is_refused(lost: Run) -> None:
    shutil.rmtree(lost.folder.checkpoints)
    lost.folder.metrics.unlink()
    with pytest.raises(RunError, match="has finished no step yet: it is lost"):
        find_steps(Run.at(lost.path))


@pytest.mark.heavy
def test_altered_damaged_and_pruned_runs_are_refused(whole: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="made by `dnnctl prune`"):
        find_steps(prune(whole.path, sparsity=0.5, runs_dir=tmp_path / "runs")[0])
    copy = Path(shutil.copytree(whole.path, tmp_path / whole.id))
    spec = copy / "spec.yaml"
    spec.write_text(spec.read_text().replace("epochs: 3", "epochs: 4"))
    with pytest.raises(RunError, match=r"altered since training: spec\.yaml"):
        find_steps(Run.at(copy))
    (copy / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"damaged: .*run\.json"):
        find_steps(Run.at(copy))


@pytest.mark.heavy
def test_what_differs_makes_a_replay_approximate(lost: Run) -> None:
    """The versions now, and the conditions of an earlier resume."""
    facts = json.loads(lost.folder.run.read_text())
    facts["versions"]["keras"] = "0.1"
    lost.folder.run.write_text(json.dumps(facts))
    with RunWriter.open(lost) as writer:
        writer.add_history(HistoryEntry("restored", step=6, approximate=("threads 2, now 1",)))
    with rebuilding(Run.at(lost.path), [], ignore) as rebuilt:
        first, second = rebuilt.approximate
    assert first.startswith("keras 0.1, now ")
    assert second == "at step 6 it was resumed with other conditions (threads 2, now 1)"

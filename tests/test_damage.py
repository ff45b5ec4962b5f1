"""Whatever is wrong in a run's folder, every command ends in words."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from attack.damage import HEAVY, find_faults, mutate_store
from dnnctl.commands.train import train
from dnnctl.store.facts import HistoryEntry, LayerFacts, ParentFacts, PrunedFacts, ReuseFacts
from dnnctl.store.files import append_json_line
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from sample_specs import write_spec
from stored import store_run

N_LIGHT = 20
N_HEAVY = 6


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run with everything that a run can have, after a sound one."""
    folder = tmp_path_factory.mktemp("stored")
    right = np.arange(40) % 10
    good, run = store_run(folder, "good", right=right < 9), store_run(folder, "bad", right=right < 5, seed=2)
    with RunWriter.open(run) as writer:
        writer.add_facts(
            parent=ParentFacts(good.id, "epoch-0001-step-10", 1, 10),
            reuse=ReuseFacts("/e/model.keras", "0", good.id, ("dense_1",)),
            pruned=PrunedFacts(good.id, 0.1, 0.8),
            layers=(LayerFacts("dense_1", "8", 99),),
        )
        writer.add_history(HistoryEntry("restored", checkpoint="epoch-0001-step-10"))
        append_json_line(run.folder.pretraining, {"epoch": 1, "step": 1, "seconds": 1, "part": "dense_1", "loss": 0.5})
        writer.write_model(lambda aside: aside.write_bytes(b"model"))
        assert run.summary is not None
        writer.write_summary(run.summary)
        writer.add_history(HistoryEntry("ended", end="finished"))
    return good.path, run.path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished run, and the same with its end undone, so that it can be resumed."""
    folder = tmp_path_factory.mktemp("trained")
    run = train(write_spec(folder, training={"batch_size": 16, "epochs": 2}), runs_dir=folder / "runs")
    unfinished = shutil.copytree(run.path, folder / "other" / run.id)
    (unfinished / "summary.json").unlink()
    lines = (unfinished / "history.jsonl").read_text().splitlines(keepends=True)
    (unfinished / "history.jsonl").write_text(lines[0])
    return run.path, unfinished


@pytest.mark.parametrize("seed", range(N_LIGHT))
def test_a_light_command_on_a_damaged_run_ends_in_words(seed: int, stored: tuple[Path, Path], tmp_path: Path) -> None:
    assert find_faults(*stored, seed, tmp_path) == []


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(N_HEAVY))
def test_a_command_that_uses_a_damaged_run_ends_in_words(seed: int, trained: tuple[Path, Path], tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", np.zeros((2, 6, 6), np.uint8))
    finished, unfinished = trained
    assert find_faults(finished, unfinished if seed % 3 == 0 else finished, seed, tmp_path, HEAVY) == []


def test_mutations_are_those_of_their_seed_and_change_something(stored: tuple[Path, Path], tmp_path: Path) -> None:
    def content(folder: Path) -> dict[str, bytes | None]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}

    before = content(stored[1])
    n_changed = 0
    for seed in range(20):
        copies = [shutil.copytree(stored[1], tmp_path / f"{seed}-{place}") for place in "ab"]
        assert mutate_store(copies[0], seed) == mutate_store(copies[1], seed)
        assert content(copies[0]) == content(copies[1])
        n_changed += content(copies[0]) != before
    assert n_changed >= 18
    assert RunRecord.at(stored[1]).altered == {}

"""The next trial of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import RunError, SpecError
from dnnctl.search.proposals import Search
from dnnctl.specs.reading.load_sweep import load_sweep, plain_sweep
from dnnctl.store.trials import Trial
from sample_specs import write_spec
from stored_trials import store_trial

UNITS = "model.layers.1.units"


def search_of(folder: Path, values: str = "[4, 5, 6]", **changes: Any) -> Search:
    vary = [f"{UNITS}={values}"]
    return Search.of(load_sweep(write_spec(folder), vary=vary, changes={"search": "grid", "name": "net", **changes}))


def trial_of(search: Search, folder: Path, number: int, value: float = 0.5, **options: Any) -> Trial:
    plan = plain_sweep(search.loaded.sweep)
    setting = options.pop("setting", {UNITS: 3 + number})
    return store_trial(
        folder, number, [value], plan=plan, identity=search.identity, setting=setting, metric="val_loss", **options
    )


def test_the_next_trial_is_the_first_that_is_not_there(tmp_path: Path) -> None:
    """Also after the run of a trial was removed."""
    search = search_of(tmp_path)
    trials = [trial_of(search, tmp_path / "runs", number) for number in (1, 3)]
    found = search.propose(trials)
    assert found is not None
    assert (found.number, found.setting) == (2, {UNITS: 5})
    assert search.propose([*trials, trial_of(search, tmp_path / "runs", 2)]) is None


def test_a_proposal_records_what_it_is_based_on(tmp_path: Path) -> None:
    """Finished trials; the one that is running is not among them."""
    search = search_of(tmp_path, "[4, 5]", search={"kind": "tpe", "trials": 9, "startup": 1})
    states = ["finished", "finished", "stopped", "unfinished", "diverged"]
    trials = [
        trial_of(search, tmp_path / "runs", number, setting={UNITS: 4}, state=state)
        for number, state in enumerate(states, 1)
    ]
    found = search.propose(trials)
    assert found is not None
    assert (found.number, found.based_on) == (6, "1-3, 5")
    assert found.setting[UNITS] in (4, 5)


def test_a_wrong_value_is_found_before_the_first_trial(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="must be greater than 0"):
        search_of(tmp_path, "[4, 5, 0]")


def test_trials_of_the_same_sweep_are_accepted_with_more_settings(tmp_path: Path) -> None:
    search = search_of(tmp_path, "linear(4, 90)", search={"kind": "random", "trials": 3})
    assert search.planned is not None
    trials = [trial_of(search, tmp_path / "runs", n, setting=search.planned[n - 1]) for n in (1, 2, 3)]
    more = search_of(tmp_path, "linear(4, 90)", search={"kind": "random", "trials": 5})
    more.check_same(trials)
    found = more.propose(trials)
    assert found is not None
    assert found.number == 4


def test_trials_of_another_sweep_are_refused_with_the_difference(tmp_path: Path) -> None:
    trials = [trial_of(search_of(tmp_path), tmp_path / "runs", 1)]
    with pytest.raises(RunError, match=r"another sweep named net, which differs in seed. Choose another name"):
        search_of(tmp_path, seed=9).check_same(trials)


def test_a_table_whose_first_rows_have_changed_is_refused(tmp_path: Path) -> None:
    write_spec(tmp_path)
    text = "spec: small.yaml\nname: net\nsearch: {kind: csv, path: a.csv}\nobjective: {metric: val_loss}\n"
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "a.csv").write_text(f"{UNITS}\n4\n5\n")
    search = Search.of(load_sweep(tmp_path / "s.yaml"))
    trials = [trial_of(search, tmp_path / "runs", 1)]
    (tmp_path / "a.csv").write_text(f"{UNITS}\n4\n5\n6\n")
    Search.of(load_sweep(tmp_path / "s.yaml")).check_same(trials)
    (tmp_path / "a.csv").write_text(f"{UNITS}\n7\n5\n")
    with pytest.raises(RunError, match=r"Trial 1 of net was started with .*4}, but is now .*7}"):
        Search.of(load_sweep(tmp_path / "s.yaml")).check_same(trials)

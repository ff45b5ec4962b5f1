"""Trials of sweeps on disk that were never trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dnnctl.store.blueprint import Blueprint
from dnnctl.store.facts import DataFacts, HistoryEntry, Summary, TrialFacts
from dnnctl.store.trials import Trial, trial_name
from dnnctl.store.writer import RunWriter

PLAN: dict[str, Any] = {
    "objective": {"metric": "val_accuracy"},
    "search": {"kind": "random"},
    "prune": {"kind": "none"},
}


def store_trial(
    directory: Path,
    number: int,
    curve: Sequence[float],
    *,
    sweep: str = "net",
    state: str = "finished",
    metric: str = "val_accuracy",
    seed: int = 1,
    plan: dict[str, Any] = PLAN,
    test: float | None = None,
    epochs: int = 9,
    **facts: Any,
) -> Trial:
    """A trial whose objective has these values after its epochs; the last one is the best.

    Args:
        state: `finished`, `stopped`, `diverged`, `failed` or `unfinished`.
        test: the same metric on test data.
        epochs: those that its spec plans.
        facts: of the trial.
    """
    setting = facts.pop("setting", {"optimizer.learning_rate": number / 100})
    stopped = len(curve) if state == "stopped" else None
    trial = TrialFacts(sweep, number, setting, stopped=stopped, plan=plan, **facts)
    name = trial_name(sweep, number, trial.confirms)
    spec = {"name": name, "seed": seed, "training": {"epochs": epochs}, **_sections(setting)}
    blueprint = Blueprint(name, f"{number:04x}{seed:04x}", "", "", seed=seed, plain=spec, trial=trial)
    with RunWriter.create(directory, blueprint) as writer:
        rows = [
            {"epoch": epoch, "step": epoch, "seconds": 0.5, "learning_rate": 0.1, "loss": 1.0, metric: value}
            for epoch, value in enumerate(curve, 1)
        ]
        for row in rows:
            writer.append_row(row)
        writer.add_facts(data=DataFacts("d", "s"), parameters=10 * number)
        if state in ("diverged", "failed"):
            writer.add_history(HistoryEntry("ended", end=state))
        if state in ("finished", "stopped"):
            name = metric.removeprefix("val_")
            writer.write_summary(
                Summary(
                    epochs=len(rows),
                    monitor=metric,
                    best_epoch=len(rows),
                    best=rows[-1],
                    stopped_early=state == "stopped",
                    training_seconds=float(len(rows)),
                    seconds=1.0,
                    validation={name: rows[-1][metric]},
                    test=None if test is None else {name: test},
                )
            )
        return Trial(writer.read(), writer.facts.trial or trial)


def _sections(setting: dict[str, Any]) -> dict[str, Any]:
    """The values of a setting as sections of a spec."""
    found: dict[str, Any] = {}
    for path, value in setting.items():
        *parts, key = path.split(".")
        section = found
        for part in parts:
            section = section.setdefault(part, {})
        section[key] = value
    return found

"""Damaged and hostile specs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from attack.attack import Attack, Outcome
from attack.in_process import call_each
from attack.spec_mutations import mutate_spec

ROOT = Path(__file__).parents[2]
SPEC = "spec.yaml"


def attack(seed: int) -> Attack:
    """The attack of a seed."""
    return Attack("specs", seed, lambda folder: _act(folder, seed), writes=(SPEC, "runs"))


def _act(folder: Path, seed: int) -> list[Outcome]:
    text, _ = mutate_spec(_texts()[seed % len(_texts())], seed)
    (folder / SPEC).write_bytes(text.encode("utf-8", "surrogateescape"))
    return call_each(folder, [["check", SPEC], ["check", "--json", SPEC]])


@cache
def _texts() -> list[str]:
    """Every spec that comes with dnnctl."""
    files = [
        *(ROOT / "configs").glob("*.yaml"),
        *(ROOT / "configs" / "chapter11").glob("*.yaml"),
        *(ROOT / "dnnctl" / "presets").glob("*.yaml"),
    ]
    return [file.read_text(encoding="utf-8") for file in sorted(files)]

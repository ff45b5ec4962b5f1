"""The keys that differ between two specs, and the specs between them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dnnctl.search.switches import find_switches, switched
from dnnctl.specs import load, to_plain
from stored import SPEC

CONFIGS = Path(__file__).parents[2] / "configs"


def complete(**sections: Any) -> dict[str, Any]:
    """A complete spec."""
    return to_plain(load({**SPEC, **sections}).spec)


@pytest.mark.parametrize(
    ("sections", "paths"),
    [
        ({"name": "other", "seed": 7, "description": "new"}, []),
        ({"optimizer": {"kind": "sgd", "learning_rate": 0.2, "momentum": 0.9}}, ["learning_rate", "momentum"]),
        ({"optimizer": {"kind": "adam", "learning_rate": 0.2}}, [""]),
    ],
)
def test_a_kind_changes_together_with_its_keys(sections: dict[str, Any], paths: list[str]) -> None:
    """The keys of the same kind are switched one by one; what does not change the training is left out."""
    found = [switch.path for switch in find_switches(complete(), complete(**sections))]
    assert found == [f"optimizer.{path}".rstrip(".") for path in paths]


def test_layers_are_switched_one_by_one_only_if_their_number_is_the_same() -> None:
    """Otherwise there is no layer of one spec that belongs to a layer of the other."""
    layers = SPEC["model"]["layers"]
    wider = {**SPEC["model"], "layers": [layers[0], {**layers[1], "units": 9}]}
    deeper = {**SPEC["model"], "layers": [*layers, layers[1]]}
    assert [each.path for each in find_switches(complete(), complete(model=wider))] == ["model.layers[1].units"]
    assert [each.path for each in find_switches(complete(), complete(model=deeper))] == ["model.layers"]


def test_all_switches_make_the_second_spec() -> None:
    """For the shipped specs: A with all keys of B trains what B trains, and A with none of them is A."""
    specs = [to_plain(load(path).spec) for path in sorted(CONFIGS.rglob("*.yaml")) if path.parent.name != "sweeps"]
    assert len(specs) > 10
    for a, b in pairwise(specs):
        own = {key: a[key] for key in ("name", "seed", "description")}
        switches = find_switches(a, b)
        assert switches
        assert to_plain(load(switched(a, switches)).spec) == {**b, **own}
        assert switched(a, []) == a

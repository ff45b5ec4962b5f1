"""An unknown kind hides no other fault of its mapping, and causes none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dnnctl.errors import SpecError
from dnnctl.specs import load, load_spec
from dnnctl.specs.reading.load import to_plain

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "configs", ROOT / "configs" / "chapter11"]
SHIPPED = sorted(path for folder in FOLDERS for path in folder.glob("*.yaml"))
BASE = "data: {source: mnist}\nmodel: {layers: [flatten]}\n"


def fault_paths(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load(path)
    return sorted(fault.path for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{kind: zzz, learning_rate: -1}", ["optimizer", "optimizer.learning_rate"]),
        ("{kind: zzz, momentun: 0.9}", ["optimizer", "optimizer.momentun"]),
        ("{kind: zzz, momentum: x}", ["optimizer", "optimizer.momentum"]),
        ("{kind: zzz, clip: {kind: norm, value: -1}}", ["optimizer", "optimizer.clip.value"]),
        ("{kind: zzz, clip: {kind: nrm, valu: 1}}", ["optimizer", "optimizer.clip", "optimizer.clip.valu"]),
        ("{momentun: 0.9}", ["optimizer", "optimizer.momentun"]),
        ("{kind: zzz, momentum: 0.9, beta_1: 0.5}", ["optimizer"]),
    ],
)
def test_what_is_wrong_for_every_kind_is_reported_beside_the_kind(
    section: str, expected: list[str], tmp_path: Path
) -> None:
    assert fault_paths(tmp_path / "a.yaml", f"{BASE}optimizer: {section}\n") == expected


def test_the_layers_inside_an_unknown_layer_are_checked(tmp_path: Path) -> None:
    text = BASE.replace("[flatten]", "[{kind: residul, layers: [{kind: dense, units: 0}, {kind: dens, unts: 1}]}]")
    prefix = "model.layers.0"
    assert fault_paths(tmp_path / "a.yaml", text) == [
        prefix, f"{prefix}.layers.0.units", f"{prefix}.layers.1", f"{prefix}.layers.1.unts",
    ]  # fmt: skip


def kinds_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping with a kind."""
    if isinstance(value, dict) and "kind" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from kinds_in(child)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_unknown_kind_alone_is_one_fault(path: Path, tmp_path: Path) -> None:
    """In a valid spec, every other key is right, so nothing else may be reported."""
    plain = to_plain(load_spec(path))
    mappings = list(kinds_in(plain))
    assert mappings
    for mapping in mappings:
        kind, mapping["kind"] = mapping["kind"], "zzz"
        assert len(fault_paths(tmp_path / "a.yaml", yaml.safe_dump(plain))) == 1
        mapping["kind"] = kind

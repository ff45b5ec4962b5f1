"""Every format holds every kind of layer: the answers of its runtime are those of the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from export_nets import LAYERS, WIDTH, activation_net, ask_export, layer_net, list_activations, write_export

from dnnctl.commands.export_formats import FORMATS
from dnnctl.engine.export.writers import WRITERS
from dnnctl.specs.dropout import DropoutChoice
from dnnctl.specs.layer import Layer
from dnnctl.specs.normalization import Normalization
from dnnctl.specs.reading.introspection import kinds_of, members

pytestmark = pytest.mark.heavy
CONVERTED = ("onnx", "litert", "openvino")
EXTREMES = (0, 1e-3, 1, 20, 100, 1e4)


def test_every_format_has_a_writer() -> None:
    assert WRITERS.keys() == FORMATS.keys()


def test_the_network_has_every_kind_of_layer() -> None:
    """Otherwise a new kind would not be tested."""
    text = repr(LAYERS)
    for choice in (Layer, DropoutChoice, Normalization):
        for word in kinds_of(members(choice)):
            assert word == "none" or f"'{word}'" in text, word


@pytest.mark.parametrize("format", CONVERTED)
def test_every_activation_is_the_same_in_every_runtime(format: str, tmp_path: Path) -> None:
    """Within 1e-5 of the value itself, also where exp overflows; the oracle is Keras."""
    model = activation_net()
    values = [sign * each for each in EXTREMES for sign in (1, -1)]
    draw = np.random.default_rng(5)
    rows = np.concatenate(
        [draw.normal(0, 3, (30, WIDTH)), np.full((len(values), WIDTH), 1) * np.array(values)[:, None]]
    )
    rows = rows.astype(np.float32)
    expected = np.asarray(model.predict(rows, verbose=0))
    write_export(model, format, tmp_path / "export")
    found = ask_export(format, tmp_path / "export", rows)
    for n, each in enumerate(list_activations()):
        part = slice(n * WIDTH, (n + 1) * WIDTH)
        np.testing.assert_allclose(found[:, part], expected[:, part], rtol=1e-5, atol=1e-5, err_msg=each.kind)


@pytest.mark.parametrize("format", sorted(FORMATS.keys() - {"weights"}))
def test_every_layer_is_the_same_in_every_runtime(format: str, tmp_path: Path) -> None:
    """Within 1e-5, in batches of any size, from uint8 pixels; the oracle is Keras."""
    rows = np.random.default_rng(1).integers(0, 256, (20, 8, 8), np.uint8)
    model = layer_net(LAYERS, rows)
    expected = np.asarray(model.predict(rows, verbose=0))
    assert expected.std(axis=0).min() > 1e-3, "the network does not look at the pixels"
    write_export(model, format, tmp_path / "export")
    for batch in (20, 7, 1) if format in CONVERTED else (7,):
        found = ask_export(format, tmp_path / "export", rows, batch)
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"batches of {batch}")

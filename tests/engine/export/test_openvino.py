"""OpenVINO: a conversion is nobody else's business."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from export_nets import layer_net, write_export

pytestmark = pytest.mark.heavy


def test_a_conversion_sends_no_report(tmp_path: Path) -> None:
    """OpenVINO uses its stub of the package that would send one."""
    rows = np.random.default_rng(1).integers(0, 256, (8, 4, 4), np.uint8)
    write_export(layer_net(["flatten"], rows), "openvino", tmp_path / "export")
    assert import_module("openvino.tools.ovc.telemetry_utils").tm.__name__ == "openvino.tools.ovc.telemetry_stub"

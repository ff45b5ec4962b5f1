"""Formats: unknown ones are refused with a suggestion, missing packages with the line that installs them."""

from __future__ import annotations

import pytest

from dnnctl.commands.export_formats import FORMATS, choose_format
from dnnctl.errors import UserError


@pytest.mark.parametrize(
    ("name", "quantize", "message"),
    [
        ("onx", None, r"Did you mean `onnx`\? Allowed: keras, saved_model, onnx, litert, openvino, weights"),
        ("pytorch", None, "no such format. Allowed: keras"),
        ("litert", "int4", "no such quantization. .*Allowed: int8, float16"),
        ("onnx", "int8", "cannot be combined with --to onnx, only with litert, openvino"),
    ],
)
def test_what_does_not_exist_is_refused(name: str, quantize: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_format(name, quantize)


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if format.needs])
def test_a_missing_package_comes_with_the_line_that_installs_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.commands.export_formats.find_spec", lambda _: None)
    extra = "openvino" if name == "openvino" else "export"
    with pytest.raises(UserError, match=rf"pip install 'dnnctl\[{extra}\]'"):
        choose_format(name, None)


def test_int8_for_openvino_needs_nncf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.commands.export_formats.find_spec", lambda name: None if name == "nncf" else object())
    with pytest.raises(UserError, match="pip install nncf"):
        choose_format("openvino", "int8")
    assert choose_format("openvino", "float16").title == "OpenVINO"

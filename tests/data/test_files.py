"""Whether the files that a source names exist."""

from __future__ import annotations

from pathlib import Path

from dnnctl.data.files import missing_files
from dnnctl.specs.source import BuiltIn, Npy, Npz, TfRecord


def test_every_file_that_is_named_and_missing_is_found(tmp_path: Path) -> None:
    there, missing = tmp_path / "x.npy", tmp_path / "y.npy"
    there.touch()
    source = Npy(kind="npy", train_inputs=str(there), train_targets=str(missing), test_inputs=str(missing))
    assert missing_files(source) == [(("train_targets",), str(missing)), (("test_inputs",), str(missing))]
    assert missing_files(Npz(kind="npz", path=str(missing))) == [(("path",), str(missing))]
    assert missing_files(Npz(kind="npz", path=str(there))) == []
    assert missing_files(TfRecord(kind="tfrecord", path=str(tmp_path / "?.npy"), test_path=str(tmp_path / "?.x"))) == [
        (("test_path",), str(tmp_path / "?.x"))
    ]
    assert missing_files(BuiltIn(kind="mnist")) == []

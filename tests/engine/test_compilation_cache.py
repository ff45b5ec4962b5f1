"""Compiled programs that are kept between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dnnctl.engine.compilation_cache import MOST_BYTES, remove_unsealed, seal, use_compilation_cache


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A sealed program."""
    path = tmp_path / "net.pb"
    path.write_bytes(b"machine code")
    seal(tmp_path)
    return path


def test_a_sealed_program_stays(program: Path) -> None:
    remove_unsealed(program.parent)
    assert program.read_bytes() == b"machine code"


@pytest.mark.parametrize("damage", [b"machine kode", b"machine", b""])
def test_a_program_that_changed_since_it_was_sealed_is_removed(program: Path, damage: bytes) -> None:
    """TensorFlow would run it, or give up over it."""
    program.write_bytes(damage)
    remove_unsealed(program.parent)
    assert list(program.parent.iterdir()) == []


def test_a_seal_is_never_renewed(program: Path) -> None:
    """Else the next process's end would make damage good."""
    program.write_bytes(b"machine kode")
    seal(program.parent)
    remove_unsealed(program.parent)
    assert not program.exists()


def test_a_program_without_a_seal_is_removed(tmp_path: Path) -> None:
    """Its process may have died while it wrote."""
    (tmp_path / "net.pb").write_bytes(b"machine code")
    remove_unsealed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_programs_beyond_the_bound_are_removed(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        path = tmp_path / f"{name}.pb"
        with path.open("wb") as file:
            file.truncate(MOST_BYTES // 2)
        os.utime(path, (1e9 - age, 1e9 - age))
    seal(tmp_path)
    remove_unsealed(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.pb")} == {"new", "middle"}


@pytest.mark.parametrize("root", ["", "/proc/none"])
def test_without_a_folder_for_it_nothing_is_kept(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off by an empty variable; and a folder that cannot be made stops nothing."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", root)
    monkeypatch.setenv("TF_XLA_FLAGS", "--others")
    use_compilation_cache()
    assert os.environ["TF_XLA_FLAGS"] == "--others"


def test_flags_of_the_users_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "--others")
    use_compilation_cache()
    assert os.environ["TF_XLA_FLAGS"].startswith("--others --tf_xla_persistent_cache_directory=")


def test_nothing_is_removed_while_another_process_may_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then an unsealed program keeps this process from the cache; alone, it is removed and the cache used."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    use_compilation_cache()
    (folder,) = (tmp_path / "programs").iterdir()
    (folder / "net.pb").write_bytes(b"half")
    code = "import dnnctl.engine, os; print(repr(os.environ.get('TF_XLA_FLAGS', '')))"

    def flags_of_another() -> str:
        environment = {**os.environ, "TF_XLA_FLAGS": ""}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        return done.stdout

    assert flags_of_another() == "''\n"
    assert (folder / "net.pb").exists()
    seal(folder)
    assert str(folder) in flags_of_another()

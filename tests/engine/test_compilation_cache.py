"""Compiled programs that are kept between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dnnctl.engine.compilation_cache import MOST_BYTES, cache_warnings, remove_unsealed, seal, use_compilation_cache


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


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Turns the cache on, in tmp_path / "cache"; returns what TensorFlow is told about it."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))

    def use() -> str:
        monkeypatch.setenv("TF_XLA_FLAGS", "")
        use_compilation_cache()
        return os.environ["TF_XLA_FLAGS"]

    return use


def test_nobody_else_can_write_to_a_new_cache(tmp_path: Path, flags: Callable[[], str]) -> None:
    before = os.umask(0)
    try:
        assert str(tmp_path / "cache") in flags()
        (folder,) = (tmp_path / "cache" / "programs").iterdir()
        (folder / "net.pb").write_bytes(b"machine code")
        seal(folder)
    finally:
        os.umask(before)
    paths = [tmp_path / "cache", *(tmp_path / "cache").rglob("*")]
    assert {path.name for path in paths} >= {"programs", "net.pb", "net.sha256"}
    assert not [path for path in paths if path.stat().st_mode & 0o077]
    assert cache_warnings() == []


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_cache_that_others_can_write_to_is_not_used(
    level: int, mode: int, tmp_path: Path, flags: Callable[[], str]
) -> None:
    """TensorFlow would run the program that somebody put there, with a seal of its own."""
    assert flags() != ""
    (folder,) = (tmp_path / "cache" / "programs").iterdir()
    chosen = [tmp_path / "cache", folder.parent, folder][level]
    chosen.chmod(mode)
    assert flags() == ""
    (warning,) = cache_warnings()
    assert f"{chosen} can be written to by other users" in warning
    chosen.chmod(0o700)
    assert flags() != ""


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_cache_of_another_user_is_not_used(
    level: int, tmp_path: Path, flags: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flags() != ""
    (folder,) = (tmp_path / "cache" / "programs").iterdir()
    chosen = [tmp_path / "cache", folder.parent, folder][level]
    pretend_owner(chosen, monkeypatch)
    assert flags() == ""
    (warning,) = cache_warnings()
    assert f"{chosen} belongs to another user" in warning


def pretend_owner(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file or folder belong to another user."""
    found = path.lstat()
    other = os.stat_result([*found[:4], os.geteuid() + 1, *found[5:]])
    for name in ("stat", "lstat"):
        real = getattr(Path, name)
        monkeypatch.setattr(Path, name, lambda self, real=real, **_: other if self == path else real(self))


def test_a_cache_in_a_directory_like_tmp_is_used(tmp_path: Path, flags: Callable[[], str]) -> None:
    """Everybody can write to it, but nobody can rename what belongs to others."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o1777)
    assert flags() != ""
    assert cache_warnings() == []


@pytest.mark.parametrize("level", ["programs", "own"])
def test_a_cache_that_is_a_link_is_not_used(level: str, tmp_path: Path, flags: Callable[[], str]) -> None:
    assert flags() != ""
    (folder,) = (tmp_path / "cache" / "programs").iterdir()
    chosen = folder if level == "own" else folder.parent
    chosen.rename(tmp_path / "elsewhere")
    chosen.symlink_to(tmp_path / "elsewhere")
    assert flags() == ""
    assert f"{chosen} is a link" in cache_warnings()[0]


@pytest.mark.parametrize("name", ["net.pb", "net.sha256"])
@pytest.mark.parametrize("how", ["others can write", "belongs to another", "link"])
def test_a_program_that_others_could_have_written_is_removed(
    how: str, name: str, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program.parent / name
    if how == "others can write":
        path.chmod(0o622)
    elif how == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        pretend_owner(path, monkeypatch)
    remove_unsealed(program.parent)
    assert not os.path.lexists(program)

"""A run from somebody else changes no file of the user, whatever its folder contains."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store import ownership
from dnnctl.store.catalog import load_run
from dnnctl.store.ownership import check_no_links, check_own, find_links
from dnnctl.store.record import RunRecord, check_sound
from dnnctl.store.trash import remove
from dnnctl.store.writer import RunWriter
from stored import make_run, store_run

CONTENT = "export PATH=/usr/bin\n"
FILES = (
    ".lock", "log.txt", "history.jsonl", "metrics.jsonl", "pretraining.jsonl", "model.keras", "last.keras",
    "predictions.npz", "summary.json", "run.json", "spec.yaml", "checkpoints/epoch-0001-step-10/state.npz",
    ".model.partial.keras", "notes/mine.txt",
)  # fmt: skip
DIRECTORIES = ("checkpoints", "tensorboard", "tensorboard/train", "origin")
Link = Callable[[Path, Path], None]


def symbolic(link: Path, target: Path) -> None:
    link.symlink_to(target)


def hard(link: Path, target: Path) -> None:
    link.hardlink_to(target)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of the user outside of every run."""
    path = tmp_path / "home" / "profile"
    path.parent.mkdir()
    path.write_text(CONTENT)
    return path


def replace(path: Path, link: Link, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    link(path, target)


def write_everything(run: RunRecord) -> None:
    with RunWriter.open(run) as writer:
        writer.log("text\n")
        writer.start("resumed")
        writer.replace_rows([])
        writer.add_facts(parameters=1)


@pytest.mark.parametrize("write", [write_everything, remove])
@pytest.mark.parametrize("link", [symbolic, hard])
@pytest.mark.parametrize("name", FILES)
def test_a_run_with_a_linked_file_is_not_written_to(
    name: str, link: Link, write: Callable[[RunRecord], object], victim: Path, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "runs")
    replace(run.path / name, link, victim)
    with pytest.raises(RunError, match="Cannot write to .*: " + name + " is a (symbolic|hard) link"):
        write(run)
    assert victim.read_text() == CONTENT
    assert run.path.is_dir()


@pytest.mark.parametrize("write", [write_everything, remove])
@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_run_with_a_linked_directory_is_not_written_to(
    name: str, write: Callable[[RunRecord], object], victim: Path, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "runs")
    replace(run.path / name, symbolic, victim.parent)
    with pytest.raises(RunError, match=f"{name} is a symbolic link"):
        write(run)
    assert victim.read_text() == CONTENT


def test_a_pipe_and_a_socket_are_refused_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pipe", "socket"):
        run = make_run(tmp_path / name)
        if name == "pipe":
            os.mkfifo(run.folder.log)
        else:
            monkeypatch.chdir(run.path)  # the address of a socket is at most 107 characters long
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(run.folder.log.name)
        with pytest.raises(RunError, match=r"log\.txt is not a regular file"):
            write_everything(run)


@pytest.mark.parametrize("stranger", ["", "tensorboard", "checkpoints/epoch-0001-step-10"])
def test_a_run_of_another_user_is_not_written_to(
    stranger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path)
    path = run.path / stranger
    path.mkdir(parents=True, exist_ok=True)
    pretend_owner(path, monkeypatch)
    with pytest.raises(RunError, match=f"{stranger or 'it'} belongs to another user. Copy the run"):
        write_everything(run)
    assert load_run(run.path).name == "net", "it can be read"


def pretend_owner(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file or folder belong to another user."""
    found = path.lstat
    other = os.stat_result([*found()[:4], os.geteuid() + 1, *found()[5:]])
    real = Path.lstat
    monkeypatch.setattr(Path, "lstat", lambda self: other if self == path else real(self))


def test_where_a_file_system_gives_all_files_one_owner_runs_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As network file systems do that map all users to one."""
    run = make_run(tmp_path)
    pretend_owner(run.path, monkeypatch)
    monkeypatch.setattr(ownership, "_owner_of_new_files", lambda _: os.geteuid() + 1)
    write_everything(run)


def test_a_sound_run_is_written_to(tmp_path: Path) -> None:
    run = store_run(tmp_path)
    (run.path / "notes").mkdir()
    (run.path / "notes" / "mine.txt").write_text("")
    check_own(run.path)
    check_no_links(run.path)
    write_everything(run)


def test_a_link_is_not_read_either(victim: Path, tmp_path: Path) -> None:
    run = store_run(tmp_path / "runs")
    victim.write_text('{"epoch": 7}\n')
    replace(run.folder.metrics, symbolic, victim)
    run = RunRecord(run.folder)
    assert (run.rows, run.curve) == ([], [])
    assert find_links(run.path) == ["metrics.jsonl is a symbolic link, which is not followed"]
    for check in (lambda: check_sound(run), lambda: check_no_links(run.path)):
        with pytest.raises(RunError, match=r"metrics\.jsonl"):
            check()


def test_a_pipe_in_a_run_is_not_read(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.folder.spec.unlink()
    os.mkfifo(run.folder.spec)
    assert find_links(run.path) == ["spec.yaml is not a regular file, which is not read"]
    with pytest.raises(RunError, match=r"spec\.yaml is not a regular file"):
        check_no_links(run.path)

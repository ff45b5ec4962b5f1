"""The file system of a path, from the mounts that Linux lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.store.file_system import lock_warning, mount_of

LOCAL = "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"
HOME = r"36 24 0:40 /export /home/my\040team rw,noatime shared:2 master:1 - {kind} server:/export rw,{options}"


def mounts(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text("".join(f"{line}\n" for line in (LOCAL, *lines)))
    return file


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("nfs4", "vers=4.2,local_lock=none", ""),
        ("nfs", "vers=3,local_lock=none", ""),
        ("nfs", "vers=3,nolock,local_lock=all", "nfs mounted with nolock"),
        ("nfs4", "vers=4.1,local_lock=flock", "nfs4 mounted with local_lock=flock"),
        ("nfs", "vers=3,local_lock=posix", ""),
        ("lustre", "flock,lazystatfs", ""),
        ("lustre", "localflock", "lustre mounted with localflock"),
        ("beegfs", "cfgFile=x", "beegfs"),
        ("fuse.sshfs", "user_id=0", "fuse.sshfs"),
    ],
)
def test_a_warning_names_what_keeps_locks_from_holding(kind: str, options: str, expected: str, tmp_path: Path) -> None:
    """The semantics of flock are those of nfs(5), mount.lustre(8) and the manuals of the others."""
    listed = mounts(tmp_path, HOME.format(kind=kind, options=options))
    found = lock_warning(Path("/home/my team/runs"), listed)
    assert (f"is on {expected}, whose locks" in found) if expected else found == ""


def test_the_innermost_and_latest_mount_counts(tmp_path: Path) -> None:
    over = HOME.format(kind="tmpfs", options="size=1g")
    listed = mounts(tmp_path, HOME.format(kind="beegfs", options="cfgFile=x"), over)
    assert [
        mount.kind if (mount := mount_of(Path(path), listed)) else None
        for path in ("/home/my team/runs", "/home/my team", "/home/my teams/runs", "/")
    ] == ["tmpfs", "tmpfs", "ext4", "ext4"]


def test_without_a_list_of_mounts_nothing_is_said(tmp_path: Path) -> None:
    assert mount_of(tmp_path, tmp_path / "none") is None
    assert lock_warning(tmp_path, tmp_path / "none") == ""


def test_the_mounts_of_this_machine_are_read() -> None:
    found = mount_of(Path("/proc/self"))
    assert found is None or found.kind == "proc"

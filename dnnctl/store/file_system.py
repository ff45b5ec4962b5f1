"""The file system that a path is on, and whether its locks hold between hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
LOCAL_LOCKS = {
    "nfs": ("nolock", "local_lock=all", "local_lock=flock"),
    "nfs4": ("local_lock=all", "local_lock=flock"),
    "lustre": ("localflock",),
}
"""The mount options with which the locks of network file systems hold on one host only."""
UNTRUSTED = ("9p", "beegfs", "cifs", "smb3", "smbfs", "afs", "virtiofs", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse")
"""Network file systems whose locks hold on one host only, or only with options that the mount does not show."""
ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """A mounted file system."""

    kind: str
    """`ext4`, `nfs4`, …"""
    options: tuple[str, ...]

    @property
    def weakness(self) -> str:
        """What keeps its locks from holding between hosts; empty if they hold, or if only one host has it."""
        local = [option for option in LOCAL_LOCKS.get(self.kind, ()) if option in self.options]
        if local:
            return f"{self.kind} mounted with {local[0]}"
        return self.kind if self.kind in UNTRUSTED else ""


def mount_of(path: Path, mounts: Path | None = None) -> Mount | None:
    """The file system that a path is on, or will be on; None if the system does not tell."""
    try:
        lines = (mounts or MOUNTS).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    best: tuple[int, Mount] | None = None
    for line in lines:
        point, mount = _parse(line)
        depth = len(point.parts)
        if (resolved == point or point in resolved.parents) and (best is None or depth >= best[0]):
            best = depth, mount  # a later mount at the same place hides the earlier one
    return None if best is None else best[1]


def lock_warning(directory: Path, mounts: Path | None = None) -> str:
    """A sentence if locks in a directory of runs do not hold between hosts; empty if they do."""
    mount = mount_of(directory, mounts)
    if mount is None or not mount.weakness:
        return ""
    return (
        f"{directory} is on {mount.weakness}, whose locks may hold on one host only: do not train the same run on two "
        f"hosts at once."
    )


def _parse(line: str) -> tuple[Path, Mount]:
    """A line of mountinfo: `36 35 98:0 / /mnt rw,noatime master:1 - nfs4 server:/export rw,vers=4.2`."""
    before, _, after = line.partition(" - ")
    point = ESCAPED.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4])
    kind, _, rest = after.partition(" ")
    own = before.split(" ")[5].split(",")
    return Path(point), Mount(kind, (*own, *rest.rpartition(" ")[2].split(",")))

"""Which column of a table is what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dnnctl.data.tables.wording import listed, nearest_name, quoted
from dnnctl.errors import DataError
from dnnctl.specs.table import Table
from dnnctl.text import is_number

MOST_REPORTED = 8


@dataclass(frozen=True)
class Roles:
    """The names of the columns that are used, each in the order of the file, except the targets."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    special: dict[str, str]
    """`weight`, `group` and `date`, as far as the spec has them, and the column of each."""

    @property
    def used(self) -> list[str]:
        """Every column that is read, once."""
        return list(dict.fromkeys([*self.features, *self.targets, *self.special.values()]))


class RoleFault(NamedTuple):
    """A column that a spec names wrongly."""

    keys: tuple[str, ...]
    """The path of the key below `data.source`."""
    rule: str
    fix: str

    def __str__(self) -> str:
        return f"{self.rule} (data.source.{'.'.join(self.keys)}). {self.fix}"


def find_roles(source: Table, path: str, names: Sequence[str]) -> Roles:
    """The role of each column.

    Raises:
        DataError: a column does not exist or has several roles, or no column is left for the network.
    """
    targets, special = _targets(source), _special(source)
    faults = role_faults(source, names)
    if faults:
        lines = [f"{path}: {fault}" for fault in faults[:MOST_REPORTED]]
        more = [f"… and {len(faults) - MOST_REPORTED} more."] if len(faults) > MOST_REPORTED else []
        raise DataError("\n".join([*lines, *more]))
    is_included = (
        set(names) - {*targets, *special.values()} if source.features.include == "all" else set(source.features.include)
    )
    features = tuple(name for name in names if name in is_included and name not in source.features.exclude)
    if not features:
        raise DataError(
            f"{path}: no column is left for the network. The file has {listed(names)}. Fix `target`, "
            "`features.include` or `features.exclude` in `data.source`."
        )
    return Roles(features, targets, special)


def role_faults(source: Table, names: Sequence[str]) -> list[RoleFault]:
    """The columns of a spec that do not exist, or that have several roles."""
    targets, special = _targets(source), _special(source)
    return [*_unknown(source, targets, special, names), *_repeated(source, targets, special)]


def _targets(source: Table) -> tuple[str, ...]:
    return (source.target,) if isinstance(source.target, str) else tuple(source.target)


def _special(source: Table) -> dict[str, str]:
    roles = {"weight": source.weight, "group": source.group, "date": source.date}
    return {role: name for role, name in roles.items() if name != "none"}


def check_columns(path: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Reject a test file without some of the columns.

    Raises:
        DataError: a column is missing.
    """
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(
            f"{path} lacks columns of the training file: {listed(missing)}. {nearest_name(missing[0], names)}"
        )


def _unknown(
    source: Table, targets: Sequence[str], special: dict[str, str], names: Sequence[str]
) -> Iterator[RoleFault]:
    features = source.features
    written = {"target": targets, "features.exclude": features.exclude, "features.types": tuple(features.types)}
    if features.include != "all":
        written["features.include"] = features.include
    known = set(names)
    for key, columns in (written | {role: [name] for role, name in special.items()}).items():
        for name in columns:
            if name not in known:
                fix = nearest_name(name, names) + _no_header(names)
                yield RoleFault(tuple(key.split(".")), f"there is no column {quoted(name)}", fix)


def _no_header(names: Sequence[str]) -> str:
    """Advice for a file whose first line is a row, not a header."""
    return " The first line must have the names of the columns." if all(map(is_number, names)) else ""


def _repeated(source: Table, targets: Sequence[str], special: dict[str, str]) -> Iterator[RoleFault]:
    roles = [("target", name) for name in targets] + list(special.items())
    if source.features.include != "all":
        roles += [("features.include", name) for name in source.features.include if name != special.get("date")]
    first: dict[str, str] = {}
    for role, name in roles:
        if name in first:
            rule = f"column {quoted(name)} is used twice: as {first[name]} and as {role}"
            yield RoleFault(tuple(role.split(".")), rule, "Remove one.")
        first.setdefault(name, role)

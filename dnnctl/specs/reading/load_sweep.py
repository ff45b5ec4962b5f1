"""From a file to a sweep, with everything that it will try checked before the first trial."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.load import LoadedSpec, load, to_plain, validated
from dnnctl.specs.reading.overrides import apply_changes, parse_path, placed_at
from dnnctl.specs.reading.settings_table import SettingsTable, read_settings
from dnnctl.specs.reading.spec_file import named_path, read_file
from dnnctl.specs.reading.validation_errors import in_order, translate
from dnnctl.specs.reading.yaml_reader import read_document, read_text
from dnnctl.specs.reading.yaml_writer import write_inline
from dnnctl.specs.rules import monitored_names
from dnnctl.specs.sweep import COSTS, CmaEs, CsvSettings, Grid, NoPruning, Range, Sweep
from dnnctl.text import suggest

Setting = dict[str, Any]
"""The value of each parameter by its path, as plain values."""
VARIED = re.compile(r"(?P<scale>log|linear)\((?P<low>[^,()]+),(?P<high>[^,()]+)(,(?P<points>[^,()]+))?\)")
FREE = ("workers", "confirm", "description", "spec")
"""The keys of a sweep that may change when it is continued. The contents of the spec are compared, not its path."""


@dataclass(frozen=True)
class LoadedSweep:
    """A sweep together with its spec and its sources."""

    sweep: Sweep
    document: Node
    base: LoadedSpec
    """The spec that is varied."""
    table: SettingsTable | None = None
    """The settings of `search: csv`."""

    def spec_of(self, setting: Mapping[str, Any], **changes: Any) -> LoadedSpec:
        """The spec with a setting, and with other changes at its top level (`name`, `seed`).

        Raises:
            SpecError: they do not make a valid spec; the places are those in the sweep.
        """
        nodes = [(parse_path(path), self._node(path, value)) for path, value in setting.items()]
        nodes += [((key,), Node(value, self.document.place)) for key, value in changes.items()]
        document, faults = apply_changes(self.base.document, nodes)
        overrides = [f"{path}={write_inline(value)}" for path, value in {**setting, **changes}.items()]
        file = Path(self.base.document.place.file)
        return validated(document, file, self.base.source, (*self.base.overrides, *overrides), faults)

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same when the sweep is continued, as plain values. More trials may be added."""
        found = plain_sweep(self.sweep)
        kept = {key: value for key, value in found.items() if key not in FREE}
        kept["search"] = {key: value for key, value in kept["search"].items() if key not in ("trials", "path")}
        content = dumps(to_plain(self.base.spec), sort_keys=True)
        kept["spec"] = sha256(content.encode()).hexdigest()
        return kept

    def _node(self, path: str, value: Any) -> Node:
        """A value with the place where the sweep gives it."""
        if self.table is not None:
            return _node_of(value, self.table.place_of(path, value))
        parameter = self.document.nearest(("parameters", path))
        items = parameter.value if isinstance(parameter.value, list) else []
        item = next((item for item in items if item.plain() == value), None)
        return replace(item or _node_of(value, parameter.place), key_place=parameter.key_place)


def plain_sweep(sweep: Sweep) -> dict[str, Any]:
    """A sweep as plain values, complete."""
    return sweep.model_dump(by_alias=True)


def load_sweep(
    path: str | Path,
    *,
    vary: Sequence[str] = (),
    overrides: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> LoadedSweep:
    """The sweep in a file, or of a spec with parameters from the command line.

    Args:
        path: the file of the sweep; with `vary`, that of the spec.
        vary: parameters of the form `path=[a, b]`, `path=log(from, to)` or `path=linear(from, to)`.
        overrides: changes to the spec, of the form `a.b=value`.
        changes: values of the sweep by their paths (`search.trials`) that replace those of the file.

    Raises:
        SpecError: with all faults.
    """
    path = Path(path)
    document, faults = _from_command_line(path, vary) if vary else read_document(read_file(path), str(path))
    document = _with_name(document, path, "-sweep" if vary else "")
    given = {key: _node_of(value, Place(f"--{key.rpartition('.')[2]}")) for key, value in (changes or {}).items()}
    document, found = apply_changes(document, [(parse_path(key), node) for key, node in given.items()], Sweep)
    sweep = _validated(document, [*faults, *found])
    faults = [*_broken_rules(sweep, document)]
    node = document.find(("spec",))
    assert node is not None, "the sweep is valid"
    base = load(named_path(node, ("spec",)), overrides)
    table, table_faults = _settings(sweep, document)
    faults += [*table_faults, *_wrong_metrics(sweep, base, document)]
    if faults:
        raise SpecError(in_order(faults))
    return LoadedSweep(sweep, document, base, table)


def check_settings(loaded: LoadedSweep, settings: Sequence[Setting]) -> None:
    """Check that each setting makes a valid spec.

    Raises:
        SpecError: with the faults of all settings, each once.
    """
    faults: dict[tuple[str, str, str], Fault] = {}
    for setting in settings:
        try:
            loaded.spec_of(setting)
        except SpecError as error:
            for fault in error.faults:
                faults.setdefault((fault.path, fault.rule, str(fault.place)), fault)
    if faults:
        raise SpecError(in_order(faults.values()))


def covering(sweep: Sweep) -> list[Setting]:
    """Settings that contain each value of each list, and both ends of each range, at least once."""
    values = {
        path: [parameter.low, parameter.high] if isinstance(parameter, Range) else parameter
        for path, parameter in sweep.parameters.items()
    }
    n = max(map(len, values.values()), default=0)
    return [{path: found[index % len(found)] for path, found in values.items()} for index in range(n)]


def _validated(document: Node, faults: Sequence[Fault]) -> Sweep:
    try:
        sweep = Sweep.model_validate(document.plain())
    except ValidationError as error:
        findings: Any = error.errors(include_url=False)
        raise SpecError(in_order([*faults, *translate(findings, document, Sweep)])) from None
    if faults:
        raise SpecError(in_order(faults))
    return sweep


def _from_command_line(path: Path, vary: Sequence[str]) -> tuple[Node, list[Fault]]:
    """The document of a sweep over a spec."""
    faults: list[Fault] = []
    parameters: dict[str, Node] = {}
    for text in vary:
        place = Place(f"--vary {text}")
        try:
            name, value = _parse_varied(text, place)
            parameters[name] = value
        except SpecError as error:
            faults += error.faults
    here = Place(str(path))
    entries = {"spec": Node(str(path.absolute()), here), "parameters": Node(parameters, here)}
    objective = Node({"metric": Node("val_loss", here)}, here)
    return Node({**entries, "objective": objective}, here), faults


def _parse_varied(text: str, place: Place) -> tuple[str, Node]:
    name, equals, written = text.partition("=")
    hint = "For example: --vary 'optimizer.learning_rate=log(1e-4, 1e-1)' --vary 'model.layers.1.units=[50, 100]'"
    if not equals or not name.strip():
        raise SpecError([Fault("a parameter must have the form path=values", place=place, hint=hint)])
    if found := VARIED.fullmatch(written.strip()):
        points = f", points: {found['points']}" if found["points"] else ""
        written = f"{{from: {found['low']}, to: {found['high']}, scale: {found['scale']}{points}}}"
    value, faults = read_text(written, str(place))
    if not isinstance(value.value, list | dict):
        raise SpecError([Fault("the values must be a list or a range", name, place, repr(written), hint)])
    if faults:
        raise SpecError(faults)
    return name.strip(), placed_at(value, place)


def _with_name(document: Node, path: Path, ending: str) -> Node:
    """The document with a name: by default that of its file."""
    if document.child("name") is not None or not isinstance(document.value, dict):
        return document
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-._")[: 40 - len(ending)] or "sweep"
    return replace(document, value={"name": Node(name + ending, document.place), **document.value})


def _broken_rules(sweep: Sweep, document: Node) -> list[Fault]:
    """The rules across the keys of a sweep that it breaks."""
    found: list[tuple[tuple[str, ...], str, str]] = []
    search, parameters = sweep.search, sweep.parameters
    ranges = {path: each for path, each in parameters.items() if isinstance(each, Range)}
    for path, each in ranges.items():
        if each.low >= each.high:
            found.append((("parameters", path), "`from` must be less than `to`", ""))
        elif each.scale == "log" and each.low <= 0:
            found.append((("parameters", path, "from"), "must be greater than 0 with `scale: log`", ""))
        if isinstance(search, Grid) and each.points == "none":
            hint = "Write {from: …, to: …, points: 5}, a list, or another search."
            found.append((("parameters", path), "a range has no values in a grid search without `points`", hint))
    if isinstance(search, CmaEs) and (len(ranges) < len(parameters) or len(ranges) < 2):
        hint = "Use `tpe`, which takes lists, too."
        found.append((("search",), "cma_es needs at least two ranges of numbers, and no lists", hint))
    if not isinstance(search, CsvSettings) and not parameters:
        found.append((("parameters",), "there is nothing to vary", "For example: optimizer.learning_rate: [0.1, 0.01]"))
    if isinstance(search, CsvSettings) and parameters:
        found.append((("parameters",), "the settings come from the CSV file, so there are no parameters", ""))
    found += _rules_of_several(sweep)
    for path in parameters:
        if path in ("name", "description") or not all(part.strip() for part in path.split(".")):
            found.append((("parameters", path), "is not a key of the spec that can be varied", ""))
    return [Fault(rule, dotted(at), document.nearest(at).place, hint=hint) for at, rule, hint in found]


def _rules_of_several(sweep: Sweep) -> list[tuple[tuple[str, ...], str, str]]:
    """What does not work with several objectives."""
    if len(sweep.metrics) == 1:
        return []
    hint = "Choose one objective."
    found: list[tuple[tuple[str, ...], str, str]] = []
    if not isinstance(sweep.prune, NoPruning):
        found.append((("prune",), "trials can only be stopped early by one objective", hint))
    if isinstance(sweep.search, CmaEs):
        found.append((("search",), "cma_es has only one objective", "Use `tpe`."))
    if sweep.confirm != "none":
        found.append((("confirm",), "only the best setting by one objective can be confirmed", hint))
    return found


def _wrong_metrics(sweep: Sweep, base: LoadedSpec, document: Node) -> list[Fault]:
    """Objectives that are not measured. What trials add is not known here, so `auto` allows every name."""
    faults = []
    names = [*monitored_names(base.spec), *COSTS]
    for index, metric in enumerate(sweep.metrics):
        path = ("objective", index, "metric") if len(sweep.metrics) > 1 else ("objective", "metric")
        hint = suggest(metric, names)
        if metric.startswith("test_"):
            rule = "a setting must not be chosen by test data: its result on them would be too good"
            hint = f"Use val_{metric.removeprefix('test_')}. Test data are measured in the end."
        elif metric not in names and not any(path.startswith(("metrics", "data")) for path in sweep.parameters):
            rule = f"'{metric}' is not measured by this spec"
        else:
            continue
        faults.append(Fault(rule, dotted(path), document.nearest(path).place, hint=hint))
    return faults


def _settings(sweep: Sweep, document: Node) -> tuple[SettingsTable | None, list[Fault]]:
    """The settings of a CSV file, if the search is one."""
    if not isinstance(sweep.search, CsvSettings):
        return None, []
    node = document.nearest(("search", "path"))
    try:
        return read_settings(named_path(node, ("search", "path"))), []
    except SpecError as error:
        return None, list(error.faults)


def _node_of(value: Any, place: Place) -> Node:
    """A plain value as a document with one place."""
    if isinstance(value, dict):
        return Node({key: _node_of(entry, place) for key, entry in value.items()}, place, place)
    if isinstance(value, list):
        return Node([_node_of(entry, place) for entry in value], place, place)
    return Node(value, place, place)

"""`extends`: a spec that starts from another one.

Mappings are merged key by key, and this file wins; lists and single values replace those of the base. A mapping whose
`kind` differs from that of the base replaces it as a whole, and a word is merged as the mapping it is short for. The
`description` is not inherited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from dnnctl.errors import Fault, SpecError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.merge_target import child_of, entries_of
from dnnctl.specs.reading.phase_epochs import drop_replaced_epochs
from dnnctl.specs.reading.spec_file import named_path, read_file
from dnnctl.specs.reading.yaml_reader import describe, read_document

KEY = "extends"
MAX_BASES = 20
"""How many files may extend each other."""


def read_with_bases(path: Path, text: str) -> tuple[Node, list[Fault]]:
    """The document in a file, merged over the files it extends.

    Args:
        text: the text of the file.

    Raises:
        SpecError: a file cannot be read, or the files extend each other in a cycle, or too many do.
    """
    return _read(path, text, [])


def _read(path: Path, text: str, chain: list[Path]) -> tuple[Node, list[Fault]]:
    document, faults = _read_base(text, str(path)) if chain else read_document(text, str(path))
    assert isinstance(document.value, dict)
    own = {key: node for key, node in document.value.items() if key != KEY}
    base = document.value.get(KEY)
    stripped = Node(own, document.place)
    if base is None:
        return stripped, faults
    if not isinstance(base.value, str):
        fault = Fault("must be the path of another spec", KEY, base.place, describe(base))
        return stripped, [*faults, fault]
    chain = [*chain, path.resolve()]
    target = named_path(base, (KEY,))
    if target.resolve() in chain:
        cycle = " → ".join(entry.name for entry in [*chain, target])
        raise SpecError([Fault(f"specs extend each other in a cycle: {cycle}", KEY, base.place)])
    problem = _problem_with(target)
    if problem:
        hint = "The path is relative to this file."
        raise SpecError([Fault(f"{problem}: {target}", KEY, base.place, hint=hint)])
    if len(chain) > MAX_BASES:
        raise SpecError([Fault(f"more than {MAX_BASES} specs extend each other", KEY, base.place)])
    below, base_faults = _read(target, read_file(target), chain)
    below = _without_description(below)
    training = own["training"].value if "training" in own else None
    merged = drop_replaced_epochs(merge(below, stripped), training if isinstance(training, dict) else ())
    return merged, [*base_faults, *faults]


def _read_base(text: str, name: str) -> tuple[Node, list[Fault]]:
    """The document in a file that a spec extends.

    If the file is not a spec, nothing of it is quoted: a spec from somebody else may name a file with secrets.
    """
    try:
        return read_document(text, name)
    except SpecError as error:
        raise SpecError([_unquoted(fault) for fault in error.faults]) from None


def _unquoted(fault: Fault) -> Fault:
    return replace(fault, received="", place=fault.place and replace(fault.place, text=""))


def _problem_with(target: Path) -> str:
    """Why a path cannot be a base; empty if it can."""
    try:
        mode = target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if S_ISDIR(mode):
        return "is a directory, not a spec"
    return "" if S_ISREG(mode) else "is not a regular file"


def _without_description(base: Node) -> Node:
    """A base without its description, which does not describe the specs that extend it."""
    assert isinstance(base.value, dict)
    return replace(base, value={key: node for key, node in base.value.items() if key != "description"})


def merge(base: Node, over: Node, options: Sequence[Any] = (Spec,)) -> Node:
    """The base with `over` merged on top.

    Args:
        options: the types that the value may have.
    """
    below, above = entries_of(base, options), over.value
    if isinstance(above, str) and isinstance(base.value, dict) and _kind(base.value) == above:
        return base
    if not isinstance(above, dict) or below is None:
        return over
    if _kind(above) is not None and _kind(above) != _kind(below):
        return over
    merged = dict(below)
    for key, node in above.items():
        child, child_options = child_of(below, key, options, node.place)
        merged[key] = merge(child, node, child_options)
    return Node(merged, over.place, over.key_place)


def _kind(entries: dict[str, Node]) -> object:
    kind = entries.get("kind")
    return kind.value if kind else None

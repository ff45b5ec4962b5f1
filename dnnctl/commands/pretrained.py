"""Finding the pretrained network that a spec reuses, and what is recorded about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.specs import LoadedSpec
from dnnctl.store.alteration import check_unaltered
from dnnctl.store.catalog import Notify, keep_silent, load_run, runs_directory
from dnnctl.store.digest import sha256_of
from dnnctl.store.facts import ReuseFacts
from dnnctl.store.ownership import check_no_links
from dnnctl.store.purpose import Wanted


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network on disk."""

    path: Path
    """A .keras file."""
    run: str | None
    """The id of its run, if it has one."""

    def facts(self) -> ReuseFacts:
        """What run.json records about it."""
        return ReuseFacts(path=str(self.path), sha256=sha256_of(self.path.resolve()), run=self.run)


def find_pretrained(
    loaded: LoadedSpec, runs_dir: str | Path | None, notify: Notify = keep_silent
) -> tuple[LoadedSpec, Pretrained | None]:
    """The spec, with the reference to a run replaced by the run's id, and the network that it reuses.

    Args:
        notify: called with a sentence that names the chosen run, if several have the given name.

    Raises:
        RunError: there is no such run or file, or the run has no model yet, was altered since training, or has links to
            files elsewhere.
    """
    reuse = loaded.spec.model.reuse
    if reuse == "none":
        return loaded, None
    if reuse.run.endswith(".keras"):
        path = Path(reuse.run)
        if not path.is_file():
            raise RunError(f"model.reuse.run: the file {path} does not exist.")
        return loaded, Pretrained(path, None)
    run = load_run(reuse.run, runs_dir, Wanted.MODEL, lambda text: notify(f"model.reuse.run: {text}"))
    if not run.folder.model.is_file():
        raise RunError(f"model.reuse.run: {run.id} has no model yet. It is {run.status}.")
    check_no_links(run.path)
    check_unaltered(run, run.folder.model, fix=f"To reuse the file as it is, write its path: {run.folder.model}")
    is_at_home = run.path.resolve().parent == runs_directory(runs_dir).resolve()
    name = run.id if is_at_home else str(run.path.resolve())
    model = loaded.spec.model.model_copy(update={"reuse": reuse.model_copy(update={"run": name})})
    return replace(loaded, spec=loaded.spec.model_copy(update={"model": model})), Pretrained(run.folder.model, run.id)

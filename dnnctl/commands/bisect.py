"""`bisect`: which of the keys that differ between two recipes carry the difference of their results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.budget import check_settled
from dnnctl.commands.repetitions import MAX_SEED
from dnnctl.commands.train import train
from dnnctl.errors import DivergedError, InterruptedRunError, SpecError, UserError
from dnnctl.events.event import Report, ignore
from dnnctl.search.switches import Switch, find_switches, switched
from dnnctl.specs import LoadedSpec, load, to_plain
from dnnctl.store.catalog import Notify, keep_silent, load_run
from dnnctl.store.purpose import Wanted
from dnnctl.store.recipe import is_repeatable

if TYPE_CHECKING:
    from dnnctl.search.bisection import Finding
    from dnnctl.search.paired_scores import Subset
    from dnnctl.store.record import RunRecord

ROLES = {"test_": "test", "val_": "validation"}
USUAL = ("accuracy", "mae")
"""The metrics that `compare` takes by default."""
LENGTH = 25
"""The longest part of the name of a run that comes from one recipe."""


@dataclass(frozen=True)
class BisectPlan:
    """Two recipes, and how many trainings may be spent on their difference."""

    a: dict[str, Any]
    """The complete spec of A, with the name and the first seed of all runs."""
    switches: tuple[Switch, ...]
    n_seeds: int
    budget: int

    @property
    def name(self) -> str:
        """The name of the runs."""
        return str(self.a["name"])

    def recipe(self, subset: Subset) -> str:
        """A subset in words: `A`, `B`, or A with the keys that have their value of B."""
        if len(subset) in (0, len(self.switches)):
            return "B" if subset else "A"
        return f"A with {', '.join(self.switches[key].path for key in sorted(subset))} of B"


@dataclass(frozen=True)
class Trained:
    """One recipe with one seed."""

    recipe: str
    seed: int
    run: str = ""
    """The id of the run; empty if the recipe is not a valid spec or diverges."""
    metric: str = ""
    score: float | None = None
    reason: str = ""
    """Why it has no score."""


@dataclass(frozen=True)
class BisectResult:
    """What was found, and the runs that show it."""

    plan: BisectPlan
    finding: Finding
    metric: str
    """The metric with its split, `test_accuracy`."""
    trained: tuple[Trained, ...]

    @property
    def keys(self) -> list[str]:
        """The paths of the keys that carry the difference, confirmed or not."""
        return [self.plan.switches[key].path for key in self.finding.keys]

    def as_object(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "name": self.plan.name,
            "metric": self.metric,
            **asdict(self.finding),
            "keys": self.keys,
            "n_trainings": sum(bool(each.run) for each in self.trained),
        }


OnTrained = Callable[[Trained], None]


def plan_bisect(
    a: str | Path,
    b: str | Path,
    *,
    runs_dir: str | Path | None = None,
    n_seeds: int = 3,
    budget: int = 40,
    notify: Notify = keep_silent,
) -> BisectPlan:
    """What `bisect` will do.

    Args:
        a, b: spec files, or runs by id, id prefix, name or folder.

    Raises:
        UserError: one of them cannot be used, they do not differ, or the budget does not suffice for any answer.
    """
    first, second = (_recipe(each, runs_dir, notify) for each in (a, b))
    switches = find_switches(to_plain(first.spec), to_plain(second.spec))
    if not switches:
        raise UserError(f"{a} and {b} do not differ in any key that changes what is trained.")
    least = 4 * n_seeds + 2
    if n_seeds < 2 or budget < least:
        raise UserError(f"--budget: must be at least {least} with {n_seeds} seeds. Received: {budget}.")
    name = f"bisect-{first.spec.name[:LENGTH]}-{second.spec.name[:LENGTH]}"
    return BisectPlan({**to_plain(first.spec), "name": name}, tuple(switches), n_seeds, budget)


def bisect(
    plan: BisectPlan,
    *,
    metric: str | None = None,
    runs_dir: str | Path | None = None,
    on_trained: OnTrained = lambda _: None,
    report: Report = ignore,
) -> BisectResult:
    """Train recipes between A and B until the keys are found and confirmed, or the budget ends.

    A run of the same recipe and seed that an earlier call has started is resumed, or used if it is finished.

    Args:
        metric: what is compared, such as `val_loss`; by default accuracy or mae, on test data if there are any.
        report: called with each event of each training.

    Raises:
        UserError: A or B cannot be trained, has no such metric, or was measured on other examples.
        InterruptedRunError: a signal has stopped training.
    """
    from dnnctl.search.bisection import Bisection

    if metric is not None and metric.endswith("loss") and any(switch.keys[0] == "loss" for switch in plan.switches):
        raise UserError(f"--metric: {metric} of A and B cannot be compared, because their loss functions differ.")
    session = _Session(plan, metric, runs_dir, on_trained, report)
    finding = Bisection(len(plan.switches), session.measure, plan.n_seeds, plan.budget).run()
    return BisectResult(plan, finding, session.metric or "", tuple(session.trained))


@dataclass
class _Session:
    """The trainings of one bisection."""

    plan: BisectPlan
    metric: str | None
    runs_dir: str | Path | None
    on_trained: OnTrained
    report: Report
    trained: list[Trained] = field(default_factory=list)
    data: dict[int, Any] = field(default_factory=dict)
    """What identifies the examples that were measured, for each seed."""

    def measure(self, subset: Subset, number: int) -> float | None:
        """The score of a recipe; None if it is not a valid spec or diverges."""
        seed = (self.plan.a["seed"] + number) % MAX_SEED
        recipe = self.plan.recipe(subset)
        spec = switched(self.plan.a, [self.plan.switches[key] for key in subset]) | {"seed": seed}
        try:
            found = self._trained(spec, recipe, seed)
        except DivergedError:
            found = Trained(recipe, seed, reason="diverges")
        except SpecError as error:
            if recipe in ("A", "B"):
                raise
            found = Trained(recipe, seed, reason=f"is not a valid spec: {error.faults[0].rule}")
        except InterruptedRunError as error:
            text = f"{error}\nnext:  the same command again continues"
            raise InterruptedRunError(text, error.exit_code - 128) from None
        self.trained.append(found)
        self.on_trained(found)
        return found.score

    def _trained(self, spec: dict[str, Any], recipe: str, seed: int) -> Trained:
        run = train(load(spec), runs_dir=self.runs_dir, or_resume=True, report=self.report)
        self.metric = _choose_metric(run, self.metric)
        role, name = _split(self.metric)
        self._check_data(run, role)
        from dnnctl.compare.group import measured_by
        from dnnctl.store.metrics import finite

        score = finite(measured_by(run, role).get(name))
        return Trained(recipe, seed, run.id, self.metric, score, "" if score is not None else f"has no {self.metric}")

    def _check_data(self, run: RunRecord, role: str) -> None:
        facts = run.facts.data
        if facts is None:
            return
        own = facts.digest if role == "test" else (facts.digest, facts.split)
        if self.data.setdefault(run.facts.seed or 0, own) != own:
            raise UserError(
                f"{run.id} was measured on other {role} examples than A, so that their results cannot be compared. "
                "Give A and B the same data."
            )


def _recipe(reference: str | Path, runs_dir: str | Path | None, notify: Notify) -> LoadedSpec:
    """The spec of a file or of a run."""
    path = Path(reference)
    if path.suffix in (".yaml", ".yml"):
        loaded = load(path)
    else:
        run = load_run(reference, runs_dir, Wanted.COMPLETE, notify)
        if not is_repeatable(run):
            raise UserError(f"{run.id} also depends on another run, so that its spec does not repeat it.")
        loaded = load(run.spec)
    check_settled(loaded, "`bisect`")
    return loaded


def _choose_metric(run: RunRecord, wanted: str | None) -> str:
    """The metric with its split, as this run has it."""
    from dnnctl.compare.group import measured_by

    measured = {prefix: measured_by(run, role) for prefix, role in ROLES.items()}
    names = [f"{prefix}{name}" for prefix, values in measured.items() for name in values]
    usual = [f"{prefix}{name}" for prefix in ROLES for name in USUAL]
    candidates = usual if wanted is None else [wanted, f"test_{wanted}", f"val_{wanted}"]
    chosen = next((name for name in candidates if name in names), None)
    if chosen is None:
        raise UserError(f"--metric: {wanted or 'choose one'}. Measured were {', '.join(names) or 'no metrics'}.")
    return chosen


def _split(metric: str) -> tuple[str, str]:
    prefix = next(prefix for prefix in ROLES if metric.startswith(prefix))
    return ROLES[prefix], metric.removeprefix(prefix)

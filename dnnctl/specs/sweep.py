"""A sweep: many trials of one spec, and how the best of them is confirmed."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field

from dnnctl.specs.field import (
    BY_FORM,
    CHOICE,
    LIST,
    MAPPING,
    NUMBER,
    WORD,
    Count,
    Index,
    Kind,
    Number,
    OrNone,
    Section,
    Seed,
)
from dnnctl.specs.workers import WORDS, NWorkers, Processes, Workplace

MAX_TRIALS = 10_000
COSTS = ("parameters", "training_seconds")
"""Objectives that are no metrics: less is better."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"
"""Shorter than the name of a run, which is the name of the sweep and the number of the trial."""

Trials = Annotated[int, Field(strict=True, gt=0, le=MAX_TRIALS)]
WholeOrReal = Annotated[int, Field(strict=True)] | Number


class Range(Section):
    """A range of numbers. If both ends are whole numbers, all values are whole numbers."""

    model_config = ConfigDict(populate_by_name=True)

    low: WholeOrReal = Field(alias="from")
    """The smallest value."""
    high: WholeOrReal = Field(alias="to")
    """The largest value."""
    scale: Literal["linear", "log"] = "linear"
    """`log`: every factor is equally likely, as between 0.001 and 0.01 and between 0.01 and 0.1."""
    points: Annotated[Annotated[Trials, NUMBER] | OrNone, BY_FORM] = "none"
    """The number of evenly spaced values in a grid search, including both ends."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Values: TypeAlias = Annotated[list[Any], Field(min_length=1)]
Parameter: TypeAlias = Annotated[Annotated[Values, LIST] | Annotated[Range, MAPPING], BY_FORM]
"""A list of values, or a range of numbers."""


class Grid(Kind):
    """Every combination of the values, in the order of the file; the last parameter changes first."""

    kind: Literal["grid"]


class Random(Kind):
    """Values drawn at random. A trial's values depend only on `seed` and its number."""

    kind: Literal["random"]
    trials: Trials = 20
    """The number of trials."""


class Sobol(Kind):
    """A scrambled Sobol sequence, which covers the ranges more evenly than random values. A power of two is best."""

    kind: Literal["sobol"]
    trials: Trials = 32
    """The number of trials."""


class CsvSettings(Kind):
    """The settings in a CSV file: a column for each key of the spec, a row for each trial."""

    kind: Literal["csv"]
    path: str
    """The file; a relative path starts at the folder of the sweep."""


class Tpe(Kind):
    """The tree-structured Parzen estimator of Optuna: tries values like those of the best trials so far."""

    kind: Literal["tpe"]
    trials: Trials = 40
    """The number of trials."""
    startup: Count = 10
    """The number of trials at the start that are drawn at random."""


class CmaEs(Kind):
    """CMA-ES: a normal distribution that moves towards the best trials. Only for ranges, at least two of them."""

    kind: Literal["cma_es"]
    trials: Trials = 60
    """The number of trials."""


Search: TypeAlias = Annotated[Grid | Random | Sobol | CsvSettings | Tpe | CmaEs, *CHOICE]


class NoPruning(Kind):
    """Every trial is trained to its end."""

    kind: Literal["none"]


class Median(Kind):
    """Stops a trial whose best value so far is worse than the median of the finished trials at the same epoch."""

    kind: Literal["median"]
    startup: Count = 5
    """The number of finished trials before the first one is stopped."""
    warmup: Index = 1
    """The number of epochs that every trial is trained."""


class Hyperband(Kind):
    """Stops a trial after min_epochs, min_epochs · reduction, min_epochs · reduction², … epochs, unless it is in the
    best 1/reduction of the trials that have come so far. Trials are divided into brackets, which start later and later.
    """

    kind: Literal["hyperband"]
    min_epochs: Count = 1
    """The epoch after which a trial can be stopped first."""
    reduction: Annotated[int, Field(strict=True, ge=2, le=100)] = 3
    """One of `reduction` trials continues."""


Prune: TypeAlias = Annotated[NoPruning | Median | Hyperband, *CHOICE]


class Objective(Section):
    """What a setting is judged by."""

    metric: str
    """A metric at the best epoch (`val_accuracy`, `val_loss`), `parameters` or `training_seconds`. Whether less is
    better follows from the metric. Metrics on test data are refused: they are for the end."""


Objectives: TypeAlias = Annotated[list[Objective], Field(min_length=2, max_length=4)]


class Confirm(Section):
    """Trains the best settings again with fresh seeds, which shows how much of their lead was luck."""

    top: Annotated[int, Field(strict=True, gt=0, le=20)] = 3
    """The number of settings."""
    seeds: Annotated[int, Field(strict=True, ge=2, le=100)] = 5
    """The number of fresh seeds for each."""


class Sweep(Section):
    """Many trials of one spec. Each trial is a run of it, with other values for some keys."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    """The name of the sweep; by default the name of the file. A trial is named after it: `NAME-0001`."""
    description: str = ""
    """What the sweep is for, in a sentence."""
    spec: str
    """The file of the spec; a relative path starts at the folder of the sweep."""
    seed: Seed = 42
    """The seed of what is proposed. The trials are trained with the seed of the spec."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """For each key of the spec that is varied (`optimizer.learning_rate`, `model.layers.1.units`): a list of values, or
    a range of numbers."""
    search: Search = Random.model_construct(kind="random", trials=20)
    """How the values are chosen."""
    objective: Annotated[Annotated[Objective, MAPPING] | Annotated[Objectives, LIST], BY_FORM]
    """What a setting is judged by; with several objectives the result is a Pareto front."""
    prune: Prune = NoPruning.model_construct(kind="none")
    """Which trials are stopped early. They are kept."""
    workers: Annotated[
        Annotated[NWorkers, NUMBER]
        | Annotated[Annotated[Workplace, Field(discriminator="kind")], MAPPING]
        | Annotated[Literal["auto", "processes", "ray", "shared_folder"], WORD],
        BY_FORM,
    ] = "auto"
    """Where trials are trained. A number is short for that number of processes on this machine, and `auto` for as many
    as it has cores."""
    confirm: Annotated[Annotated[Confirm, MAPPING] | OrNone, BY_FORM] = "none"
    """How the best settings are confirmed at the end."""

    @property
    def n_trials(self) -> int | None:
        """The number of trials; None if the values define it."""
        return None if isinstance(self.search, Grid | CsvSettings) else self.search.trials

    @property
    def metrics(self) -> list[str]:
        """The metrics of the objectives."""
        found = self.objective if isinstance(self.objective, list) else [self.objective]
        return [each.metric for each in found]

    @property
    def launcher(self) -> Workplace:
        """The workers with their kind."""
        if isinstance(self.workers, int):
            return Processes.model_construct(kind="processes", n=self.workers)
        return WORDS[self.workers]() if isinstance(self.workers, str) else self.workers

"""Rules that suggest a rate from a range test, compared by the accuracy they lose against the best rate.

Each net is trained from the same weights at every rate of a grid, and the accuracy at the rate of a rule is
interpolated between them. Regret = the best mean accuracy on the grid − the accuracy at the rate of the rule, both on
validation data after four epochs.

`python -m benchmarks.learning_rates` takes about 25 minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan, OnDevice
from dnnctl.engine.variables import read_state, write_state
from dnnctl.events.event import ignore
from dnnctl.runner.examples import place
from dnnctl.runner.lr_range_test import Floats, RateCurve, range_test, suggest
from dnnctl.runner.schedule import Span, learning_rates
from dnnctl.runner.setup import prepare
from dnnctl.runner.shuffle import epoch_order
from dnnctl.specs import load
from dnnctl.specs.schedule import ConstantRate, OneCycle

CONFIGS = Path(__file__).parents[1] / "configs"
EPOCHS = 4
SEEDS = (1, 2, 3)
CHANCE = 0.1
"""The accuracy of a training that diverges."""
FAILED = 0.1
"""A training has failed if its regret is larger than this."""
DEEP = "model.layers=[flatten, {kind: dense, units: 100, repeat: 20}]"
NETS = {
    "selu": ("selu", ["runtime.compile=xla"]),
    "batch 128": ("selu", ["training.batch_size=128", "runtime.compile=xla"]),
    "batch norm": ("batch_norm", ["runtime.compile=xla"]),
    "dropout": ("dropout", ["runtime.compile=xla"]),
    "default": ("default", ["runtime.compile=xla"]),
    "20 layers": ("default", ["model.defaults.normalization=none", DEEP, "runtime.compile=xla"]),
    "conv": ("conv", ["data.limit=4000"]),
}
"""For each net, the spec in configs/ and its changes."""
OPTIMIZERS = {
    "{kind: sgd, momentum: 0.9, nesterov: true}": 10 ** np.arange(-3.5, 0.76, 0.25),
    "{kind: nadam}": 10 ** np.arange(-4.75, -0.49, 0.25),
}
"""For each optimizer, the rates to train at."""
SCHEDULES = ("constant", "one_cycle")


@dataclass(frozen=True)
class Measured:
    """The trainings of one net with one optimizer. Letters: S seeds, R rates."""

    net: str
    rates: Floats
    """(R,)"""
    accuracies: dict[str, Floats]
    """For each schedule, (S, R)."""
    curves: Sequence[RateCurve]
    """(S,)"""

    def regrets(self, rule: Rule, schedule: str) -> Floats:
        """(S,) the accuracy that is lost by following a rule."""
        accuracies = self.accuracies[schedule]
        suggested = [np.log(rule(curve)) for curve in self.curves]
        reached = [np.interp(x, np.log(self.rates), of_seed) for x, of_seed in zip(suggested, accuracies, strict=True)]
        return np.asarray(accuracies.mean(axis=0).max() - reached)


Rule = Callable[[RateCurve], float]


def explosion(curve: RateCurve) -> float:
    """The rate at which the loss is above its start again."""
    smoothed = curve.smoothed
    start, turning = smoothed[: max(1, len(smoothed) // 10)].mean(), int(smoothed.argmin())
    above = turning + np.flatnonzero(smoothed[turning:] > start)
    return float(curve.rates[above[0]] if len(above) else curve.exploded_at or curve.rates[-1])


def steepest(curve: RateCurve) -> float:
    """The rate of the steepest descent of the smoothed loss over log rate, before the minimum."""
    slopes = np.gradient(curve.smoothed, np.log(curve.rates))
    first, turning = len(slopes) // 10, int(curve.smoothed.argmin())
    return float(curve.rates[first + slopes[first : max(turning, first + 1)].argmin()])


def valley(curve: RateCurve) -> float:
    """The middle of the longest decreasing subsequence of the smoothed loss, as fastai suggests it."""
    smoothed = curve.smoothed
    lengths, before = np.ones(len(smoothed), int), np.full(len(smoothed), -1)
    for i in range(1, len(smoothed)):
        higher = np.flatnonzero(smoothed[:i] > smoothed[i])
        if len(higher):
            before[i] = higher[lengths[higher].argmax()]
            lengths[i] = lengths[before[i]] + 1
    place = int(lengths.argmax())
    for _ in range(lengths[place] // 2):
        place = int(before[place])
    return float(curve.rates[place])


RULES: dict[str, Rule] = {
    "max_rate: √(low · high)": lambda curve: suggest(curve).max_rate,
    "learning_rate: √(low · high) / 3": lambda curve: suggest(curve).learning_rate,
    "minimum": lambda curve: suggest(curve).turning_point,
    "minimum / 2": lambda curve: suggest(curve).turning_point / 2,
    "minimum / 3": lambda curve: suggest(curve).turning_point / 3,
    "minimum / 10": lambda curve: suggest(curve).turning_point / 10,
    "explosion / 2": lambda curve: explosion(curve) / 2,
    "explosion / 3": lambda curve: explosion(curve) / 3,
    "explosion / 10": lambda curve: explosion(curve) / 10,
    "steepest descent": steepest,
    "valley": valley,
}


def main() -> None:
    """Train, and print a table for each schedule: a row for each rule, a column for each net."""
    measured = [
        measure(net, optimizer, rates[::2] if net == "conv" else rates)
        for net in NETS
        for optimizer, rates in OPTIMIZERS.items()
    ]
    for schedule in SCHEDULES:
        print_table(measured, schedule)


def print_table(measured: Sequence[Measured], schedule: str) -> None:
    """Print the regret of each rule by net, over all nets, of the worst training, and the failed trainings."""
    nets = list(dict.fromkeys(each.net for each in measured))
    print(f"\n{schedule}: lost accuracy in percentage points, means over {len(SEEDS)} seeds and both optimizers")
    print(f"| rule | {' | '.join(nets)} | mean | worst | failed |\n|{'---|' * (len(nets) + 4)}")
    for name, rule in RULES.items():
        regrets = {net: [each.regrets(rule, schedule) for each in measured if each.net == net] for net in nets}
        flat = np.concatenate([of_net for net in nets for of_net in regrets[net]])
        numbers = [*(np.mean(regrets[net]) for net in nets), flat.mean(), flat.max()]
        cells = " | ".join(f"{100 * number:.1f}" for number in numbers)
        print(f"| {name} | {cells} | {(flat > FAILED).sum()} of {len(flat)} |", flush=True)


def measure(net: str, optimizer: str, rates: Floats) -> Measured:
    """Do the range test and train at every rate, for each seed."""
    name, changes = NETS[net]
    accuracies: dict[str, list[list[float]]] = {schedule: [] for schedule in SCHEDULES}
    curves = []
    for seed in SEEDS:
        fixed = [f"optimizer={optimizer}", "schedule=none", f"seed={seed}", f"training.epochs={EPOCHS}"]
        setup, dataset = prepare(load(CONFIGS / f"{name}.yaml", [*changes, *fixed]).spec, ignore)
        assert dataset.validation is not None
        engine, validation = setup.engine(place(setup, dataset.train)), place(setup, dataset.validation)
        curves.append(range_test(engine, seed=seed))
        before = read_state(engine.variables)
        for schedule, of_schedule in accuracies.items():
            of_schedule.append([])
            for rate in rates:
                write_state(engine.variables, before)
                of_schedule[-1].append(train(engine, validation, seed, schedule, float(rate)))
    return Measured(net, rates, {schedule: np.array(found) for schedule, found in accuracies.items()}, curves)


def train(engine: Engine, validation: OnDevice, seed: int, schedule: str, rate: float) -> float:
    """The accuracy on validation data after training at a rate; chance if training diverges."""
    span = Span(engine.n_steps, EPOCHS)
    kind = OneCycle(kind="one_cycle", max_rate=rate) if schedule == "one_cycle" else ConstantRate(kind="constant")
    for epoch in range(EPOCHS):
        steps = np.arange(epoch * engine.n_steps, (epoch + 1) * engine.n_steps)
        rates = learning_rates(kind, rate, steps, span).astype(np.float32)
        engine.start_epoch(EpochPlan(epoch_order(seed, epoch + 1, engine.train.n), rates))
        engine.reset_metrics()
        if engine.run(0, engine.n_steps) is not None:
            return CHANCE
    return engine.evaluate(validation)["accuracy"]


if __name__ == "__main__":
    main()

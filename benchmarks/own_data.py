"""dnnctl's presets on five small data sets, next to a perceptron that scikit-learn tunes by cross-validation.

    python -m benchmarks.own_data [FOLDER]

Writes the data sets to FOLDER as a user would have them: CSV files, and a folder of PNG files for `digits`. Both sides
get the same training and test files, and train with five seeds. Prints a Markdown table.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from PIL import Image
from sklearn import datasets
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import dnnctl
from dnnctl.commands.preset import read_preset
from dnnctl.specs import load

SEEDS = range(5)
GRID = {"hidden_layer_sizes": [(50,), (100,), (100, 100)], "alpha": [1e-4, 1e-2, 1.0, 10.0]}


@dataclass(frozen=True)
class Problem:
    """A data set, divided once."""

    name: str
    inputs: tuple[np.ndarray, np.ndarray]
    """Training and test, (N, F)."""
    targets: tuple[np.ndarray, np.ndarray]
    columns: list[str]
    metric: str
    """`accuracy` or `r2`."""
    preset: str


def problems() -> list[Problem]:
    """The five data sets, each with a quarter of its rows for the test."""
    found = []
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits"):
        data = getattr(datasets, f"load_{name}")()
        is_classes = name != "diabetes"
        targets = data.target_names[data.target].astype(str) if is_classes else data.target
        train_x, test_x, train_y, test_y = train_test_split(
            data.data, targets, test_size=0.25, random_state=0, stratify=targets if is_classes else None
        )
        preset = {"diabetes": "regression", "digits": "images"}.get(name, "tabular")
        metric = "accuracy" if is_classes else "r2"
        columns = [str(column) for column in data.feature_names]
        found.append(Problem(name, (train_x, test_x), (train_y, test_y), columns, metric, preset))
    return found


def main() -> None:
    """Measure both sides on every data set."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="dnnctl-own-data-"))
    print("| data set | rows | metric | scikit-learn, tuned | dnnctl | difference |\n|---|---|---|---|---|---|")
    for problem in problems():
        theirs, ours = scikit_learn(problem), with_dnnctl(problem, folder / problem.name)
        difference = mean(ours) - mean(theirs)
        n_rows, name = sum(map(len, problem.targets)), problem.name
        print(f"| {name} | {n_rows} | {problem.metric} | {_spread(theirs)} | {_spread(ours)} | {difference:+.4f} |")


def scikit_learn(problem: Problem) -> list[float]:
    """The test scores of a multilayer perceptron with the settings that five-fold cross-validation prefers."""
    estimator = MLPRegressor if problem.metric == "r2" else MLPClassifier
    step = estimator.__name__.lower()
    grid = {f"{step}__{key}": values for key, values in GRID.items()}
    pipeline = make_pipeline(StandardScaler(), estimator(max_iter=2000, random_state=0))
    best = GridSearchCV(pipeline, grid, cv=5, n_jobs=2).fit(problem.inputs[0], problem.targets[0]).best_estimator_
    scores = []
    for seed in SEEDS:
        best.set_params(**{f"{step}__random_state": seed})
        scores.append(
            float(best.fit(problem.inputs[0], problem.targets[0]).score(problem.inputs[1], problem.targets[1]))
        )
    return scores


def with_dnnctl(problem: Problem, folder: Path) -> list[float]:
    """The test scores of the preset, unchanged except for the path and, for r2, the metrics."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_images(problem, folder) if problem.preset == "images" else write_tables(problem, folder)
    spec = folder / f"{problem.name}.yaml"
    spec.write_text(read_preset(problem.preset).replace("name: NAME", f"name: {problem.name}"))
    overrides = [f"data.source={source}", *(["metrics=[mae, r2]"] if problem.metric == "r2" else [])]
    runs = [dnnctl.train(load(spec, [*overrides, f"seed={seed}"]), runs_dir=folder / "runs") for seed in SEEDS]
    return [run.summary.test[problem.metric] for run in runs]


def write_tables(problem: Problem, folder: Path) -> str:
    """Write train.csv and test.csv; return the source as YAML."""
    for role, inputs, targets in zip(("train", "test"), problem.inputs, problem.targets, strict=True):
        rows = [",".join([*problem.columns, "target"])]
        rows += [
            ",".join([*map(repr, map(float, row)), str(target)]) for row, target in zip(inputs, targets, strict=True)
        ]
        (folder / f"{role}.csv").write_text("\n".join(rows) + "\n")
    return f"{{kind: csv, path: {folder / 'train.csv'}, target: target, test: {{path: {folder / 'test.csv'}}}}}"


def write_images(problem: Problem, folder: Path) -> str:
    """Write a PNG file for each row of 64 pixels from 0 to 16, in a folder per class; return the source as YAML."""
    for role, inputs, targets in zip(("train", "test"), problem.inputs, problem.targets, strict=True):
        for index, (row, target) in enumerate(zip(inputs, targets, strict=True)):
            path = folder / "digits" / role / str(target) / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((row.reshape(8, 8) * 255 / 16).round().astype(np.uint8)).save(path)
    return f"{{kind: images, path: {folder / 'digits'}, color: grey}}"


def _spread(scores: list[float]) -> str:
    return f"{mean(scores):.4f} ± {stdev(scores):.4f}"


if __name__ == "__main__":
    main()

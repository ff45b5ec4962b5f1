"""Answers the questions in a folder with the predict.py of an export, in a process of its own.

It runs as a script, without dnnctl: `python runtime.py EXPORT QUESTIONS MODULE…`, where the modules are those that it
cannot import. The answers are QUESTIONS/answers.npz.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np


def answer(export, questions, forbidden):
    """Write the answers of every question, and the encoded rows of those about the columns of a table."""
    sys.modules.update(dict.fromkeys(forbidden))
    sys.path.insert(0, str(export))
    module = import_module("predict")
    answers = {}
    for question in json.loads((questions / "questions.json").read_text(encoding="utf-8")):
        rows, name = _load(questions / question["file"]), question["name"]
        function = getattr(module, question["function"])
        answers[name] = np.concatenate([function(each) for each in _batches(rows, question["batch"])])
        if hasattr(module, "encode") and isinstance(rows, dict):
            answers[f"encoded {name}"] = module.encode(rows)
    answers |= {f"weight {name}": each for name, each in getattr(module, "weights", {}).items()}
    np.savez(questions / "answers.npz", allow_pickle=False, **answers)


def _load(path):
    """Rows as an array, or as a dict of columns."""
    return np.load(path) if path.suffix == ".npy" else json.loads(path.read_text(encoding="utf-8"))


def _batches(rows, size):
    if isinstance(rows, dict):
        n = len(next(iter(rows.values())))
        return [{name: values[i : i + size] for name, values in rows.items()} for i in range(0, n, size)]
    return [rows[i : i + size] for i in range(0, len(rows), size)]


if __name__ == "__main__":
    answer(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])

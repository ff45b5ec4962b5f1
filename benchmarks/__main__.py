"""Runs all benchmarks except `learning_rates`, which takes half an hour."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from benchmarks import checkpoints, commands, epochs, images, plans, predictions, processes, store, streaming, sweeps

if __name__ == "__main__":
    commands.main()
    processes.main()
    epochs.main()
    checkpoints.main()
    store.main()
    images.main()
    streaming.main()
    predictions.main()
    plans.main()
    sweeps.main()

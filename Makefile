PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: train test test-light attack torture gpu-check check bench docs reproduce clean

train: $(INSTALLED)  ## Train configs/selu.yaml on the bundled data.
	$(BIN)/dnnctl train configs/selu.yaml

test: $(INSTALLED)  ## Run all tests.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-light: $(INSTALLED)  ## Run the tests of what needs no TensorFlow: seconds, not minutes.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/specs tests/store tests/events tests/compare tests/cli \
		tests/test_errors.py tests/test_structure.py -m "not heavy"

attack: $(INSTALLED)  ## Attack with damaged specs and stores, links and odd environments; COUNT=100 of each.
	PYTHONPATH=tests $(BIN)/python -m attack --count $(or $(COUNT),0)

torture: $(INSTALLED)  ## Kill trainings at a hundred random instants, or COUNT=1000, and compare their results.
	$(BIN)/python tests/torture.py --kills $(or $(COUNT),100)

gpu-check: $(INSTALLED)  ## Check on a GPU that training is deterministic and resume exact, and compare its speed with the CPU.
	$(BIN)/python tests/gpu_check.py

check: $(INSTALLED)  ## Lint, check types and layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)  ## Measure the engine against model.fit.
	$(BIN)/python -m benchmarks

docs: $(INSTALLED)  ## Write docs/spec.md and docs/rules.md from docstrings, and docs/cli.md from the help texts.
	$(BIN)/python docs/build.py
	$(BIN)/python docs/build_cli.py
	$(BIN)/python docs/build_rules.py

reproduce: $(INSTALLED)  ## Train configs/chapter11 on the full data and write docs/chapter11.md.
	$(BIN)/python docs/reproduce.py

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:  ## Remove the environment and caches; runs stay.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache

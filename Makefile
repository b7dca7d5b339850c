# Two commands: `make demo` installs everything and runs the main job, `make test` installs everything and tests it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Nothing is written into the home directory.
export XDG_CACHE_HOME := $(CURDIR)/.cache
export XDG_CONFIG_HOME := $(CURDIR)/.cache/config
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib
export DASK_CONFIG := $(CURDIR)/.cache/config/dask
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pip asks a Rust compiler, where there is one, for its version.
export RUSTUP_HOME := $(CURDIR)/.cache/rustup
export DGLBACKEND := pytorch

.PHONY: demo test test-napari lint docs bench lock clean

demo: $(READY)
	$(BIN)/terrazzo demo -o demo

test: $(READY) lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

# In the real napari, in an environment of its own; `make test` runs what needs no window.
test-napari:
	tests/napari_plugin/run.sh

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test,docs]'
	touch $@

# Pins what is installed now; torch stays without its build's suffix, so that any registry serves it.
lock: $(READY)
	$(BIN)/pip freeze --exclude-editable --all | grep -v '^\(pip\|setuptools\)==' | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) .cache docs/_build demo

# make reproduce | make test | make fuzz | make lint | make lab | make bench | make bench-peers | make env | make clean
# Everything runs in .venv, which the first command makes (Python 3.11 or newer, pip, and a package index are needed).

PROFILE ?= smoke
WORKERS ?= 2
CASES ?= 10000
KILLS ?= 50
SEED ?= 1
PYTHON ?= $(firstword $(shell for p in python3.11 python3 python3.12 python3.13; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done; true))
TORCH := $(shell sed -n 's/^torch==/torch==/p' requirements.lock)
BIN := .venv/bin
STAMP := .venv/.installed

# one thread per worker: several threads in several workers only get in each other's way
export OMP_NUM_THREADS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: env reproduce test unit notebooks-test fuzz lint lab bench bench-peers clean

env: $(STAMP)

$(STAMP): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer was not found; say which: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq $(TORCH)
	$(BIN)/python -m pip install -qq -r requirements.lock
	$(BIN)/python -m pip install -qq --no-build-isolation -e .
	@touch $@

# executes every notebook (into data/cache/executed/$(PROFILE)) and prints the scoreboard; run again to go on after a stop
reproduce: $(STAMP)
	$(BIN)/nascore reproduce --profile $(PROFILE) --workers $(WORKERS)

test: unit notebooks-test

unit: $(STAMP)
	$(BIN)/python -m pytest -q -n $(WORKERS) tests

# renders every notebook from the stored results and compares the cells tagged nbval-check-output
notebooks-test: $(STAMP)
	NASCORE_FIGURES=$(CURDIR)/data/cache/figures/test $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile \
	    -p no:cacheprovider -p tests.nbval_kernels --nbval-lax --nbval-current-env --nbval-cell-timeout 600 notebooks

# hostile calls and damaged files, then kill -9 at random moments; `make test` runs a small sample of both
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED) --workers $(WORKERS)
	$(BIN)/python -m tests.fuzz.kills --kills $(KILLS) --seed $(SEED)

# style, imports, and types of the public modules
lint: $(STAMP)
	$(BIN)/python -m ruff check nascore tests
	$(BIN)/python -m ruff format --check nascore tests
	$(BIN)/python -m mypy

lab: $(STAMP)
	$(BIN)/jupyter lab notebooks/

bench: $(STAMP)
	$(BIN)/nascore bench

# compares with the supernets of NAS-Bench-201's authors, installed without their dependencies, outside .venv
bench-peers: $(STAMP)
	test -d data/cache/peers/xautodl || $(BIN)/python -m pip install -qq --no-deps --target data/cache/peers xautodl==1.0.0
	$(BIN)/python -m nascore.bench.peers

# stored results, figures and downloads (data/cache/files) are kept
clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis data/cache/executed data/cache/results data/cache/figures
	find nascore tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Needs make and Python 3.11 or newer. Everything else goes into .venv, in the versions of requirements/;
# tests need programs besides, such as a browser: see `make programs`.
#
#   make demo            starts the example app on this computer
#   make demo LAN=1      the same, for phones in the same network too; LAN=192.168.1.20 is an address
#   make demo PORT=5051  at another port
#   make quick           runs what an edit of the core or the web part can break, in under a minute
#   make test            runs the tests that a change can break, in a few minutes
#   make test-all        runs all tests, and says what they cover: every store, browser, fault and race
#   make test-versions   runs `make test` with the locked, the newest and the oldest versions of all packages
#   make programs        installs the programs that tests need; on Debian it needs root: sudo make programs
#   make lint            checks style, types and layers
#   make wheel           builds the package, installs it alone and logs in with it
#   make docs            builds the documentation into docs/_build
#   make lock            brings requirements/ up to date with pyproject.toml and with what is newest
#   make translations    brings the catalogues up to date with the sentences in the package
#   make bench           measures what benchmarks/README.md tells, in about 25 minutes; needs Linux, and Node for peers.py
#   make clean           removes what the others have made, but not the demo's data in instance/
.POSIX:
.PHONY: demo quick test test-all test-covered test-full test-versions test-newest test-oldest programs lint wheel docs lock translations bench clean

PYTHON = python3
PORT = 5050
LAN =
TESTS =
BIN = .venv/bin
PACKAGE = flask_qrlogin
CORE = $(PACKAGE)/core/*,$(PACKAGE)/waiting/room.py,$(PACKAGE)/waiting/pacing.py
# All of tests/web but what sends hundreds of requests, or tries dozens of hosts and texts.
QUICK = tests/core tests/config tests/test_hooks.py tests/web --ignore=tests/web/test_limits.py --ignore=tests/web/test_next_path.py --ignore=tests/web/test_session_untouched.py
# Each process runs tests that stand together, with servers of its own, until it takes over from another.
PYTEST = -m pytest -n auto --dist worksteal --durations=10
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml

demo: .venv/.example
	@$(BIN)/python -m example_app --port "$(PORT)" --lan "$(LAN)"

quick: .venv/.dev
	$(BIN)/python $(PYTEST) -m "not full" $(QUICK)

test: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/python $(PYTEST) -m "not full"

test-all: test-covered test-full

# The tests of `make test`, with the share of the code that they run.
test-covered: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/python $(PYTEST) -m "not full" --cov --cov-report=term --cov-fail-under=95
	$(BIN)/python -m coverage report --include="$(CORE)" --fail-under=100

# All others, or those of some folders: make test-full TESTS=tests/faults
test-full: .venv/.dev
	@$(BIN)/python tests/programs.py --all
	$(BIN)/python $(PYTEST) -m full $(TESTS)

test-versions: test test-newest test-oldest

# What users get next month. No pins, and looked up anew each time.
test-newest: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .venv/newest
	$(BIN)/uv pip install --quiet --python .venv/newest --upgrade --group dev --editable .
	.venv/newest/bin/python $(PYTEST) -m "not full"

# Every lower bound of pyproject.toml exactly: are they true?
test-oldest: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .venv/oldest
	$(BIN)/uv pip install --quiet --python .venv/oldest --resolution lowest-direct --group dev --editable .
	.venv/oldest/bin/python tests/lower_bounds.py
	.venv/oldest/bin/python $(PYTEST) -m "not full"

programs: .venv/.dev
	@$(BIN)/python tests/programs.py --all --install

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/basedpyright --pythonpath $(BIN)/python --project tests/typed
	PYTHONPATH=. $(BIN)/basedpyright --pythonpath $(BIN)/python --verifytypes $(PACKAGE) --ignoreexternal

docs: .venv/.dev
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build

lock: .venv/.dev
	$(LOCK) --group dev --output-file requirements/dev.txt
	$(LOCK) --group example --group backend --constraint requirements/dev.txt --output-file requirements/example.txt

translations: .venv/.dev
	$(BIN)/python -m tests.catalogues

bench: .venv/.dev
	$(BIN)/python benchmarks/qr_render.py
	$(BIN)/python benchmarks/poll.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/device_check.py
	$(BIN)/python benchmarks/flood.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/waiting.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/peers.py --setup
	$(BIN)/python benchmarks/peers.py

# The wheel alone, in an environment with nothing else: does it have all it needs?
wheel: .venv/.dev
	rm -rf dist
	$(BIN)/python -m build --no-isolation --wheel --outdir dist
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) dist/empty
	$(BIN)/uv pip install --quiet --python dist/empty --constraint requirements/dev.txt dist/*.whl
	dist/empty/bin/python -W error tests/smoke.py

clean:
	rm -rf .venv dist docs/_build htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache
	rm -rf .import_linter_cache .grimp_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed. Name one: make demo PYTHON=python3.13")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv, once."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.example: .venv/.made requirements/example.txt
	@$(PIP) --require-hashes --requirement requirements/example.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.made requirements/dev.txt
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@ .venv/.example

# Needs make and Python 3.11 or newer. Everything else goes into .venv; tests may need two programs,
# which tests/programs.py installs or names.
#
#   make demo            starts the example app on this computer
#   make demo LAN=1      the same, for phones in the same network too; LAN=192.168.1.20 is an address
#   make demo PORT=5051  at another port
#   make test            runs the tests, with coverage
#   make test-long       runs those that take minutes: races and servers that die
#   make lint            checks style, types and layers
#   make wheel           builds the package, installs it alone and logs in with it
#   make docs            builds the documentation into docs/_build
#   make translations    brings the catalogues up to date with the sentences in the package
#   make bench           measures what benchmarks/README.md tells, in about 25 minutes; needs Linux, and Node for peers.py
#   make clean           removes what the others have made, but not the demo's data in instance/
.POSIX:
.PHONY: demo test test-long lint wheel docs translations bench clean

PYTHON = python3
PORT = 5050
LAN =
BIN = .venv/bin
PACKAGE = flask_qrlogin
CORE = $(PACKAGE)/errors.py,$(PACKAGE)/tokens.py,$(PACKAGE)/typed_code.py,$(PACKAGE)/login_request.py,$(PACKAGE)/confirmation.py,$(PACKAGE)/linked_device.py,$(PACKAGE)/transitions.py,$(PACKAGE)/ports.py,$(PACKAGE)/ledger.py,$(PACKAGE)/login_flow.py,$(PACKAGE)/approval_flow.py,$(PACKAGE)/device_list.py,$(PACKAGE)/liveness.py,$(PACKAGE)/waiting_room.py,$(PACKAGE)/pacing.py

demo: .venv/.example
	@$(BIN)/python -m example_app --port "$(PORT)" --lan "$(LAN)"

test: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/python -m pytest -m "not full" --cov --cov-report=term --cov-fail-under=95
	$(BIN)/python -m coverage report --include="$(CORE)" --fail-under=100

test-long: .venv/.dev
	@$(BIN)/python tests/programs.py
	$(BIN)/python -m pytest -m full

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
	$(BIN)/python -m build --wheel --outdir dist
	$(PYTHON) -m venv --clear dist/empty
	dist/empty/bin/python -m pip install --quiet dist/*.whl
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
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

.venv/.example: .venv/.made pyproject.toml
	@$(BIN)/python -m pip install --quiet --editable . --group example
	@touch $@

.venv/.dev: .venv/.made pyproject.toml
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

# Two commands do everything on a fresh machine with Python 3.11+ and make: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo test lint exchange benchmark faults requirements clean

help:
	@echo "make demo       Kith with a sample account, in this terminal"
	@echo "make test       the tests (embedded; with DATABASE_URL and REDIS_URL on PostgreSQL and Redis)"
	@echo "make exchange   adds what calendars on an Exchange Server need"
	@echo "make lint       ruff, mypy, migrations, deployment checks"
	@echo "make benchmark  speed figures, each beside a reference of the same run"
	@echo "make faults     processes are killed, Redis is emptied, PostgreSQL restarted; needs DATABASE_URL and redis-server"

demo: .venv/.run
	@exec $(BIN)/python manage.py demo

test: .venv/.dev
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	KITH_MODE=test $(BIN)/python manage.py makemigrations --check --dry-run
	DATABASE_URL=postgresql://localhost/kith REDIS_URL=redis://localhost/0 KITH_URL=https://contacts.example.com \
	SECRET_KEY="Vb8-kT2wQz_only-for-this-check-9XrLmN4pYc7HsJf5Gd3" \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

benchmark: .venv/.dev
	$(BIN)/python -m pytest tests/benchmarks -s -q -p no:randomly $(ARGS)

faults: .venv/.dev
	$(BIN)/python -m pytest tests/faults --ds=tests.faults.settings -s -q -p no:randomly $(ARGS)

requirements: .venv/.dev
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 --extra dev pyproject.toml -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 --extra exchange pyproject.toml -c requirements-dev.txt -o requirements-exchange.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Kith needs Python 3.11 or newer; $(PYTHON) is older. Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	@[ -e .venv/.dev ] && [ .venv/.dev -nt requirements.txt ] || { echo "Installing dependencies …"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; }
	@touch $@

exchange: .venv/bin/python requirements-exchange.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-exchange.txt

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	@echo "Installing dependencies for development …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache test-artifacts

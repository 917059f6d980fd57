# `make up` runs the console, `make test` runs its tests; each installs what it needs first.

PYTHON ?= python3
RUN := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
PYTEST := $(RUN) -m pytest
ARGS ?=

.PHONY: up test check format lock tools guarantees help

help:
	@echo "make up          run the console: web and worker, Ctrl-C stops both (DEMO=1 adds three small services)"
	@echo "make test        run all tests (ARGS='tests/api -x' for some)"
	@echo "make check       ruff, mypy, djlint, migrations, no stray addresses"
	@echo "make guarantees  run the tests of what the README promises in their long form; writes docs/guarantees.md"
	@echo "                 (ONLY=tests/guarantees/test_zoo.py renews what the page says of that file)"
	@echo "make format      let ruff put the code in order"
	@echo "make lock        renew the lock files (UPGRADE=1: to the newest versions)"

up:
	@$(PYTHON) scripts/bootstrap.py
	@exec $(RUN) manage.py up $(ARGS)

test: tools
ifeq ($(strip $(ARGS)),)
	@$(PYTEST) -n auto --dist loadfile -m "not alone"; together=$$?; $(PYTEST) -n 3 --dist loadfile -m alone && exit $$together
else
	@exec $(PYTEST) $(ARGS)
endif

guarantees: tools
	@GUARANTEES_LONG=1 GUARANTEES_PAGE=docs/guarantees.md $(PYTEST) $(or $(ONLY),$$(grep -oE '^\|.*' docs/promises.md | grep -oE 'tests/[a-z_/]+\.py' | sort -u)) $(ARGS)

tools:
	@$(PYTHON) scripts/bootstrap.py --dev
	@$(RUN) -m tests.support.tools

check:
	@$(PYTHON) scripts/bootstrap.py --dev
	@$(RUN) scripts/check.py

format:
	@$(PYTHON) scripts/bootstrap.py --dev
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

lock:
	@$(PYTHON) scripts/bootstrap.py --dev
	$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements-uv.lock requirements-uv.in
	$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements.lock requirements.in
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements.lock -o requirements-dev.lock requirements-dev.in
	$(RUN) -m tests.support.tools --lock

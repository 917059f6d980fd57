# `make up` runs the console, `make test` runs its tests; each installs what it needs first.

PYTHON ?= python3
RUN := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
PYTEST := $(RUN) -m pytest
# They wait for half of their time (those alone measure it, so fewer at once); a file stays with one process, in the order of tests/support/groups.py.
SHARED := --dist loadfile --no-loadscope-reorder
# group(name, wrapper, processes, marker): what failed beside others has to pass with the machine to itself; twice is red.
IN = -o cache_dir=.pytest_cache/$(1) -m "$(4)"
group = { $(2) $(PYTEST) $(IN) $(SHARED) -n $(3) || $(2) $(PYTEST) $(IN) -n 0 --last-failed --last-failed-no-failures none; }
ON_POSTGRES := $(RUN) -m tests.support.postgres
ARGS ?=

.PHONY: up test check format messages lock tools wheel guarantees findings help

help:
	@echo "make up          run the console: web and worker, Ctrl-C stops both (DEMO=1 adds three small services)"
	@echo "make test        run all tests (ARGS='tests/lifecycle/workers/queue -x' for some)"
	@echo "make check       ruff, mypy, djlint, migrations, no stray addresses"
	@echo "make guarantees  run the tests of what the README promises in their long form; writes docs/guarantees.md"
	@echo "                 (ONLY=tests/guarantees/test_zoo.py renews what the page says of that file)"
	@echo "make findings    run what was found surprising about outside software again (not part of CI)"
	@echo "make format      let ruff put the code in order"
	@echo "make messages    gather the texts anew and compile the translations"
	@echo "make lock        renew the lock files from pyproject.toml (UPGRADE=1: to the newest versions)"
	@echo "make wheel       build the package to install, into dist/"

up:
	@$(PYTHON) scripts/bootstrap.py
	@exec $(RUN) manage.py up $(ARGS)

test: export PYTHONDONTWRITEBYTECODE =
test: tools
ifeq ($(strip $(ARGS)),)
	@$(call group,together,,4,not alone); together=$$?; \
	$(call group,postgres,$(ON_POSTGRES),4,both_databases); postgres=$$?; \
	$(call group,alone,,3,alone) && exit $$((together + postgres))
else
	@exec $(PYTEST) $(ARGS)
endif

guarantees: tools
	@GUARANTEES_LONG=1 GUARANTEES_PAGE=docs/guarantees.md $(PYTEST) $(or $(ONLY),$$(grep -oE '^\|.*' docs/promises.md | grep -oE 'tests/[a-z_/]+\.py' | sort -u)) $(ARGS)

findings:
	@for one in findings/*.sh; do echo "== $$one"; bash "$$one" || failed="$$failed $$one"; done; test -z "$$failed" || { echo "changed:$$failed"; exit 1; }

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

messages:
	@$(PYTHON) scripts/bootstrap.py --dev
	@$(RUN) -m scripts.messages

wheel:
	@$(PYTHON) scripts/bootstrap.py --dev
	@$(RUN) -m hatchling build -t wheel

lock:
	@$(PYTHON) scripts/bootstrap.py --dev
	$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements-uv.lock --group uv
	$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements.lock pyproject.toml
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements.lock -o requirements-dev.lock pyproject.toml --extra opentelemetry --extra apprise --group dev
	$(LOCK) $(if $(UPGRADE),--upgrade) -o tests/servers/fastmcp3.lock tests/servers/fastmcp3.in
	$(RUN) -m tests.support.tools --lock

# `make` lists the targets. Each sets up what it needs on a machine with Python >= 3.11, make and git.

PYTHON ?=
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
# With it each kcli that a test starts would compile all of its packages anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test quick lint format bench soak build release lock docs site clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml requirements.lock .ci/environment
	@PYTHON="$(PYTHON)" sh .ci/environment
	@touch $@

demo: $(READY)  ## show what Lambda would do with fixtures/batch.json
	@$(BIN)/kcli simulate fixtures/batch.json

# Of their code, and of its branches, the tests run so many percent within themselves: what a command
# does in a process of its own does not count.
PURE := event_source_mapping,following,payloads,picture,putting,recordings,simulation,stream,sweep
COVERED := $(PURE):96 aws:75 cli:52 parts:85 project:92 show:62

test: $(READY)  ## run all tests, with a coverage gate for the pure rooms and each room around them
	$(BIN)/pytest -n auto --dist loadgroup --cov --cov-report= $(TESTS)
	@for rooms in $(COVERED); do \
	    files=$$(echo "$${rooms%:*}" | sed 's#[a-z_]*#kinesis_cli/&/*#g'); \
	    echo "Coverage of $${rooms%:*}, which must be $${rooms#*:} %:"; \
	    $(BIN)/coverage report --include "$$files" --fail-under "$${rooms#*:}" || exit; \
	done

quick: $(READY)  ## run the tests that are not slow: no other tools, languages or servers
	$(BIN)/pytest -n auto --dist loadgroup -m "not slow" $(TESTS)

lint: $(READY)  ## ruff, mypy --strict, the arrows between the rooms, and the declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=lambda_function $(BIN)/lint-imports --no-logo
	$(BIN)/deptry kinesis_cli lambda_function
	$(BIN)/deptry tests benchmarks docs release --ignore DEP002,DEP004  # these may use the tools of `dev`

format: $(READY)  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## measure against the peers; writes benchmarks/results.json
	$(BIN)/python -m benchmarks

soak: $(READY)  ## kill -9, hostile files, all tests on a busy machine, then ten minutes of clients and of load
	KCLI_FLAKE_ROUNDS=20 $(BIN)/pytest -n 0 tests/testing/test_many.py
	KCLI_KILLS=50 KCLI_SOAK_ROUNDS=50 $(BIN)/pytest -k kill tests
	KCLI_EXAMPLES=30 $(BIN)/pytest -n auto --timeout 3600 tests/unit tests/check/test_planted.py
	KCLI_SWEEP_SEEDS=20 KCLI_REPORT_CALLS=1000000 $(BIN)/pytest -n auto --timeout 3600 \
	    tests/unit/sweep tests/unit/show/pictures
	KCLI_POISON_SEEDS=50 $(BIN)/pytest -n 0 tests/e2e/test_find_poison.py
	KCLI_HOSTILE_INPUTS=100000 $(BIN)/pytest -n auto tests/hostile
	KCLI_TESTS_FORK=0 $(BIN)/python tests/beside_load.py -n auto --dist loadgroup
	KCLI_LONG_BUILDS=1 $(BIN)/pytest -n 2 --dist loadgroup tests/clients/test_clients.py \
	    tests/contract/test_nodejs.py
	KCLI_SOAK_SECONDS=$${KCLI_SOAK_SECONDS:-600} $(BIN)/pytest -n 0 -s \
	    tests/clients/test_soak.py
	$(BIN)/python -m benchmarks.soak
	$(BIN)/python -m benchmarks.live_page_soak

build: $(READY)  ## build the wheel and the source distribution into dist/
	$(BIN)/python -m hatchling build

release: $(READY)  ## build what a release consists of into dist/: packages, SBOM, formula, notes
	UV_SYSTEM_CERTS=1 $(BIN)/python release/make_release.py

lock: $(READY)  ## resolve the dependencies anew into requirements.lock
	UV_SYSTEM_CERTS=1 $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --all-extras --group dev \
	    --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

docs: $(READY)  ## make the command line reference, the completions, the rules and the pictures anew
	$(BIN)/python docs/make_cli_reference.py
	PYTHONPATH=. $(BIN)/python docs/make_schemas.py
	$(BIN)/python docs/make_lint_rules.py
	$(BIN)/python docs/make_completions.py
	$(BIN)/python docs/make_screenshot.py
	-$(BIN)/python docs/make_report_picture.py
	-$(BIN)/python docs/make_live_page_pictures.py

site: $(READY)  ## build the documentation as a site, into build/site/site
	$(BIN)/python docs/make_site.py

clean:  ## remove the environment and everything that was built
	rm -rf .venv .venv-* dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage* .hypothesis

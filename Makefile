# Kept: everything there is to do. `make help` lists it. Nothing is installed outside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# ---------------------------------------------------------------- what may be set, as in `make run POLICY=my.toml`

# The Python (3.11 or newer) that the environments are made with.
PYTHON ?= python3
# The policy file that is built in.
POLICY ?= layers/kept/policy.toml
# Anything but empty: `make run` returns when the site is up.
DETACH ?=
# Where `make promises`, `make eval-mail` and `make audit` write what they print; and any more arguments for pytest and for `sam deploy`.
JSON ?=
# The mails that `make eval-mail` looks at.
SAMPLES ?= tests/samples/mail
TEST_ARGS ?=
DEPLOY_ARGS ?=
# The deployed stack whose key `make rotate-key` rotates, and whose seals `make export-seals` exports.
STACK ?= kept
# The moment that `make restore` restores to, as in 2026-11-28T03:00:00Z; anything but empty: it then switches to it.
AT ?=
SWITCH ?=
# What `make verify` checks: a folder of exported seals (unset: the local stack's are exported first), the first and last
# day, the hash that the last day's seal is known to have, the day since which entries are kept; an entry to prove; or a
# file with a proof.
DIR ?=
FROM ?=
TO ?=
HASH ?=
SINCE ?=
ENTRY ?=
PROOF ?=
# What is built for. Unset: this machine, for `make run` and the tests; what the template has, for `make deploy`.
RUNTIME ?=
ARCH ?=
# The folder below .aws-sam/ that `make build` builds into.
BUILD ?= build
# A Python of the runtime's minor version, where none is on PATH. It makes the bytecode.
RUNTIME_PYTHON ?=

# ---------------------------------------------------------------- what follows from it

VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
SAM := .local/tools/sam
MINISTACK := .local/tools/ministack

HOST_RUNTIME = $(shell $(PY) -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
HOST_ARCH = $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

ifeq ($(wildcard $(POLICY)),)
$(error There is no policy file $(POLICY))
endif
SOURCES := infra/template.yaml $(POLICY) requirements/runtime.txt \
	$(shell find functions layers infra/build -type f -not -path '*/__pycache__/*' | sort)
CHECKED := functions infra layers tests

export SAM_CLI_TELEMETRY := 0
export KEPT_POLICY = $(abspath $(POLICY))
export KEPT_RUNTIME_PYTHON = $(RUNTIME_PYTHON)

# ---------------------------------------------------------------- use it

.PHONY: help run stop audit deploy restore rotate-key verify export-seals replay-ledger
help: ## List what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build $(MINISTACK)/.ready ## Start Kept on this machine, with an emulator for AWS (POLICY=file, DETACH=1)
	@DETACH=$(DETACH) $(PY) -m infra.local run

stop: $(VENV)/.ready ## Stop what `make run DETACH=1` started
	@$(PY) -m infra.local stop

audit: build $(MINISTACK)/.ready ## Run the purge audit on the local stack now, and print its report (JSON=file)
	@PYTHONPATH=layers/kept/python $(PY) -m infra.local.audit $(if $(JSON),--json "$(JSON)")

deploy: .aws-sam/release/.built ## Deploy to your AWS account (asks; RUNTIME=, ARCH=, POLICY=, DEPLOY_ARGS=)
	$(SAM)/bin/sam deploy --template-file .aws-sam/release/template.yaml --config-file $(CURDIR)/samconfig.toml \
		--stack-name kept --resolve-s3 --capabilities CAPABILITY_IAM \
		--parameter-overrides $$(awk '{ print "Runtime=" $$1, "Architecture=" $$2 }' .local/build-release.settings) \
		$(if $(wildcard samconfig.toml),,--guided) $(DEPLOY_ARGS)

restore: $(VENV)/.ready ## Restore a deployed stack's tables to a moment (STACK=kept, AT=, JSON=file, SWITCH=yes: use them)
	@PYTHONPATH=layers/kept/python $(PY) -m infra.restore $(STACK) "$(or $(AT),$(error Say to which moment: AT=2026-11-28T03:00:00Z))" \
		$(if $(SWITCH),--switch) $(if $(JSON),--json "$(JSON)")

rotate-key: $(VENV)/.ready ## Put the suppressions of a deployed stack under a new hash key (STACK=kept)
	PYTHONPATH=layers/kept/python $(PY) -m infra.rotate_key $(STACK)

verify: $(VENV)/.ready ## Check the ledger's sealed days, offline (DIR=, FROM=, TO=, HASH=, SINCE=), an ENTRY= or a PROOF=
	@$(if $(DIR)$(PROOF),,PYTHONPATH=layers/kept/python $(PY) -m infra.export_seals local .local/ledger >&2)
	@PYTHONPATH=layers/kept/python $(PY) -m infra.verify $(or $(DIR),$(if $(PROOF),,.local/ledger)) $(if $(FROM),--from $(FROM)) \
		$(if $(TO),--to $(TO)) $(if $(HASH),--hash $(HASH)) $(if $(SINCE),--since $(SINCE)) $(if $(ENTRY),--entry $(ENTRY)) $(if $(PROOF),--proof "$(PROOF)")

export-seals: $(VENV)/.ready ## Write the sealed days of a deployed stack's ledger into a folder (DIR=, STACK=kept)
	PYTHONPATH=layers/kept/python $(PY) -m infra.export_seals $(STACK) $(or $(DIR),$(error Say where to: DIR=folder))

replay-ledger: $(VENV)/.ready ## Have the ledger take the changes that it gave up (STACK=kept, or STACK=local)
	@PYTHONPATH=layers/kept/python $(PY) -m infra.replay_ledger $(STACK)

# ---------------------------------------------------------------- test it

# What shares the deployed template mostly waits for it, so the rest runs beside it.
IN_TWO := --numprocesses 2 --dist loadscope

.PHONY: test test-fast lint types contracts bench eval-mail learn-mail catalogues promises format
test: build $(MINISTACK)/.ready ## Run all tests, those on the deployed template included (TEST_ARGS=)
	$(PY) -m pytest $(IN_TWO) $(TEST_ARGS)

test-fast: $(VENV)/.ready ## Run the tests that need no deployed template (TEST_ARGS=)
	$(PY) -m pytest -m "not e2e" $(IN_TWO) $(TEST_ARGS)

lint: $(VENV)/.ready ## Check style and formatting
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)

format: $(VENV)/.ready ## Put style and formatting right where that is mechanical
	$(VENV)/bin/ruff check --fix $(CHECKED)
	$(VENV)/bin/ruff format $(CHECKED)

types: $(VENV)/.ready ## Check types
	$(VENV)/bin/mypy

contracts: $(VENV)/.ready ## Check who may import whom, and the template
	PYTHONPATH=layers/kept/python $(VENV)/bin/lint-imports
	$(VENV)/bin/cfn-lint

bench: build ## Measure cold and warm CPU against bare botocore; writes .local/bench.json
	$(PY) tests/benchmarks/run.py

eval-mail: $(VENV)/.ready ## Say what each mail of a folder is taken for, and score it (SAMPLES=folder, JSON=file)
	@PYTHONPATH=layers/kept/python $(PY) -m tests.eval_mail "$(SAMPLES)" $(if $(JSON),--json "$(JSON)")

learn-mail: $(VENV)/.ready ## Learn anew what words tell of a mail's intent, from the labelled mails, once they or the phrases have changed
	PYTHONPATH=layers/kept/python $(PY) -m tests.learn_mail $(addprefix tests/samples/,mail variations contrasts opened)

catalogues: $(VENV)/.ready ## Put the sentences that pages have now into the catalogues of translations
	PYTHONPATH=layers/kept/python $(PY) -m infra.build.catalogues

promises: $(VENV)/.ready ## Print which tests keep which promise, and which promises none keeps (JSON=file)
	@$(PY) tests/promises.py $(if $(JSON),--json "$(JSON)")

# ---------------------------------------------------------------- build it

.PHONY: build lock clean FORCE
build: .aws-sam/$(BUILD)/.built ## Build template, layers and functions, with bytecode (BUILD=, POLICY=, RUNTIME=, ARCH=)

lock: $(VENV)/.uv ## Pin the newest versions that requirements/*.in allow, with hashes
	@mkdir -p .local/lock
	@for name in uv runtime dev sam ministack; do \
		echo "Locking $$name"; \
		$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
			--output-file .local/lock/$$name.txt requirements/$$name.in; \
		cmp -s .local/lock/$$name.txt requirements/$$name.txt || cp .local/lock/$$name.txt requirements/$$name.txt; \
	done

clean: ## Delete everything that was made: environments, builds, caches
	rm -rf $(VENV) .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(CHECKED) -name __pycache__ -prune -exec rm -rf {} +

# What a build is for: a name given as RUNTIME= or ARCH=, else the template's defaults for the release, else this machine.
release_or_host = $(if $(filter release,$*),$1,$2)
FOR_RUNTIME = $(or $(RUNTIME),$(call release_or_host,python3.13,$(HOST_RUNTIME)))
FOR_ARCH = $(or $(ARCH),$(call release_or_host,arm64,$(HOST_ARCH)))

.PRECIOUS: .aws-sam/%/.built .local/build-%.settings .local/tools/%/.ready # made on the way to something, and kept
.aws-sam/%/.built: .local/build-%.settings $(SOURCES) $(VENV)/.ready $(SAM)/.ready
	@PYTHONPATH=layers/kept/python $(PY) -m infra.build.policy $(POLICY)
	@read -r runtime architecture _ <$<; echo "Building for $$runtime on $$architecture"; \
	KEPT_RUNTIME=$$runtime KEPT_ARCH=$$architecture \
	$(SAM)/bin/sam build --template-file infra/template.yaml --build-dir $(@D) \
		--parameter-overrides Runtime=$$runtime Architecture=$$architecture >.local/build-$*.log 2>&1 \
		|| { cat .local/build-$*.log >&2; exit 1; }; \
	$(PY) -m infra.build.finish --runtime $$runtime $(@D)
	@touch $@

# Rewritten only when it differs, so that another runtime or policy, or a source that is gone, builds anew.
.local/build-%.settings: FORCE | $(VENV)/.uv
	@mkdir -p .local
	@settings="$(FOR_RUNTIME) $(FOR_ARCH) $(SOURCES)"; \
	[[ -f $@ && "$$(<$@)" == "$$settings" ]] || echo "$$settings" >$@

# ---------------------------------------------------------------- environments

$(VENV)/.ready: $(VENV)/.uv requirements/dev.txt
	@echo "Installing the development environment"
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/uv.txt requirements/dev.txt
	@touch $@

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kept needs Python 3.11 or newer, and $(PYTHON) is not. Name another: make PYTHON=/path/to/python3.13 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	@touch $@

# The SAM CLI and the emulator each pin packages of their own, so each has an environment of its own.
.local/tools/%/.ready: requirements/%.txt | $(VENV)/.uv
	@echo "Installing $*"
	@$(UV) venv --quiet --clear --python $(PY) $(@D)
	@$(UV) pip sync --quiet --python $(@D)/bin/python --require-hashes $<
	@touch $@

# What one types. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

XTASK := cargo run --quiet --locked --package xtask --
# Node 24 is what runners bundle; where the one at hand is older, npm has it as a package.
NODE := target/tools/node24
export PATH := $(CURDIR)/$(NODE)/bin:$(PATH)

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-11s %s\n", $$1, $$2 }'

.PHONY: demo
demo: ## A small service, deployed well, badly and back, on the engine at hand or one of its own
	@tests/demo/demo

.PHONY: demo-clean
demo-clean: ## Remove what the demo left
	@tests/demo/demo clean

.PHONY: test
test: tools ## Every check, then the end-to-end tests: what CI runs
	@$(XTASK) ci
	@$(call script,tests/e2e/run)

.PHONY: test-all
test-all: export CD_TEST_ALL := true
test-all: tools ## The same with all the time it takes: every end-to-end test, long simulations, a build elsewhere
	@$(XTASK) ci
	@$(XTASK) repro
	@$(call script,tests/e2e/run)

.PHONY: kill-matrix
kill-matrix: tools ## Kill a run of each strategy at every call and in every way (an hour and more), into docs/kill-matrix.md
	@tests/e2e/kill-matrix

.PHONY: bench
bench: tools ## What users feel during a deploy, and how fast it starts
	@tests/bench/bench

.PHONY: dist
dist: tools ## Build everything that is built and committed
	@$(XTASK) dist

.PHONY: package
package: tools ## The command line as an npm package and as one file, into target/package
	@[ -d action/node_modules ] || npm --prefix action ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@node action/pack.mjs
	@cd target/package && npm pack ./npm --ignore-scripts --loglevel=error && ls -l cd-action*

.PHONY: generate
generate: tools ## Write what is derived from the Rust types
	@$(XTASK) generate

.PHONY: lint
lint: tools ## The checks that run nothing
	@$(XTASK) ci fmt tidy clippy bans doc npm-lint

# Installs what is missing: the compiler that rust-toolchain.toml names, its targets, and Node 24.
.PHONY: tools
tools: $(NODE)/bin/node
	@rustc --version >/dev/null 2>&1 || rustup toolchain install
	@for component in rustfmt clippy; do \
	  cargo $${component/rust/} --version >/dev/null 2>&1 || rustup component add $$component; \
	done
	@for target in wasm32-unknown-unknown x86_64-unknown-linux-musl; do \
	  [ -d "$$(rustc --print target-libdir --target $$target)" ] || rustup target add $$target; \
	done

$(NODE)/bin/node:
	@if [ "$$(node --print 'process.versions.node.split(".")[0] >= 24')" = true ]; then \
	  from=$$(command -v node); \
	else \
	  package=node-$$(node --print 'process.platform + "-" + process.arch'); \
	  echo "installing $$package, version 24, into $(NODE)"; \
	  npm install --prefix $(NODE) --no-save --no-audit --no-fund --ignore-scripts --loglevel=error $$package@24; \
	  from=$(CURDIR)/$(NODE)/node_modules/$$package/bin/node; \
	fi; \
	mkdir -p $(NODE)/bin; ln -sfn "$$from" $@

# Runs a script of the tests, or says that there is none.
script = if [ -x $(1) ]; then $(1); else echo "$(1) is not there: skipped"; fi

# Two commands for people: `make up` starts a chain and plays a scenario on it, `make test` runs every test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DATA ?= data
PROFILE ?= release

.PHONY: help setup up test bench sim fuzz clean

help: ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Look for what is needed, and install what can be installed
	@./scripts/setup

up: setup ## Build, start one node with all its doors, play golden scenario R1, keep serving
	@echo "building the node (the first time takes 15 to 20 minutes) ..."
	@cargo build --quiet --locked --profile $(PROFILE) --package tributary
	@cargo run --quiet --locked --profile $(PROFILE) --package tributary -- up --data $(DATA)

test: setup ## Every test
	@./scripts/test

bench: setup ## Measure the node on this machine and print the figures
	@cargo build --quiet --locked --release --package tributary
	@cargo run --quiet --locked --release --package tributary -- bench

SEEDS ?= 100
sim: setup ## Run whole networks under mixed trouble on simulated time, one for each of 100 seeds (SEEDS=N: so many)
	@cargo run --quiet --locked --release --package sim -- --seeds $(SEEDS)

fuzz: setup ## Run each fuzz target for a minute
	@./scripts/fuzz

clean: ## Remove the demonstration's data
	@rm -rf $(DATA)

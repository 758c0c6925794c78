# Merak's commands. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: ## Build Merak and serve on ./data, HTTP at 127.0.0.1:8090, gRPC at 127.0.0.1:8091
	cargo run --release --locked -- serve

demo: ## Watch services find each other, with one replica killed on the way
	cargo run --release --locked -- demo --kill micro-pay-1

test: ## Run every test
	cargo test --workspace --locked

trials: ## Test at full size what must hold under load and loss (some minutes)
	cargo test --release --locked -p merak --test end_to_end --test trials -- --ignored --nocapture --test-threads 1

check: ## Check format, lints and generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --locked -p merak-proto --test generated_is_fresh
	cargo test --locked -p merak-http --test openapi_is_fresh

console: ## Build the browser console, which the next build of Merak takes in
	cd console && npm ci --no-audit --no-fund && npm run build

check-console: ## Check types, lints, dead code and the generated client of the console
	cd console && npm ci --no-audit --no-fund && npm run check

test-console: console ## Test the console: its logic, then in a browser against a real server
	cargo build --locked -p merak
	cd console && npm run test:unit && npm run test:browser

screenshots: console ## Picture every page of the console in each theme and language
	cargo build --locked -p merak
	cd console && npm run screenshots

bench: ## Measure registering, heartbeats, pushes, discovery and picks (some minutes)
	cargo run --release --locked -- bench all
	cargo bench --locked -p merak-sdk

generate: ## Write the generated protocol code and openapi.json anew
	UPDATE_GENERATED=1 cargo test --locked -p merak-proto --test generated_is_fresh
	UPDATE_GENERATED=1 cargo test --locked -p merak-http --test openapi_is_fresh

.PHONY: help run demo test trials check console check-console test-console screenshots bench generate

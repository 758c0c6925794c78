# Merak's commands. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: console/dist/index.html ## Build Merak and serve on ./data, HTTP and console at 127.0.0.1:8090, gRPC at 127.0.0.1:8091
	cargo run --release --locked -- serve

demo: ## Watch services find each other, obey rules, and lose a replica
	cargo run --release --locked -- demo

test: test-rust test-console ## Run every test

test-rust: ## Run the tests of the server and the SDK
	cargo test --workspace --locked

trials: ## Test at full size what must hold under load and loss (some minutes)
	cargo test --release --locked -p merak --test end_to_end --test trials --test routing -- --ignored --nocapture --test-threads 1

check: check-console ## Check format, lints, dead code and generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --locked -p merak-proto --test generated_is_fresh
	cargo test --locked -p merak-http --test openapi_is_fresh

console: console/dist/index.html ## Build the browser console, which the next build of Merak takes in

console/dist/index.html: $(shell find console/src console/public console/*.json console/*.html console/*.ts -type f)
	cd console && npm ci && npm run build

check-console: ## Check types, lints, dead code and the generated client of the console
	cd console && npm ci && npm run check

test-console: console chromium ## Test the console: its logic, then in a browser against a real server
	cargo build --locked -p merak
	cd console && npm run test:unit && npm run test:browser

screenshots: console chromium ## Picture every page of the console in each theme and language
	cargo build --locked -p merak
	cd console && npm run screenshots

chromium: # Debian's browser for the tests, and fonts for what it shows
	@command -v chromium >/dev/null || { \
		echo "installing chromium for the console's tests"; \
		sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
		$$sudo apt-get update -q && $$sudo apt-get install -qy --no-install-recommends chromium fonts-noto-cjk; }

bench: ## Measure registering, heartbeats, pushes, discovery and picks (some minutes)
	cargo run --release --locked -- bench all
	cargo bench --locked -p merak-sdk

generate: ## Write the generated protocol code, openapi.json and the console's client anew
	UPDATE_GENERATED=1 cargo test --locked -p merak-proto --test generated_is_fresh
	UPDATE_GENERATED=1 cargo test --locked -p merak-http --test openapi_is_fresh
	cd console && npm ci && npm run generate

.PHONY: help run demo test test-rust trials check console check-console test-console screenshots chromium bench generate

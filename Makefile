# The commands that people repeat. Each is one line of Go, to be run by hand where there is no make.

.PHONY: help generate lint format test ci conformance fuzz bench sweep edits

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

generate: ## renews what is generated: SDKs, the components' schema, the conformance report
	go generate ./...

LINT = go tool -modfile=$(CURDIR)/tools/lint/go.mod golangci-lint

lint: ## golangci-lint with .golangci.yml: imports between rooms, line length, complexity, and more
	$(LINT) run ./...

format: ## gofmt
	gofmt -w $$(git ls-files '*.go' ':!sdks')

test: ## all tests, as the README has it
	go test ./...

ci: ## what must hold before a change lands
	bash .ci/run

conformance: ## asks the embedded Azure for every promise
	go test ./conformance

PACKAGE = ./internal/bridge
TARGET = FuzzRoundTrip
TIME = 3m

fuzz: ## make fuzz PACKAGE=./internal/settings TARGET=FuzzParse TIME=10m; docs/testing.md lists the targets
	go test $(PACKAGE) -run '^$$' -fuzz '^$(TARGET)$$' -fuzztime $(TIME) -fuzzminimizetime 10x -parallel 1

ARGS =

bench: ## make bench ARGS='-sizes dev,10 -rounds 3'; docs/performance.md
	go run ./bench $(ARGS)

sweep: ## make sweep ARGS='-sample 200 -seed 1'; docs/sweep.md
	go run ./tests/sweep $(ARGS)

edits: ## make edits ARGS='-steps 2000 -seed 1'; docs/edits.md
	go run -C tests/edits . $(ARGS)

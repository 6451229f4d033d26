# make help lists what there is.
GO ?= go
TEST_TIMEOUT ?= 10m
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help build run test needs vet staticcheck lint bench clean

help: ## List the targets.
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/faultline.
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/faultline ./cmd/faultline

run: build ## Build and serve (flags: ARGS="--listen …").
	./bin/faultline serve $(ARGS)

# The race detector needs cgo and a C compiler; the tests need a real Redis.
test: needs vet staticcheck ## Install what is missing, check, and run every test.
	CGO_ENABLED=1 $(GO) test -race -timeout $(TEST_TIMEOUT) ./...

needs: ## Install redis-server, a Chromium and a C compiler if they are missing.
	@sh script/needs

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

lint: vet staticcheck ## Check form and habits; golangci-lint too if it is installed.
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	@if command -v golangci-lint >/dev/null 2>&1; then golangci-lint run ./...; \
	else echo "golangci-lint is not installed: left out"; fi

bench: ## Measure (BENCH="replay --json" for one group, as JSON).
	$(GO) run ./bench $(BENCH)

clean: ## Remove what build made.
	rm -rf bin

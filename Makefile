# make help lists what there is.
GO ?= go
# A package's limit ends a test that hangs. It is far above what a slow machine needs.
TEST_TIMEOUT ?= 40m
CHECK_TIMEOUT ?= 60m
BENCH ?=
ACCURACY ?=

.DEFAULT_GOAL := help
.PHONY: help build run test check race quick needs vet lint docs replays contract release reproducible bench profile sim reliability controls kills attack brigade scale fuzz accuracy ablation calm mutate clean

help: ## List the targets.
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/faultline.
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/faultline ./cmd/faultline

# The drill needs nothing but Go: it runs on a store in memory. Its binary is built as
# the tests are, without the profile, so that make run and make test compile each
# package once between them.
LISTEN ?= 127.0.0.1:8080
run: ## Build, play the outage of 8 June 2021 at 60 times its speed, and say which address to open.
	@CGO_ENABLED=0 sh script/build -pgo=off -o bin/faultline ./cmd/faultline
	@echo "Faultline: open http://$(LISTEN) (the outage begins in ten seconds; Ctrl-C ends it)"
	@./bin/faultline serve --drill fastly-2021-06-08 --speed 60 --listen $(LISTEN) --base-url http://$(LISTEN) --log-level warn --log-format text $(ARGS)

# One compile of everything: no profile and no cgo, in vet, in the tests and in the
# program that the tests build. The tests need a real Redis, a Chromium and Python 3.
test: needs vet ## Install what is missing, vet, and run the tests of every package: the everyday run.
	CGO_ENABLED=0 $(GO) test -pgo=off -vet=off -timeout $(TEST_TIMEOUT) ./...
	@sh script/left-to-check

# Two runs with the tests that make test leaves out. What has goroutines is run with the race
# detector, which needs cgo and a C compiler and makes a program five to twenty times slower.
# Without it run a search for lies and a table of ablations, which compute for minutes and
# share nothing between goroutines but a queue of work, and what starts processes and
# browsers: the goroutines of those stand in node and below. runs_race_test.go holds the
# lists against the code; make check RACE=./... leaves nothing out and takes an hour.
RACE = . ./api/... ./board/... ./dump ./ingest/... ./node ./record ./replica ./store/... ./task ./tlsfiles/... ./trace/... ./web
PLAIN = ./bench/accuracy ./bench/attack ./bench/sim ./cmd/faultline ./docs/replays
check: needs lint race ## Lint, and what make test leaves out: the race detector, kills, agents, all languages, the documents' commands, what a lie costs.
	CGO_ENABLED=0 $(GO) test -pgo=off -vet=off -tags check -timeout $(CHECK_TIMEOUT) $(PLAIN)

race: needs ## The race detector over what has goroutines: a part of make check.
	CGO_ENABLED=1 $(GO) test -pgo=off -vet=off -race -tags check -timeout $(CHECK_TIMEOUT) $(RACE)

# What go test has cached is not run again, so most changes take some seconds.
quick: vet ## Vet and the tests that take seconds, for the loop of work.
	CGO_ENABLED=0 $(GO) test -pgo=off -vet=off $$($(GO) list ./... | grep -vE '/(cmd/faultline|bench|docs/gen|scenario)(/|$$)')

needs: ## Install redis-server, a Chromium, a C compiler and Python 3 if they are missing.
	@sh script/needs

vet:
	CGO_ENABLED=0 $(GO) vet -pgo=off ./...

# Tools have a module of their own, so that who scans go.mod sees what the program is
# made of and nothing else. The first lint compiles golangci-lint: some two minutes.
TOOL = $(GO) tool -modfile=script/tools/go.mod
lint: vet ## Check form and habits with golangci-lint, at the version that script/tools/go.mod pins.
	CGO_ENABLED=0 GOFLAGS="$$GOFLAGS -pgo=off" $(TOOL) golangci-lint run ./...

docs: ## Write the OpenAPI document again, with examples from a drill.
	$(GO) generate ./docs

REPLAY ?=
replays: ## Replay the outages of the past, and write the recordings and docs/replays.md: a minute (REPLAY=dyn-2016-10-21 for one).
	$(GO) run ./docs/replays $(REPLAY)

# Node is needed here and nowhere else, and Go modules of generators are downloaded.
REDOCLY = npx --yes @redocly/cli@2.77.0
contract: build ## Compare the API with its document, with generated clients; lint the document (needs Node).
	$(GO) test ./docs/...
	sh script/contract
	REDOCLY_TELEMETRY=off $(REDOCLY) lint --config docs/redocly.yaml docs/openapi.json

# The version is that of the tag: git tag -a v0.1.0 -F docs/releases/v0.1.0.md, then make release VERSION=v0.1.0.
VERSION ?= v0.1.0
DIST ?= dist
release: ## Build a release for five platforms, with SBOM and checksums, into dist (VERSION=v0.1.0): some ten minutes.
	@sh script/release $(VERSION) $(DIST)

reproducible: ## Build the newest commit twice and compare the bytes: some five minutes.
	@sh script/reproducible

bench: ## Measure (BENCH="replay --json" for one group, as JSON).
	$(GO) run ./bench $(BENCH)

scale: needs ## Check 100,000 sites once a minute from twelve vantages, through API, log and fold: some minutes.
	$(GO) run ./bench scale

# The compiler reads default.pgo by itself (https://go.dev/doc/pgo): a replay takes a twelfth less.
profile: ## Record again the CPU profile that the compiler uses.
	cd bench && $(GO) test -run '^$$' -bench '^BenchmarkReplay$$' -benchtime 1x -cpu 1 -cpuprofile ../cmd/faultline/default.pgo -o /dev/null

# make test runs the first sixty, and plants each mistake (go run ./bench/sim -mutants).
SEEDS ?= 2000
sim: ## Run 2,000 deployments from seeds, with crashes, failovers and wrong clocks: a minute (SEEDS=100 for fewer).
	$(GO) run ./bench/sim -seeds $(SEEDS)

ONLY ?=
reliability: needs ## Measure what docs/reliability.md says: a line of JSON for each figure, some 15 minutes (ONLY="sim" for one).
	$(GO) run ./bench/reliability -only "$(ONLY)"

controls: needs ## Switch each defence off, and see that its test goes red (ONLY="fence" for some).
	$(GO) run ./bench/reliability -controls -only "$(ONLY)"

# make check kills some two dozen times; this is the whole claim. Linux, some fifteen minutes.
KILLS ?= 200
ACKNOWLEDGED ?= 1000000
kills: ## Kill nodes and Redis 200 times while a million reports and probes are acknowledged, un-fsynced bytes dropped: nothing may be lost.
	KILLS=$(KILLS) ACKNOWLEDGED=$(ACKNOWLEDGED) $(GO) test -count=1 -tags check -timeout 40m -v -run TestKills ./cmd/faultline

# An hour or more for all of it: ATTACK="--goals confirmed,innocent --liars 0 -v" for a part.
ATTACK ?= --save docs/method.md
attack: ## Find how few false reporters can cause each false result, and write the table into docs/method.md.
	$(GO) run ./bench/attack $(ATTACK)

# make test plays three hours of it.
brigade: ## A few people too many for 14 days: nothing comes of it, and an outage after it is found as ever.
	FORTNIGHT=336h $(GO) test -count=1 -timeout 60m -v -run TestAbuse_A4_Fortnight ./bench/attack

FUZZ ?= 60s
fuzz: ## Fuzz each target for a minute (FUZZ=10s for less).
	@for target in ingest:FuzzNormalise api:FuzzReportBody api:FuzzProbeBatch api:FuzzForwarded api:FuzzAlertmanager \
		api:FuzzUptimeKuma api:FuzzGatus store:FuzzDecode ingest/replay:FuzzDecode; do \
		$(GO) test "./$${target%%:*}" -run '^$$' -fuzz "^$${target##*:}$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x || exit 1; \
	done

accuracy: ## Play random outages, score the engine and its peers (ACCURACY="--seeds tuning --json").
	$(GO) run ./bench/accuracy --commit "$$(git describe --always --dirty 2>/dev/null || echo unknown)" $(ACCURACY)

ablation: ## What each part of the method is worth: the engine without it, on the same scenarios (PART="handover" for one).
	$(GO) run ./bench/accuracy --without "$(PART)" --scenarios 100 --seeds tuning --commit "$$(git describe --always --dirty 2>/dev/null || echo unknown)" $(ACCURACY)

calm: ## Four weeks in which nothing fails, at 20,000 sites: which incidents are published all the same (half an hour).
	$(GO) run ./bench/accuracy --quiet --commit "$$(git describe --always --dirty 2>/dev/null || echo unknown)" $(ACCURACY)

# Hours for all of it: MUTATE="-E screen.go -E own.go" leaves files out, MUTATE="-D main" takes what has changed,
# PACKAGES="./ingest ./replica" takes other packages, one after another. Each of them must pass by itself.
PART ?= all
MUTATE ?=
PACKAGES ?= ./correlate
mutate: ## Break the engine in two thousand places: its tests must notice four of five (MUTATE="-D main" for a change).
	@for package in $(PACKAGES); do GOFLAGS=-vet=off $(TOOL) gremlins unleash $(MUTATE) "$$package" || exit 1; done

clean: ## Remove what build made.
	rm -rf bin

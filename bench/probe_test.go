package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets this program be the target of checks, as bench itself is.
func TestMain(m *testing.M) {
	if isTarget() {
		if err := serveTarget(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestChecksAreMadeAndCounted(t *testing.T) {
	target, err := startTarget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			target.stop()
		}
	}()
	r, err := newProbeRun(target)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]func(context.Context) (float64, error){
		"http": r.ours(false), "https": r.ours(true), "dns": r.lookup,
		"http.Client": r.client(false), "http.Client TLS": r.client(true), "net.Resolver": r.goLookup,
	}
	for name, run := range modes {
		if us, err := run(t.Context()); err != nil || us <= 0 {
			t.Errorf("%s: %g, %v", name, us, err)
		}
	}
	target.stop()
	stopped = true
	// A check that failed must not count as a cheap one.
	if _, err := modes["http"](t.Context()); err == nil || !strings.Contains(err.Error(), "void") {
		t.Errorf("without a target: %v", err)
	}
}

// TestTheCorpusIsReadAsABrowserReadsIt: the figure names what is not.
func TestTheCorpusIsReadAsABrowserReadsIt(t *testing.T) {
	f, err := measureCorpus(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !f.OK || f.Detail["limit_wrong"].(int) == 0 {
		t.Errorf("%+v", f)
	}
	t.Log(f.Detail)
}

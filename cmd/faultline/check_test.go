package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"faultline/board"
)

// answering is a server that says of every stack the same.
func answering(t *testing.T, state board.StackState) string {
	t.Helper()
	answer := map[string]any{
		"verdict": board.StackVerdict{State: state, Total: 2, Sentence: "One sentence."},
		"things": []board.StackThing{{Kind: "provider", ID: "fastly", State: state, Incidents: []string{"inc_1"}},
			{Kind: "site", ID: "bbc.co.uk", State: board.StackOK}},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("of") == "nobody" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCheckEndsAsAPipelineNeeds(t *testing.T) {
	for _, test := range []struct {
		state  board.StackState
		failOn string
		code   int
	}{
		{board.StackOK, "unknown", 0}, {board.StackUnknown, "confirmed", 0},
		{board.StackUnknown, "unknown", exitFailing},
		{board.StackSuspected, "confirmed", 0}, {board.StackSuspected, "suspected", exitFailing},
		{board.StackRecovering, "suspected", exitFailing}, {board.StackFailing, "confirmed", exitFailing},
	} {
		var out, said bytes.Buffer
		code := run(t.Context(), []string{"check", "--url", answering(t, test.state), "--of", "fastly,bbc.co.uk",
			"--fail-on", test.failOn}, world{stdout: &out, stderr: &said})
		if code != test.code || !strings.HasPrefix(out.String(), "One sentence.\n") || said.Len() > 0 {
			t.Errorf("%s, --fail-on %s: exit %d, %q %q", test.state, test.failOn, code, out.String(), said.String())
		}
		if named := strings.Contains(out.String(), "fastly inc_1"); named != (test.state != board.StackOK) {
			t.Errorf("%s: %q", test.state, out.String())
		}
	}
	for _, args := range [][]string{{"--of", "nobody"}, {}, {"--of", "aws", "--fail-on", "never"}} {
		var out, said bytes.Buffer
		args = append([]string{"check", "--url", answering(t, board.StackOK)}, args...)
		if code := run(t.Context(), args, world{stdout: &out, stderr: &said}); code != exitUsage || said.Len() == 0 {
			t.Errorf("%v: exit %d, %q", args, code, said.String())
		}
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"check", "--url", "http://127.0.0.1:1", "--of", "aws"},
		world{stdout: &out, stderr: &said}); code != exitFailed {
		t.Errorf("nobody listens: exit %d", code)
	}
}

// A client of the protocol's own library talks to the program on its standard input.
func TestMCPOnStandardInput(t *testing.T) {
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	command := exec.Command(program, "mcp", "--url", answering(t, board.StackFailing))
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.CallTool(t.Context(),
		&mcp.CallToolParams{Name: "verdict", Arguments: map[string]any{"name": "fastly"}})
	if err != nil || got.IsError || !strings.Contains(got.Content[0].(*mcp.TextContent).Text, "One sentence.") {
		t.Errorf("%v %+v", err, got)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
}

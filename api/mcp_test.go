package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// assistant is a client of the protocol's own library, connected to a node.
func assistant(t *testing.T, n *node) *mcp.ClientSession {
	t.Helper()
	server := httptest.NewServer(n.engine)
	t.Cleanup(server.Close)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: server.URL + "/mcp"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func TestAssistantsAskWhetherItIsDown(t *testing.T) {
	n := stackNode(t)
	session := assistant(t, n)
	id := incident(0, 1, 2).ID
	for _, test := range []struct {
		tool string
		with map[string]any
		want string
	}{
		{"verdict", map[string]any{"name": "aws"}, "AWS is not known to be failing."},
		{"verdict", map[string]any{"name": "fastly"}, "Fastly is failing, since 09:47 UTC."},
		{"stack", map[string]any{"of": []string{"fastly", "well0.example"}},
			"1 of your 2 is failing, because of Fastly"},
		{"incidents", nil, id},
		{"incidents", map[string]any{"of": "aws", "state": "open,resolved", "limit": 3}, `"incidents":[]`},
		{"incident", map[string]any{"id": id}, `"alternatives":[{"component":"asn:AS54113"`},
		{"incident", map[string]any{"id": id, "revision": 1}, `"revision":1`},
		{"provider", map[string]any{"name": "Fastly"}, `"slug":"fastly"`},
		{"search", map[string]any{"q": "well"}, "well0.example"},
		{"coverage", nil, `"observing"`},
	} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: test.tool, Arguments: test.with})
		if err != nil || got.IsError || got.StructuredContent == nil {
			t.Errorf("%s %v: %v %+v", test.tool, test.with, err, got)
			continue
		}
		if text := got.Content[0].(*mcp.TextContent).Text; !strings.Contains(text, test.want) {
			t.Errorf("%s %v: no %s in %s", test.tool, test.with, test.want, text)
		}
	}
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 7 {
		t.Fatalf("tools: %v %v", tools, err)
	}
	for _, tool := range tools.Tools {
		if !tool.Annotations.ReadOnlyHint || tool.Description == "" {
			t.Errorf("%s is not said to read alone", tool.Name)
		}
	}
}

// What an assistant asks wrongly is said to it in words, as an error of the tool.
func TestAssistantsAreToldWhatIsWrong(t *testing.T) {
	session := assistant(t, stackNode(t))
	for _, test := range []struct {
		tool string
		with map[string]any
		want string
	}{
		{"verdict", map[string]any{"name": "nobody"}, "names nothing that we know"},
		{"incident", map[string]any{"id": "inc_0"}, "search may find"},
		{"incidents", map[string]any{"state": "broken"}, "must be candidate"},
		{"provider", map[string]any{"name": "nobody"}, "search may find"},
	} {
		got, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: test.tool, Arguments: test.with})
		if err != nil || !got.IsError || !strings.Contains(got.Content[0].(*mcp.TextContent).Text, test.want) {
			t.Errorf("%s %v: %v %+v", test.tool, test.with, err, got)
		}
	}
}

// Assistants count as readers do, and a page of another site can't ask for them.
func TestAssistantsKeepTheLimits(t *testing.T) {
	n := stackNode(t)
	r := request{method: http.MethodPost, path: "/mcp",
		body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`,
		header: map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"Origin": "https://elsewhere.example"}}
	wantProblem(t, n.do(r), http.StatusForbidden)
	delete(r.header, "Origin")
	if w := n.do(r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"verdict"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := n.get("/mcp"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	r.body = strings.Repeat(" ", maxMCPBody+1)
	if w := n.do(r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", w.Code)
	}
}

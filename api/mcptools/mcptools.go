// Package mcptools offers what Faultline knows to assistants, by the Model Context
// Protocol (modelcontextprotocol.io).
//
// What belongs here: the tools, what each is for, and which address of the API answers
// it. What does not: how the API is reached (its callers), what answers look like
// (package api), and judgement. Every tool reads; none changes anything.
package mcptools

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"faultline"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Read answers a GET of a path of the API with the JSON of a success, or fails with an
// error that says what the API refused.
type Read func(ctx context.Context, path string, query url.Values) ([]byte, error)

// listed are the members of incidents that the tool of the list gives: enough to choose
// one by, for a reader that pays for each word.
const listed = "id,state,headline,cause,onset,impact,confirmed_at,resolved_at,updated_at"

// instructions tell an assistant how to answer with what it reads here.
const instructions = "Faultline says which shared infrastructure of the internet is failing now and which sites that " +
	"takes down. To answer whether something is down, call verdict, and for several things stack: their answer holds " +
	"a sentence. Only state confirmed is an established outage; candidate and suspected are reports that no probe " +
	"has confirmed. Unknown means that nothing was observed: never report it as working. Times are UTC."

// schemas are the same for all servers.
var schemas = mcp.NewSchemaCache()

type nameInput struct {
	Name string `json:"name" jsonschema:"a site, a provider or a component, such as reddit.com, aws or cdn:fastly"`
}

type incidentsInput struct {
	State    string `json:"state,omitempty" jsonschema:"open, candidate, confirmed, recovering or resolved; several with commas; open unless said"`
	Of       string `json:"of,omitempty" jsonschema:"only those that concern these sites, providers or components, with commas between them"`
	Provider string `json:"provider,omitempty" jsonschema:"only those caused by what this provider runs"`
	Limit    int    `json:"limit,omitempty" jsonschema:"at most so many, 1 to 50; 10 unless said"`
}

type incidentInput struct {
	ID       string `json:"id" jsonschema:"inc_…"`
	Revision int    `json:"revision,omitempty" jsonschema:"an earlier revision, from 1 on; the last unless said"`
}

type stackInput struct {
	Of []string `json:"of" jsonschema:"what somebody depends on: at most 200 sites, providers or components"`
}

type searchInput struct {
	Q string `json:"q" jsonschema:"what somebody calls a site, a provider or a component"`
}

type nothing struct{}

// NewServer returns a server of the tools, which answer with what read reads.
func NewServer(version string, read Read) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "faultline", Title: "Faultline", Version: version},
		&mcp.ServerOptions{Instructions: instructions, SchemaCache: schemas, Capabilities: &mcp.ServerCapabilities{}})
	add(s, read, "verdict",
		"Is it down? Says of one site, provider or component whether it is failing, since when and "+
			"because of what.", func(in nameInput) (string, url.Values) {
			return "/v1/stack", url.Values{"of": {in.Name}}
		})
	add(s, read, "stack",
		"Says of a list of sites, providers and components which are failing, because of what, and "+
			"which are not observed.", func(in stackInput) (string, url.Values) {
			return "/v1/stack", url.Values{"of": {strings.Join(in.Of, ",")}}
		})
	add(s, read, "incidents", "Lists outages, the newest first.", incidentsPath)
	add(s, read, "incident",
		"Gives one outage: cause, evidence, alternatives, what its provider says, and its first 20 sites.",
		func(in incidentInput) (string, url.Values) {
			path := "/v1/incidents/" + url.PathEscape(in.ID)
			if in.Revision > 0 {
				path += "/revisions/" + strconv.Itoa(in.Revision)
			}
			return path, nil
		})
	add(s, read, "provider", "Gives one provider: what it runs, what of it fails, which sites depend on it.",
		func(in nameInput) (string, url.Values) { return "/v1/providers/" + url.PathEscape(in.Name), nil })
	add(s, read, "search", "Finds sites, providers and components by what people call them.",
		func(in searchInput) (string, url.Values) { return "/v1/search", url.Values{"q": {in.Q}} })
	add(s, read, "coverage",
		"Says what can be said at all just now: how many sites and vantages observe, and how many "+
			"outages are open.", func(nothing) (string, url.Values) { return "/v1/summary", nil })
	return s
}

func incidentsPath(in incidentsInput) (string, url.Values) {
	query := url.Values{"fields": {listed}, "state": {"open"}, "limit": {"10"}}
	for key, value := range map[string]string{"state": in.State, "of": in.Of, "provider": in.Provider} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if in.Limit > 0 {
		query.Set("limit", strconv.Itoa(min(in.Limit, 50)))
	}
	return "/v1/incidents", query
}

// add adds a tool that answers with the JSON of one address.
func add[In any](s *mcp.Server, read Read, name, say string, ask func(In) (string, url.Values)) {
	tool := &mcp.Tool{Name: name, Description: say,
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: new(false)}}
	mcp.AddTool(s, tool, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
		path, query := ask(in)
		body, err := read(ctx, path, query)
		if errors.Is(err, faultline.ErrNotFound) {
			err = errors.New("there is nothing by that name; search may find what is meant")
		}
		if err != nil {
			return nil, nil, err
		}
		var structured map[string]any
		if err := json.Unmarshal(body, &structured); err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(body)}}}, structured, nil
	})
}

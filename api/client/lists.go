package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"faultline"
)

// IncidentRef is an incident in short.
type IncidentRef struct {
	ID        string                  `json:"id"`
	Revision  int                     `json:"revision"`
	State     faultline.IncidentState `json:"state"`
	Title     string                  `json:"title"`
	Component *faultline.Component    `json:"component"` // nil: unattributed
	Onset     time.Time               `json:"onset"`
	Failing   int                     `json:"failing"`
	Observed  int                     `json:"observed"`
	UpdatedAt time.Time               `json:"updated_at"`
	URL       string                  `json:"url"`
}

// Component is how a piece of infrastructure does.
type Component struct {
	Component  faultline.Component `json:"component"`
	Kind       string              `json:"kind"`
	Name       string              `json:"name"`
	State      faultline.SiteState `json:"state"`
	Failing    int                 `json:"failing"`
	Observed   int                 `json:"observed"`
	SitesTotal int                 `json:"sites_total"` // that depend on it
	// Incidents that it is the cause of, newest first; a list leaves them out.
	Incidents []IncidentRef `json:"incidents"`
}

// Provider is who runs components, and what of it is failing.
type Provider struct {
	Slug       string              `json:"slug"`
	Name       string              `json:"name"`
	State      faultline.SiteState `json:"state"`
	SitesTotal int                 `json:"sites_total"` // that depend on what it runs
	URL        string              `json:"url"`
	// Components and Incidents are what it runs and what fails of it; a list leaves them out.
	Components []Component   `json:"components"`
	Incidents  []IncidentRef `json:"incidents"`
}

// Revision says when a revision of an incident was published, and what it changed.
type Revision struct {
	Revision  int                     `json:"revision"`
	At        time.Time               `json:"at"`
	State     faultline.IncidentState `json:"state"`
	Title     string                  `json:"title"`
	Component *faultline.Component    `json:"component"` // nil: unattributed
	Failing   int                     `json:"failing"`
	Observed  int                     `json:"observed"`
	Changed   []string                `json:"changed"` // members of the incident; of the first one all
	URL       string                  `json:"url"`
}

// Thing is one thing of a stack.
type Thing struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"` // site, provider, component or unknown
	Name      string     `json:"name"`
	State     string     `json:"state"`
	Covered   bool       `json:"covered"` // false: it is on none of the server's lists
	Since     *time.Time `json:"since"`   // when it began to fail; nil: it does not
	Incidents []string   `json:"incidents"`
}

// Stack is how the things that somebody depends on do.
type Stack struct {
	Meta    Meta `json:"meta"`
	Verdict struct {
		State    string     `json:"state"` // the worst of the things
		Sentence string     `json:"sentence"`
		Total    int        `json:"total"`
		Failing  int        `json:"failing"`
		Unknown  int        `json:"unknown"`
		Since    *time.Time `json:"since"` // nil: nothing fails
	} `json:"verdict"`
	Of        string        `json:"of"` // the list in its usual form, for every filter of
	Things    []Thing       `json:"things"`
	Incidents []IncidentRef `json:"incidents"` // the open ones, newest onset first
}

// Reported is the answer to a report.
type Reported struct {
	Site     string       `json:"site"`
	At       time.Time    `json:"at"`
	Counted  bool         `json:"counted"` // false: a repeat, or a site that is not known yet
	Durable  bool         `json:"durable"`
	Reports  int          `json:"reports"` // by others in the last ten minutes
	Incident *IncidentRef `json:"incident"`
}

// Sites yields how each site does that the query chooses, page by page: its keys are those of
// /v1/sites, such as state, component and q. It ends with the first error.
func (c *Client) Sites(ctx context.Context, query url.Values) iter.Seq2[faultline.SiteStatus, error] {
	return list[faultline.SiteStatus](ctx, c, "/v1/sites", "sites", query)
}

// Components yields how each component does, in the same way.
func (c *Client) Components(ctx context.Context, query url.Values) iter.Seq2[Component, error] {
	return list[Component](ctx, c, "/v1/components", "components", query)
}

// Providers yields how each provider does, in the same way.
func (c *Client) Providers(ctx context.Context, query url.Values) iter.Seq2[Provider, error] {
	return list[Provider](ctx, c, "/v1/providers", "providers", query)
}

// Revisions yields the history of an incident, the last revision first.
func (c *Client) Revisions(ctx context.Context, id string) iter.Seq2[Revision, error] {
	return list[Revision](ctx, c, "/v1/incidents/"+url.PathEscape(id)+"/revisions", "revisions", nil)
}

// list yields the items of a list that has pages. It follows the cursor of each answer
// until there is none.
func list[T any](ctx context.Context, c *Client, path, member string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		asked := url.Values{}
		for key, values := range query {
			asked[key] = values
		}
		for {
			items, next, err := listPage[T](ctx, c, path, member, asked)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			asked.Set("cursor", *next)
		}
	}
}

// listPage reads one page: its items, and the cursor of the next one or nil.
func listPage[T any](ctx context.Context, c *Client, path, member string, query url.Values) ([]T, *string, error) {
	var page map[string]json.RawMessage
	if err := c.get(ctx, path, query, &page); err != nil {
		return nil, nil, err
	}
	var items []T
	var next *string
	if err := json.Unmarshal(page[member], &items); err != nil {
		return nil, nil, err
	}
	if raw := page["next"]; raw != nil {
		if err := json.Unmarshal(raw, &next); err != nil {
			return nil, nil, err
		}
	}
	return items, next, nil
}

// IncidentSites returns all sites of an incident.
func (c *Client) IncidentSites(ctx context.Context, id string) ([]faultline.IncidentSite, error) {
	var answer struct{ Sites []faultline.IncidentSite }
	return answer.Sites, c.get(ctx, "/v1/incidents/"+url.PathEscape(id)+"/sites", nil, &answer)
}

// Component says how a component does, such as cdn:fastly.
func (c *Client) Component(ctx context.Context, of faultline.Component) (Component, error) {
	var answer Component
	return answer, c.get(ctx, "/v1/components/"+of.Path(), nil, &answer)
}

// Provider says how a provider does, by its slug.
func (c *Client) Provider(ctx context.Context, slug string) (Provider, error) {
	var answer Provider
	return answer, c.get(ctx, "/v1/providers/"+url.PathEscape(slug), nil, &answer)
}

// Stack says how the things do that somebody depends on: sites, providers and components, as
// people name them.
func (c *Client) Stack(ctx context.Context, of ...string) (Stack, error) {
	var answer Stack
	return answer, c.get(ctx, "/v1/stack", url.Values{"of": {strings.Join(of, ",")}}, &answer)
}

// Report says that a site does not work for the person who runs this; symptom may be empty.
func (c *Client) Report(ctx context.Context, site, symptom string) (Reported, error) {
	body, err := json.Marshal(map[string]string{"site": site, "symptom": symptom})
	if err != nil {
		return Reported{}, err
	}
	var answer Reported
	return answer, c.change(ctx, http.MethodPost, "/v1/reports", body, http.StatusAccepted, &answer)
}

// Get reads an address of the API that has no method here, such as /v1/scorecard, into the
// value that v points to.
func (c *Client) Get(ctx context.Context, path string, query url.Values, v any) error {
	return c.get(ctx, path, query, v)
}

// Send makes a request that changes something, such as POST to /v1/webhooks: in is sent as JSON,
// nil: nothing; an answer with the status want is read into the value that out points to, nil:
// not at all.
func (c *Client) Send(ctx context.Context, method, path string, in any, want int, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	return c.change(ctx, method, path, body, want, out)
}

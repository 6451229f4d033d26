package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"faultline"
	"faultline/api/client"
)

// serve answers as the API does, with canned bodies.
func serve(t *testing.T, answers map[string]string) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, known := answers[r.URL.RequestURI()]
		if !known {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusNotFound)
			body = `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing.",` +
				`"errors":[{"parameter":"x","detail":"is odd"}]}`
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL+"/", client.WithToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReads(t *testing.T) {
	const filter = "kind=cdn&limit=1&min_confidence=0.5&since=2021-06-08T09%3A00%3A00Z&state=open"
	c := serve(t, map[string]string{
		"/v1/incidents?" + filter:            `{"meta":{},"incidents":[{"id":"inc_2"}],"next":"abc"}`,
		"/v1/incidents?cursor=abc&" + filter: `{"incidents":[{"id":"inc_1"}],"next":null}`,
		"/v1/incidents/inc_1/revisions/3":    `{"meta":{},"id":"inc_1","revision":3}`,
		"/v1/sites/bbc.co.uk":                `{"site":"bbc.co.uk","state":"down"}`,
		"/v1/verdict?site=bbc.co.uk":         `{"site":"bbc.co.uk","blame":"provider"}`,
		"/v1/components/cloud/aws~us-east-1/series?step=60": `{"of":"cloud:aws/us-east-1",` +
			`"step_s":60,"points":[{"reports":3}]}`,
		"/v1/sites/bbc.co.uk/series?step=300&until=2021-06-08T10%3A00%3A00Z": `{"left_out":true,"points":[]}`,
	})
	ctx := t.Context()
	var ids []string
	for inc, err := range c.Incidents(ctx,
		client.Query{States: []string{"open"}, Kind: "cdn", MinConfidence: 0.5, Limit: 1,
			Since: time.Date(2021, 6, 8, 9, 0, 0, 0, time.UTC)}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, inc.ID)
	}
	if fmt.Sprint(ids) != "[inc_2 inc_1]" {
		t.Errorf("%v", ids)
	}
	if inc, err := c.Incident(ctx, "inc_1", 3); err != nil || inc.Revision != 3 {
		t.Errorf("%+v %v", inc, err)
	}
	if s, err := c.Site(ctx, "bbc.co.uk"); err != nil || s.State != faultline.SiteDown {
		t.Errorf("%+v %v", s, err)
	}
	if v, err := c.Verdict(ctx, "bbc.co.uk"); err != nil || v.Blame != faultline.BlameProvider {
		t.Errorf("%+v %v", v, err)
	}
	if s, err := c.Series(ctx, "cloud:aws/us-east-1", 60, time.Time{}, time.Time{}); err != nil || len(s.Points) != 1 {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := c.Series(ctx, "bbc.co.uk", 300, time.Time{}, time.Date(2021, 6, 8, 10, 0, 0, 0, time.UTC)); !errors.Is(
		err,
		faultline.ErrUnavailable,
	) {
		t.Errorf("a series that was left out: %v", err)
	}
	var p *client.Problem
	if _, err := c.Site(ctx, "nobody.example"); !errors.As(err, &p) || !errors.Is(err, faultline.ErrNotFound) ||
		p.RetryAfter != 3*time.Second ||
		len(p.Errors) != 1 {
		t.Errorf("%v", err)
	}
}

// A stream that breaks is resumed behind what was read.
func TestWatchResumes(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, last := opened.Add(1), r.Header.Get("Last-Event-ID")
		switch {
		case n == 1 && last == "" && r.URL.RawQuery == "kind=cdn&snapshot=1":
			fmt.Fprint(
				w,
				"retry: 2000\n\n:\n\nevent: incident\ndata: {\"id\":\"inc_1\",\ndata: \"revision\":1}\n\nid: 7-1\n\n",
			)
		case n == 2 && last == "7-1" && r.URL.RawQuery == "kind=cdn":
			fmt.Fprint(
				w,
				"id: 9-1\nevent: incident\ndata: {\"id\":\"inc_1\",\"revision\":2}\n\nevent: reset\ndata: {}\nid: "+
					"12-1\n\n",
			)
		default:
			t.Errorf("request %d: %s behind %q", n, r.URL.RawQuery, last)
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	var got []string
	err = c.Watch(t.Context(), client.Query{Kind: "cdn", Limit: 9}, func(change client.Watched) error {
		if change.Reset {
			got = append(got, "reset")
			return enough
		}
		got = append(got, fmt.Sprint(change.Incident.ID, change.Incident.Revision))
		return nil
	})
	if !errors.Is(err, enough) || fmt.Sprint(got) != "[inc_11 inc_12 reset]" {
		t.Errorf("%v %v", got, err)
	}
}

func TestWatchEndsWithARefusal(t *testing.T) {
	c := serve(t, nil)
	err := c.Watch(context.Background(), client.Query{}, func(client.Watched) error { return nil })
	if !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

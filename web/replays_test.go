package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestReplaysAreListedAndShownMomentByMoment(t *testing.T) {
	h := serve(t, newWorld().config())
	list := text(t, get(h, "/replays").Body.String())
	for _, want := range []string{"Dyn, 21 October 2016", "Facebook, 4 October 2021", "Fastly, 8 June 2021",
		"75 s", "not claimed"} {
		if !strings.Contains(list, want) {
			t.Errorf("/replays does not say %q", want)
		}
	}
	const path = "/replays/fastly-2021-06-08"
	for frame, want := range map[string]string{
		"?frame=0": "Faultline has said nothing yet.", "": "Fastly-fronted sites", "?frame=105": "Resolved",
		"?frame=9999": "Fastly-fronted sites",
	} {
		got := text(t, get(h, path+frame).Body.String())
		if !strings.Contains(got, want) || !strings.Contains(got, "Reconstruction") {
			t.Errorf("%s does not say %q, or not that it is a reconstruction", path+frame, want)
		}
	}
	early := text(t, get(h, path+"?frame=3").Body.String())
	if strings.Contains(early, "We're currently investigating") {
		t.Error("a statement is shown before it was made")
	}
	embed := text(t, get(h, "/embed"+path+"?frame=30").Body.String())
	if !strings.Contains(embed, "Fastly-fronted sites") ||
		!strings.Contains(embed, "Reconstruction") {
		t.Errorf("the widget says %s", embed)
	}
	if rec := get(h, "/replays/none"); rec.Code != http.StatusNotFound {
		t.Errorf("an unknown replay: %d", rec.Code)
	}
}

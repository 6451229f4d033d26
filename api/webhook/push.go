package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/api/push"
	"faultline/board/page"

	"github.com/prometheus/client_golang/prometheus"
)

// FormatPush is the form of notifications in browsers. Nobody can ask for it at
// /v1/webhooks: a browser subscribes at /v1/push.
const FormatPush = "webpush"

const (
	// pushTries is how often one notification is sent at most: for 36 minutes. Later it would
	// be no news.
	pushTries = 5
	// pushSweep is how often subscriptions that have ended are removed.
	pushSweep = time.Minute
	// Bounds of what a notification says, in characters. Devices cut it shorter.
	maxPushTitle = 120
	maxPushText  = 400
)

// pushed are the states of which a browser is notified.
var pushed = []faultline.IncidentState{faultline.StateConfirmed, faultline.StateRecovering,
	faultline.StateResolved, faultline.StateRetracted}

// Browser is what is kept of a browser beside the address at its push service.
type Browser struct {
	Keys push.Keys `json:"keys"`
	Lang string    `json:"lang"` // of its notifications, such as de
}

// Notification is what the service worker of the pages is sent.
type Notification struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url"`
	// Tag is the incident: a newer notification replaces an older one of the same tag.
	Tag string `json:"tag"`
}

// SubscriptionID is the id of the subscription of an endpoint: a browser that subscribes
// again replaces what it asked for before.
func SubscriptionID(endpoint string) string {
	sum := sha256.Sum256([]byte(endpoint))
	return "push_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])
}

// Subscription returns what is kept of a browser that asked for notifications about the
// incidents of a filter.
func Subscription(to push.Subscription, filter, lang string, now time.Time) Hook {
	expires := faultline.Millis(now.Add(faultline.PushLife))
	return Hook{ID: SubscriptionID(to.Endpoint), URL: to.Endpoint, Filter: filter, Format: FormatPush,
		Created: faultline.Millis(now), Expires: &expires, Browser: &Browser{Keys: to.Keys, Lang: lang}}
}

// Speaker says an incident in a language, in a title and a sentence. Package web has it.
type Speaker func(lang string, inc *faultline.Incident) (title, text string)

// NewPushDispatcher returns a [Dispatcher] that notifies browsers by service.
func NewPushDispatcher(source Source, providers *faultline.Providers, service *push.Service, say Speaker,
	now func() time.Time, log *slog.Logger, registry prometheus.Registerer) *Dispatcher {
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_push_messages_total",
		Help: "Notifications to browsers: queued, taken, failed (tried again later), dead (given up), or dropped " +
			"for want of room."}, []string{"outcome"})
	d := newDispatcher(source, providers, now, log, sent, registry)
	d.sender.push, d.say, d.askEvery = service, say, pushSweep
	return d
}

// notification is the body for one browser.
func (d *Dispatcher) notification(w Hook, inc *faultline.Incident) ([]byte, error) {
	title, text := d.say(w.Browser.Lang, inc)
	return page.Render(Notification{Title: cut(title, maxPushTitle), Body: cut(text, maxPushText), Tag: inc.ID,
		URL: d.PublicURL + "/incident/" + inc.ID + "?lang=" + w.Browser.Lang})
}

// notifies reports whether an incident is in a state of which browsers are notified. One that
// was never confirmed is none: what nobody was told of needs no end.
func notifies(inc *faultline.Incident) bool {
	return inc.ConfirmedAt != nil && slices.Contains(pushed, inc.State)
}

// sendPush notifies one browser.
func (s *sender) sendPush(ctx context.Context, w Hook, topic string, body []byte) result {
	if s.push == nil || w.Browser == nil {
		return result{reason: "the subscription can't be read"}
	}
	answer, err := s.push.Send(ctx, s.client, push.Subscription{Endpoint: w.URL, Keys: w.Browser.Keys}, topic, body)
	if err != nil {
		return result{reason: whyNot(err)}
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswerRead))
	out := answered(answer.StatusCode)
	// RFC 8030, section 7.3: a subscription that has ended is not found.
	out.gone = out.gone || answer.StatusCode == http.StatusNotFound
	return out
}

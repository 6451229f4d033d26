package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"faultline/api/push"
	"faultline/board/page"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	sendTimeout   = 10 * time.Second
	maxAnswerRead = 4 << 10
)

// azureWire is an address by which Azure's machines are managed; no registry of
// special addresses lists it.
var azureWire = netip.MustParsePrefix("168.63.129.16/32")

// sender calls webhooks: by https, on public addresses alone, however often a name
// leads elsewhere than before. The address is checked when it is dialled and not when
// the webhook is made: a name may lead to another address by then (DNS rebinding).
type sender struct {
	client *http.Client
	push   *push.Service // nil: it calls webhooks
}

// newSender returns a client that reaches public addresses on port 443 alone. Without that
// a webhook could make this server send requests into its own network.
func newSender() *sender {
	guard := ssrf.New(ssrf.WithPorts(443), ssrf.WithDeniedV4Prefixes(azureWire))
	return senderWith(guard.Safe)
}

// senderWith checks each address before it is dialled. Tests put a check in its place
// that lets their own server through.
func senderWith(control func(network, address string, c syscall.RawConn) error) *sender {
	dialer := &net.Dialer{Timeout: sendTimeout, Control: control}
	return &sender{client: &http.Client{
		Timeout: sendTimeout,
		// A redirect could lead anywhere, and would repeat the body there.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:       nil, // one would dial for us, past the guard
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			TLSHandshakeTimeout:    sendTimeout,
			MaxResponseHeaderBytes: 16 << 10, MaxIdleConnsPerHost: 1, MaxIdleConns: 64, MaxConnsPerHost: 4,
			IdleConnTimeout: time.Minute,
		},
	}}
}

// result is what came of one try.
type result struct {
	reason string // why the message was not taken, in words of ours; empty: it was
	gone   bool   // nobody wants more
	status int    // of the answer; 0: there was none
	took   time.Duration
	answer []byte // the beginning of its body, which is shown to nobody
}

// send posts a signed message. The signature is that of Standard Webhooks: HMAC-SHA256
// over id, time and body.
func (s *sender) send(ctx context.Context, w Hook, id string, now time.Time, body []byte) result {
	sign, err := standardwebhooks.NewWebhook(w.Secret)
	if err != nil {
		return result{reason: "the secret can't be read"}
	}
	signature, err := sign.Sign(id, now, body)
	if err != nil {
		return result{reason: "the message can't be signed"}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address(), bytes.NewReader(body))
	if err != nil {
		return result{reason: "the URL can't be read"}
	}
	r.Header.Set("Content-Type", page.MediaJSON)
	r.Header.Set("User-Agent", "Faultline-Webhooks/1")
	r.Header.Set(standardwebhooks.HeaderWebhookID, id)
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	answer, err := s.client.Do(r)
	if err != nil {
		return result{reason: whyNot(err)}
	}
	defer answer.Body.Close()
	begin, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswerRead)) // so that the connection can be used again
	out := answered(answer.StatusCode)
	out.answer = begin
	return out
}

// answered is what came of a try that had an answer. 410 Gone is a receiver's way to
// say that it wants no more.
func answered(status int) result {
	out := result{status: status, gone: status == http.StatusGone}
	if status/100 != 2 {
		out.reason = fmt.Sprintf("answered %d", status)
	}
	return out
}

// whyNot says what failed without telling what lies behind an address. The owner of a
// webhook may be a stranger, who could otherwise learn from the texts which machines
// there are in this network.
func whyNot(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP),
		errors.Is(err, ssrf.ErrProhibitedPort),
		errors.Is(err, ssrf.ErrProhibitedNetwork):
		return "not a public address"
	case errors.As(err, &dns):
		return "the name does not resolve"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return "could not be reached"
}

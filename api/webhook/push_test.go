package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/push"
	"faultline/board/boardtest"

	"github.com/golang-jwt/jwt/v5"
)

// userAgent is a browser with a subscription: it decrypts as RFC 8291 says, by what the
// standard library has, and not by what the messages were encrypted with.
type userAgent struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func newUserAgent(t *testing.T) userAgent {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth)
	return userAgent{key, auth}
}

func (u userAgent) keys() push.Keys {
	return push.Keys{P256dh: base64.RawURLEncoding.EncodeToString(u.key.PublicKey().Bytes()),
		Auth: base64.RawURLEncoding.EncodeToString(u.auth)}
}

// decrypt reads one record of aes128gcm (RFC 8188, section 2.1; RFC 8291, section 3.4).
func (u userAgent) decrypt(t *testing.T, body []byte) []byte {
	t.Helper()
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	salt, idLen := body[:16], int(body[20])
	sender, sealed := body[21:21+idLen], body[21+idLen:]
	theirs, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		t.Fatal(err)
	}
	secret := must(u.key.ECDH(theirs))
	info := "WebPush: info\x00" + string(u.key.PublicKey().Bytes()) + string(sender)
	ikm := must(hkdf.Key(sha256.New, secret, u.auth, info, 32))
	block, err := aes.NewCipher(must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain := must(gcm.Open(nil, must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)), sealed, nil))
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		t.Fatalf("the last record ends with %q", plain)
	}
	return plain[:len(plain)-1]
}

// signer checks who signed a request (RFC 8292, section 3), and returns the claims and the
// public key.
func signer(t *testing.T, r *http.Request) (claims jwt.MapClaims, key string) {
	t.Helper()
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "vapid t=")
	text, key, ok2 := strings.Cut(rest, ", k=")
	if !ok || !ok2 {
		t.Fatalf("Authorization: %s", r.Header.Get("Authorization"))
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := parsePoint(point)
	if err != nil {
		t.Fatal(err)
	}
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired()).ParseWithClaims(text,
		&claims, func(*jwt.Token) (any, error) { return public, nil })
	if err != nil {
		t.Fatal(err)
	}
	return claims, key
}

// notified is a dispatcher of notifications with one browser.
func notified(t *testing.T, filter string, status int) (*dispatched, userAgent, *push.Service) {
	t.Helper()
	x, browser := newDispatched(t, filter, status), newUserAgent(t)
	at, err := url.Parse(x.hook.URL)
	if err != nil {
		t.Fatal(err)
	}
	service := push.New(push.Config{Contact: "mailto:desk@faultline.example", Keys: &oneKey{}, Now: x.clock.Now,
		Hosts: []string{at.Host}})
	d := NewPushDispatcher(x.source, nil, service, func(lang string, inc *faultline.Incident) (string, string) {
		return lang + ": " + string(inc.State), inc.Title
	}, x.clock.Now, x.d.log, nil)
	d.every, d.sender.client, d.PublicURL = x.d.every, x.d.sender.client, "https://faultline.example"
	x.d = d
	if err := x.box.DeleteWebhook(t.Context(), x.hook.ID); err != nil {
		t.Fatal(err)
	}
	x.hook = Subscription(push.Subscription{Endpoint: x.hook.URL, Keys: browser.keys()}, filter, "de", x.clock.Now())
	x.save(x.hook)
	return x, browser, service
}

// begins starts the dispatcher, and waits until it follows what changes.
func (x *dispatched) begins() {
	x.t.Helper()
	x.start()
	boardtest.Eventually(x.t, "it begins", func() bool { at, _ := x.box.Position(x.t.Context()); return at != "" })
}

// finished waits until every change was looked at and nothing waits to be sent.
func (x *dispatched) finished(changes int) {
	x.t.Helper()
	boardtest.Eventually(x.t, "everything is sent", func() bool {
		at, _ := x.box.Position(x.t.Context())
		x.box.Mu.Lock()
		defer x.box.Mu.Unlock()
		return at == boardtest.Position(changes) && len(x.box.Messages) == 0
	})
}

// oneKey keeps the key of notifications.
type oneKey struct {
	mu  sync.Mutex
	key string
}

func (k *oneKey) PushKey(_ context.Context, offered string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = cmp.Or(k.key, offered)
	return k.key, nil
}

// parsePoint reads an uncompressed point on P-256.
func parsePoint(point []byte) (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

// outage is a revision of one incident of 30 sites.
func outage(revision int, state faultline.IncidentState) faultline.Incident {
	inc := boardtest.Incident(0, revision, 30)
	inc.State = state
	if inc.ConfirmedAt == nil {
		at := boardtest.T0
		inc.ConfirmedAt = &at
	}
	if state == faultline.StateCandidate {
		inc.ConfirmedAt = nil
	}
	return inc
}

func TestABrowserIsNotifiedOfChangesOfState(t *testing.T) {
	last := outage(1, faultline.StateCandidate).Sites[29].Site
	x, browser, service := notified(t, "of="+last, http.StatusCreated)
	x.begins()
	for n, state := range []faultline.IncidentState{faultline.StateCandidate, faultline.StateConfirmed,
		faultline.StateConfirmed, faultline.StateRecovering, faultline.StateResolved} {
		x.source.Publish(outage(n+1, state))
	}
	x.finished(5)
	if n := x.to.count(); n != 3 {
		t.Fatalf("%d notifications", n)
	}
	// The site is the last one of an outage that is confirmed when it is first published.
	x.source.Publish(boardtest.Incident(1, 1, 30))
	x.finished(6)
	if n := x.to.count(); n != 4 {
		t.Fatalf("%d notifications", n)
	}
	for n, state := range []string{"confirmed", "recovering", "resolved"} {
		id, of := outage(1, faultline.StateConfirmed).ID, []int{2, 4, 5}[n]
		var got Notification
		if err := json.Unmarshal(browser.decrypt(t, x.to.body(n)), &got); err != nil {
			t.Fatal(err)
		}
		want := Notification{Title: "de: " + state, Body: outage(of, faultline.StateConfirmed).Title, Tag: id,
			URL: "https://faultline.example/incident/" + id + "?lang=de"}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		r := x.to.got[n]
		if r.Header.Get("Topic") != id || len(id) > 32 || r.Header.Get("Ttl") != strconv.Itoa(4*60*60) ||
			r.Header.Get("Content-Encoding") != "aes128gcm" {
			t.Errorf("%+v", r.Header)
		}
		claims, key := signer(t, r)
		public, err := service.PublicKey(t.Context())
		if err != nil || key != public || claims["sub"] != "mailto:desk@faultline.example" ||
			claims["aud"] != "https://"+r.Host {
			t.Errorf("signed by %s with %v, %v", key, claims, err)
		}
	}
}

func TestABrowserIsNotNotifiedOfWhatWasNeverConfirmed(t *testing.T) {
	x, browser, _ := notified(t, "", http.StatusCreated)
	x.begins()
	never := boardtest.Incident(1, 1, 3)
	never.State, never.ConfirmedAt = faultline.StateRetracted, nil
	x.source.Publish(never)
	merged := outage(1, faultline.StateMerged)
	x.source.Publish(merged)
	x.source.Publish(outage(2, faultline.StateRetracted))
	x.finished(3)
	if n := x.to.count(); n != 1 {
		t.Fatalf("%d notifications", n)
	}
	if body := browser.decrypt(t, x.to.body(0)); !bytes.Contains(body, []byte("de: retracted")) ||
		!bytes.Contains(body, []byte(merged.ID)) {
		t.Errorf("%s", body)
	}
}

func TestASubscriptionThatHasEndedIsRemoved(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		x, _, _ := notified(t, "", status)
		x.begins()
		x.source.Publish(outage(1, faultline.StateConfirmed))
		boardtest.Eventually(t, "it is removed", func() bool {
			all, _ := x.box.Webhooks(t.Context())
			return len(all) == 0
		})
	}
	x, _, _ := notified(t, "", http.StatusCreated)
	x.clock.add(faultline.PushLife + time.Second)
	x.begins()
	boardtest.Eventually(t, "it is removed when nobody renews it", func() bool {
		all, _ := x.box.Webhooks(t.Context())
		return len(all) == 0
	})
}

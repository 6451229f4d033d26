package push

import (
	"cmp"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"faultline"
)

// shared keeps one key, as the store does, and counts how often it is asked.
type shared struct {
	key   string
	asked int
}

func (s *shared) PushKey(_ context.Context, offered string) (string, error) {
	s.asked++
	s.key = cmp.Or(s.key, offered)
	return s.key, nil
}

func TestSubscriptionsThatNothingCanBeSentTo(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	good := Subscription{Endpoint: "https://fcm.googleapis.com/fcm/send/abc:def",
		Keys: Keys{P256dh: encode(key.PublicKey().Bytes()), Auth: encode(make([]byte, 16))}}
	service := New(Config{})
	for _, endpoint := range []string{good.Endpoint, "https://updates.push.services.mozilla.com/wpush/v2/abc",
		"https://web.push.apple.com/abc", "https://wns2-par02p.notify.windows.com/w/?token=abc",
		"https://fcm.googleapis.com:443/x", "https://FCM.googleapis.com/x"} {
		sub := good
		sub.Endpoint = endpoint
		if err := service.Check(sub); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{"", "http://fcm.googleapis.com/x", "https://example.com/",
		"https://fcm.googleapis.com.example.com/x", "https://evilfcm.googleapis.com/x", "https://push.apple.com/x",
		"https://.push.apple.com/x", "https://evilpush.apple.com/x", "https://fcm.googleapis.com:8443/x",
		"https://u@fcm.googleapis.com/x", "https://fcm.googleapis.com/x#y",
		"https://push.services.mozilla.com/x",
		"https://evilpush.services.mozilla.com/x", "https://notify.windows.com/x", "https://evilnotify.windows.com/x",
		"https://updates.push.services.mozilla.com.example.com/x",
		"https://fcm.googleapis.com@example.com/x", "https://127.0.0.1/x",
		"https://fcm.googleapis.com/" + string(make([]byte, maxEndpoint))} {
		sub := good
		sub.Endpoint = endpoint
		wantRefused(t, service.Check(sub), "/endpoint")
	}
	nowhere := encode(append([]byte{4}, make([]byte, 64)...)) // not on the curve
	for _, p256dh := range []string{"", "AAAA", good.Keys.P256dh + "=", nowhere} {
		sub := good
		sub.Keys.P256dh = p256dh
		wantRefused(t, service.Check(sub), "/keys/p256dh")
	}
	for _, auth := range []string{"", encode(make([]byte, 15)), "!"} {
		sub := good
		sub.Keys.Auth = auth
		wantRefused(t, service.Check(sub), "/keys/auth")
	}
}

func wantRefused(t *testing.T, err error, pointer string) {
	t.Helper()
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) || invalid[0].Pointer != pointer {
		t.Errorf("%v, want one of %s", err, pointer)
	}
}

func TestAllNodesHaveOneKey(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := &shared{}
	one := New(Config{Keys: store, Now: func() time.Time { return now }})
	two := New(Config{Keys: store, Now: func() time.Time { return now }})
	key := func(s *Service) string {
		t.Helper()
		public, err := s.PublicKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
	first := key(one)
	if raw, err := base64.RawURLEncoding.DecodeString(first); err != nil || len(raw) != 65 || raw[0] != 4 {
		t.Errorf("%s is no point: %v", first, err)
	}
	if key(two) != first || key(one) != first || store.asked != 2 {
		t.Errorf("keys differ, or the store was asked %d times", store.asked)
	}
	store.key = "" // it lost its data: browsers know the key all the same
	now = now.Add(keyFor)
	if key(one) != first || key(two) != first {
		t.Error("there is another key after the store lost its data")
	}
}

func TestContactsOfPushServices(t *testing.T) {
	for text, good := range map[string]bool{"mailto:desk@example.com": true, "https://example.com/contact": true,
		"desk@example.com": false, "http://example.com/": false, "mailto:desk": false, "": false,
		"https://": false, "mailto:a@example.com?subject=x": false} {
		if err := CheckContact(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

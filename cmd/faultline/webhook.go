package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"faultline/api/webhook"
)

// webhookCmd groups the tools for those who receive webhooks.
type webhookCmd struct {
	Listen webhookListenCmd `cmd:"" help:"Receive messages to a webhook on this machine: check their signatures, answer the challenge, and print them."`
}

// webhookListenCmd is a receiver for trying webhooks out: it checks signatures by the rules
// of Standard Webhooks (standardwebhooks.com), answers the challenge by which a webhook is
// made, and prints what arrives. docs/webhooks.md shows it.
type webhookListenCmd struct {
	Listen string `default:"127.0.0.1:9099" env:"FAULTLINE_WEBHOOK_LISTEN" help:"Address to listen on."`
	Secret string `placeholder:"whsec_…" env:"FAULTLINE_WEBHOOK_SECRET" help:"Secret of the webhook, shown when it was made. Without it no signature is checked, and every line says so."`

	SecretFile string `name:"secret-file" placeholder:"FILE" env:"FAULTLINE_WEBHOOK_SECRET_FILE" help:"File that contains the secret."`
}

// Help is the longer text of --help.
func (webhookListenCmd) Help() string {
	return `A webhook is called at a public address, by https on port 443: put a tunnel in front of this one. ` +
		`Prints one line of JSON for each message; one with a bad signature is answered 401 and named on standard ` +
		`error. Ends with Ctrl-C.`
}

// maxMessage bounds a message in bytes; ours are a few kilobytes. listenerTimeout bounds how
// long a sender may take for one.
const (
	maxMessage      = 1 << 20
	listenerTimeout = 10 * time.Second
)

// Run receives until the context ends. It closes the server at once and waits for no request:
// the sender tries again.
func (c webhookListenCmd) Run(ctx context.Context, w world) error {
	r, err := c.receiver(w)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	fmt.Fprintf(w.stderr, "listening on http://%s\n", l.Addr())
	server := &http.Server{Handler: r, ReadTimeout: listenerTimeout, WriteTimeout: listenerTimeout}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("receive messages: %w", err)
	}
	return nil
}

// messageReceiver answers and prints what it is sent. Requests may come at once; each prints
// one line by one write.
type messageReceiver struct {
	check *standardwebhooks.Webhook // nil: nothing is checked
	w     world
}

// receiver reads the secret and makes the receiver. Without a secret nothing is checked, and
// each printed line says "verified": false.
func (c webhookListenCmd) receiver(w world) (messageReceiver, error) {
	if err := readSecret("secret", &c.Secret, c.SecretFile); err != nil {
		return messageReceiver{}, err
	}
	if c.Secret == "" {
		return messageReceiver{w: w}, nil
	}
	check, err := standardwebhooks.NewWebhook(c.Secret)
	if err != nil {
		return messageReceiver{}, usageError{fmt.Errorf("--secret: %w", err)}
	}
	return messageReceiver{check: check, w: w}, nil
}

// printedMessage is one line of output.
type printedMessage struct {
	ID       string          `json:"id"`
	Verified bool            `json:"verified"`
	Message  json.RawMessage `json:"message"`
}

// ServeHTTP takes one message. A bad signature is answered 401 and is not printed on standard
// output, so that a program which reads the lines acts on genuine ones alone.
func (r messageReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxMessage))
	if err != nil || !json.Valid(body) {
		fmt.Fprintln(r.w.stderr, "what came is no message: it is not JSON")
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.check != nil {
		if err := r.check.Verify(body, req.Header); err != nil {
			fmt.Fprintf(r.w.stderr, "a message was refused: %v\n", err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	line, err := json.Marshal(printedMessage{ID: req.Header.Get(standardwebhooks.HeaderWebhookID),
		Verified: r.check != nil, Message: body})
	if err == nil {
		_, err = fmt.Fprintf(r.w.stdout, "%s\n", line)
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var m webhook.Message
	if json.Unmarshal(body, &m) == nil && m.Challenge != "" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"challenge": m.Challenge}) // the sender hangs up: it asks again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

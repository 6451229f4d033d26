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

type webhookCmd struct {
	Listen webhookListenCmd `cmd:"" help:"Receive messages to a webhook on this machine: check their signatures, answer the challenge, and print them."`
}

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

const (
	maxMessage      = 1 << 20
	listenerTimeout = 10 * time.Second
)

// Run receives until the context ends.
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

// messageReceiver prints what it is sent.
type messageReceiver struct {
	check *standardwebhooks.Webhook // nil: nothing is checked
	w     world
}

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

// ServeHTTP takes one message.
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

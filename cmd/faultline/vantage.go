package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"text/tabwriter"
	"time"

	"faultline"
	"faultline/api/client"
	"faultline/api/token"
	"faultline/ingest/agent"
)

// vantageCmd groups what operators do with vantages. It works through the API of a running
// server, unlike token, so it can be used from any machine with a token of the scope admin.
type vantageCmd struct {
	Add    vantageAddCmd    `cmd:"" help:"Add a vantage, and print the command to run on its machine."`
	List   vantageListCmd   `cmd:"" help:"List the vantages with their state, since when, and how many of their checks arrive in time."`
	Revoke vantageRevokeCmd `cmd:"" help:"Revoke a vantage: its token is refused from then on."`
}

// operatorFlags say which server an operator speaks to, and with which right: a token, or the
// keys of the server's state directory, with which a short one is signed.
type operatorFlags struct {
	Server string `default:"http://127.0.0.1:8080" placeholder:"URL" env:"FAULTLINE_SERVER" help:"Address of the server, such as https://faultline.example."`
	Token  string `placeholder:"TOKEN" env:"FAULTLINE_TOKEN" help:"Token with the scope admin. By default one that is valid for a minute is signed with the keys of the state directory, which must be the server's."`
	tokenFile
	serverFlags
	stateFlags
}

// operatorTTL is how long a token lives that is signed for one request. It need only outlast
// the request, and the difference of two clocks.
const operatorTTL = time.Minute

// client returns a client with the rights of an operator. Without --token it signs a token
// itself; on a machine whose keys the server does not know, the server refuses that with 401,
// which explain translates.
func (f operatorFlags) client() (*client.Client, error) {
	signed := f.Token
	if signed == "" {
		keys, err := openKeys(f.stateFlags, time.Now)
		if err != nil {
			return nil, err
		}
		if signed, err = keys.Issue(token.Claims{Subject: "operator", Scopes: []string{token.ScopeAdmin},
			TTL: operatorTTL}); err != nil {
			return nil, err
		}
	}
	certificates, err := f.serverFlags.source(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	link := &http.Client{Transport: agent.NewLink(time.Now, certificates)}
	c, err := client.New(f.Server, client.WithToken(signed), client.WithHTTPClient(link))
	if err != nil {
		return nil, usageError{fmt.Errorf("--server: %w", err)}
	}
	return c, nil
}

// explain names the flag that is wrong where the server refuses an operator, because "401"
// alone does not say which of the two ways to sign in was used.
func (f operatorFlags) explain(err error) error {
	var p *client.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden) && f.Token != "":
		return usageError{fmt.Errorf("--token: the server does not take it for this: %w", err)}
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return usageError{fmt.Errorf("--state-dir: the server does not take its keys: %w", err)}
	case p.Status == http.StatusBadRequest || p.Status == http.StatusUnprocessableEntity ||
		p.Status == http.StatusNotFound:
		return usageError{err}
	}
	return err
}

// vantageAddCmd registers a vantage and prints the command that starts its agent.
type vantageAddCmd struct {
	Name    string        `arg:"" help:"Name of the vantage, such as lon-1."`
	ASN     uint32        `name:"asn" placeholder:"NUMBER" env:"FAULTLINE_TOKEN_ASN" help:"Number of the autonomous system that it is in, such as 20473."`
	Country string        `placeholder:"XX" env:"FAULTLINE_TOKEN_COUNTRY" help:"Country that it is in, two capital letters (ISO 3166-1)."`
	TTL     time.Duration `name:"ttl" default:"8784h" env:"FAULTLINE_TOKEN_TTL" help:"How long its token is valid."`
	operatorFlags
}

// Help is the longer text of --help.
func (vantageAddCmd) Help() string {
	return `Prints one line for a shell on the machine that is to be the vantage. The token in it is shown ` +
		`this once. A vantage's name belongs to one machine: a name that was added already is refused until it ` +
		`is revoked.`
}

// AfterApply reads the token and checks the name and the country by the same rules as the
// server, so that a mistake is named before a request is sent.
func (c *vantageAddCmd) AfterApply() error {
	if err := c.tokenFile.read(&c.Token); err != nil {
		return err
	}
	if !agent.ValidName(c.Name) {
		return usageError{fmt.Errorf("NAME: %q is not 1 to 64 letters, digits, dots, - and _, a letter or digit first",
			c.Name)}
	}
	if c.Country != "" && !faultline.ValidCountry(c.Country) {
		return usageError{fmt.Errorf("--country: %q is not two capital letters", c.Country)}
	}
	return within("ttl", c.TTL, time.Second, token.MaxTTL)
}

// Run prints the command for the new machine on standard output and all else on standard
// error, so that the line can be piped to ssh. The server's public address is preferred to
// --server, which is often 127.0.0.1 and would mean the new machine itself.
func (c vantageAddCmd) Run(ctx context.Context, w world) error {
	server, err := c.client()
	if err != nil {
		return err
	}
	given, err := server.AddVantage(ctx, client.NewVantage{Vantage: c.Name, ASN: c.ASN, Country: c.Country,
		TTLS: int(c.TTL / time.Second)})
	if err != nil {
		return c.explain(err)
	}
	if given.Server == "" {
		given.Server = c.Server
	}
	fmt.Fprintf(w.stderr, "The token is good until %s. Run this on the machine that is to be %s:\n",
		given.ExpiresAt.UTC().Format("2 January 2006 15:04 UTC"), c.Name)
	_, err = fmt.Fprintf(w.stdout, "faultline probe --server %s --name %s --token %s\n", given.Server, given.Vantage,
		given.Token)
	return err
}

// vantageListCmd prints what /v1/vantages says. It is public, so no token is needed.
type vantageListCmd struct {
	Server string `default:"http://127.0.0.1:8080" placeholder:"URL" env:"FAULTLINE_SERVER" help:"Faultline to ask, such as https://faultline.example."`
}

func (c vantageListCmd) Run(ctx context.Context, w world) error {
	server, err := client.New(c.Server)
	if err != nil {
		return usageError{fmt.Errorf("--server: %w", err)}
	}
	all, err := server.Vantages(ctx)
	if err != nil {
		return err
	}
	return printVantages(w.stdout, all)
}

// printVantages prints a table with a line for each vantage. "In time" is the share of its
// checks that arrived while they still counted, and "waiting" how many results lie in its
// spool: a vantage that is cut off shows it there first.
func printVantages(out io.Writer, all []faultline.VantageStatus) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSTATE\tSINCE\tKNOWN SINCE\tIN TIME\tWAITING\tVERSION\tWHY")
	for _, v := range all {
		inTime, waiting, version := "-", "-", "-"
		if h := v.Health; h != nil {
			if share, ok := h.Share(); ok {
				inTime = fmt.Sprintf("%.1f %%", 100*share)
			}
			waiting, version = fmt.Sprint(h.Spooled), h.Version
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.Vantage, v.State, stamp(v.Since),
			stamp(v.KnownSince), inTime,
			waiting, version, v.Why)
	}
	return t.Flush()
}

// stamp writes a time in UTC to the minute; "-" where it is not known.
func stamp(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04")
}

// vantageRevokeCmd ends the trust in a vantage. What it has reported until then stays in the
// log.
type vantageRevokeCmd struct {
	Name string `arg:"" help:"Name of the vantage."`
	operatorFlags
}

// AfterApply reads the token from its file.
func (c *vantageRevokeCmd) AfterApply() error { return c.tokenFile.read(&c.Token) }

// Run revokes the vantage's token. Every node refuses it within seconds.
func (c vantageRevokeCmd) Run(ctx context.Context, _ world) error {
	server, err := c.client()
	if err != nil {
		return err
	}
	return c.explain(server.RevokeVantage(ctx, c.Name))
}

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"faultline/api/token"
)

// tokenCmd signs tokens and manages the keys in the state directory. It needs no running
// server: whoever can read the key files can sign, which is what makes them secret. For
// vantages, vantage add does the same through the API.
type tokenCmd struct {
	Issue  tokenIssueCmd  `cmd:"" help:"Sign a token with this node's key and print it."`
	Rotate tokenRotateCmd `cmd:"" help:"Make a new key, which signs from now on. Tokens of older keys stay valid. Prints its id."`
	Retire tokenRetireCmd `cmd:"" help:"Remove an old key: tokens that it signed are refused from then on."`
}

// tokenRotateCmd makes a new signing key. Rotation and retirement are two commands, because
// tokens of the old key must stay valid until their bearers have new ones.
type tokenRotateCmd struct{ stateFlags }

// Help is the longer text of --help.
func (tokenRotateCmd) Help() string {
	return `A serve that runs on the state directory signs with the new key within 10 seconds. Retire the old one ` +
		`when the tokens that it signed have expired.`
}

// Run prints the id of the new key. The old one stays valid for verifying until it is retired.
func (c tokenRotateCmd) Run(w world) error {
	keys, err := openKeys(c.stateFlags, time.Now)
	if err != nil {
		return err
	}
	kid, err := keys.Rotate()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.stdout, kid)
	return err
}

// tokenRetireCmd removes an old key. It is the way to refuse all tokens of a key at once,
// such as after it leaked; one token alone is revoked through the API.
type tokenRetireCmd struct {
	Kid string `arg:"" name:"key-id" help:"Id of the key: the name of its file, without .pem."`
	stateFlags
}

// Run removes the key. It is an error of usage to name a key that does not exist, or the one that
// signs.
func (c tokenRetireCmd) Run() error {
	keys, err := openKeys(c.stateFlags, time.Now)
	if err != nil {
		return err
	}
	if err := keys.Retire(c.Kid); err != nil {
		return usageError{err}
	}
	return nil
}

// tokenIssueCmd signs one token. Its flags are the claims; docs/operations.md lists the
// scopes.
type tokenIssueCmd struct {
	Scope   []string      `required:"" placeholder:"SCOPE" env:"FAULTLINE_TOKEN_SCOPE" help:"What the bearer may do, such as probes:write, separated by commas."`
	Subject string        `required:"" placeholder:"NAME" env:"FAULTLINE_TOKEN_SUBJECT" help:"Name of the bearer: for probes the name of the vantage, such as lon-1."`
	ASN     uint32        `name:"asn" placeholder:"NUMBER" env:"FAULTLINE_TOKEN_ASN" help:"Number of the autonomous system that the vantage is in, such as 20473."`
	Country string        `placeholder:"XX" env:"FAULTLINE_TOKEN_COUNTRY" help:"Country of the vantage, two capital letters (ISO 3166-1)."`
	TTL     time.Duration `name:"ttl" default:"720h" env:"FAULTLINE_TOKEN_TTL" help:"How long the token is valid."`
	stateFlags
}

// Help is the longer text of --help.
func (tokenIssueCmd) Help() string {
	return `The key lies in the directory keys of the state directory and is made when there is none. ` +
		`A serve takes the tokens of the state directory that it was started with; run this where it runs.`
}

// AfterApply bounds the token's life. The claims are checked by Issue, which knows what each
// scope needs.
func (c tokenIssueCmd) AfterApply() error {
	return within("ttl", c.TTL, time.Second, token.MaxTTL)
}

// Run prints the token alone on standard output, so that a script can take it.
func (c tokenIssueCmd) Run(w world) error {
	keys, err := openKeys(c.stateFlags, time.Now)
	if err != nil {
		return err
	}
	token, err := keys.Issue(token.Claims{Subject: c.Subject, Scopes: c.Scope, ASN: c.ASN, Country: c.Country,
		TTL: c.TTL})
	if err != nil {
		// It begins with the claim that is wrong, which is the flag's name.
		return usageError{fmt.Errorf("--%s", strings.TrimPrefix(err.Error(), "issue token: "))}
	}
	_, err = fmt.Fprintln(w.stdout, token)
	return err
}

// openKeys loads this node's signing keys, and makes the first one when the directory has
// none: a new node must be able to sign without a step of setup.
func openKeys(f stateFlags, now func() time.Time) (*token.Keys, error) {
	keys, err := token.LoadOrCreate(filepath.Join(f.StateDir, "keys"), "", now)
	if err != nil {
		return nil, usageError{fmt.Errorf("--state-dir: %w", err)}
	}
	return keys, nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"faultline"
	"faultline/api/client"
	"faultline/record"
	"faultline/store"
	"faultline/task"
)

// verifiedAtMost bounds a file with a revision or a proof, in bytes. The largest revision
// lists some ten thousand sites, a few megabytes.
const verifiedAtMost = 64 << 20

// verifyCmd compares what was published with the signed record, a transparency log (package
// record). It is for readers who want to prove that a cited revision has not been changed,
// and for operators after a restore. What it takes is recognised by its form: a URL, a gzip
// file (a backup), or any other file (a revision).
type verifyCmd struct {
	What  string `arg:"" name:"what" help:"URL of an incident or of one revision (/incident/ID@N), a file that holds a revision as the API answers it, a file that backup has written, or a day of open data: its directory or any of its files."`
	Proof string `type:"path" placeholder:"FILE" env:"FAULTLINE_VERIFY_PROOF" help:"The revision's proof, for a file that holds a revision: the answer of /v1/incidents/ID/revisions/N/proof."`
	Then  string `type:"path" placeholder:"FILE" env:"FAULTLINE_VERIFY_THEN" help:"For a backup: a file that backup --since has made from it. Both are compared together."`
	Key   string `placeholder:"KEY" env:"FAULTLINE_VERIFY_KEY" help:"Public key of the record, from /.well-known/faultline-keys, as you kept it earlier. Without it, the key that the server, the backup or the manifest names is used. That reveals damage, but not a forgery by whoever runs the server."`
}

// Help is the longer text of --help.
func (verifyCmd) Help() string {
	return `Compares what was published with the signed record. Of a file nothing is asked over the network. ` +
		`Exit codes: 0 all agrees; 3 something differs, and each thing is named; 1 it could not be read; ` +
		`2 it was asked wrongly.`
}

// Run verifies a URL, a revision in a file, a backup or a day of open data. A revision in a
// file needs --key as well: a key that came with the file proves nothing about it.
func (c verifyCmd) Run(ctx context.Context, w world) error {
	if strings.HasPrefix(c.What, "http://") || strings.HasPrefix(c.What, "https://") {
		return c.remote(ctx, w)
	}
	f, err := os.Open(c.What)
	if err != nil {
		return usageError{err}
	}
	defer f.Close()
	if dir, ok := dumpIn(c.What); ok {
		return c.dump(w, dir)
	}
	head := make([]byte, 2)
	if n, _ := f.ReadAt(head, 0); n == 2 && bytes.Equal(head, []byte{0x1f, 0x8b}) { // gzip
		return c.backup(w, f)
	}
	if c.Then != "" {
		return usageError{errors.New("--then: only a file that backup has written can have incremental ones")}
	}
	if c.Proof == "" || c.Key == "" {
		return usageError{errors.New("--proof: a file that holds a revision needs --proof and --key")}
	}
	body, err := readBounded(c.What)
	if err != nil {
		return err
	}
	proof, err := readBounded(c.Proof)
	if err != nil {
		return err
	}
	return c.revision(w, body, proof, c.Key)
}

// backup verifies a whole backup, and with --then an incremental one that depends on
// it. Neither Redis nor the network is needed: a backup can be verified where it is
// stored.
func (c verifyCmd) backup(w world, whole io.Reader) error {
	var then io.ReadSeeker
	if c.Then != "" {
		f, err := os.Open(c.Then)
		if err != nil {
			return usageError{fmt.Errorf("--then: %w", err)}
		}
		defer f.Close()
		then = f
	}
	report, key, err := store.VerifyBackup(whole, then, c.Key)
	if err != nil {
		return err
	}
	return c.report(w, report, key)
}

// readBounded reads a file that a person named, if it is not too large to be what it should
// be.
func readBounded(file string) ([]byte, error) {
	if info, err := os.Stat(file); err != nil || info.Size() > verifiedAtMost {
		return nil, usageError{fmt.Errorf("%s can't be read, or is over %d MiB", file, verifiedAtMost>>20)}
	}
	return os.ReadFile(file)
}

// incidentInURL finds the incident, and the revision if there is one, in the address of
// a page or of an answer of the API. What stands before it is kept, for a service may
// be served below a path.
var incidentInURL = regexp.MustCompile(
	`^(.*?)/(?:v1/incidents|incident|embed/incident)/((?i:inc_)[0-9A-Za-z]+)(?:@|/revisions/)?(\d*)$`)

// remote asks a server for a revision, its proof and, without --key, the key. An address
// without a revision means the newest one. A key that the server itself names reveals damage
// and not a forgery by the server, which standard error says.
func (c verifyCmd) remote(ctx context.Context, w world) error {
	u, err := url.Parse(c.What)
	if err != nil {
		return usageError{err}
	}
	found := incidentInURL.FindStringSubmatch(u.Path)
	if found == nil {
		return usageError{fmt.Errorf("%q is no address of an incident, such as https://faultline.example/incident/ID@N",
			c.What)}
	}
	u.Path, u.RawQuery, u.Fragment = found[1], "", ""
	remote, err := client.New(u.String())
	if err != nil {
		return usageError{err}
	}
	path := "/v1/incidents/" + found[2]
	if found[3] == "" {
		var last struct{ Revision int }
		if err := askJSON(ctx, remote, path, &last); err != nil {
			return err
		}
		found[3] = fmt.Sprint(last.Revision)
	}
	path += "/revisions/" + found[3]
	body, err := remote.Raw(ctx, path, nil)
	if err != nil {
		return refusedQuery(err)
	}
	proof, err := c.askProof(ctx, w, remote, path+"/proof")
	if err != nil {
		return refusedQuery(err)
	}
	key := c.Key
	if key == "" {
		var keys struct{ Keys []struct{ Verifier string } }
		if err := askJSON(ctx, remote, "/.well-known/faultline-keys", &keys); err != nil {
			return err
		}
		if len(keys.Keys) == 0 {
			return errors.New("the server names no key of a record")
		}
		key = keys.Keys[0].Verifier
		fmt.Fprintf(w.stderr, "The key is the one that the server itself names. Keep it for --key: %s\n", key)
	}
	return c.revision(w, body, proof, key)
}

// A server signs its record every second or so. A proof that is not there yet is asked for
// again this often, with this pause.
const (
	proofTries = 20
	proofPause = 500 * time.Millisecond
)

// askProof asks for the proof of a revision. The newest revision may not be signed yet, so a
// 404 is waited out, for ten seconds at most; other errors are returned at once.
func (c verifyCmd) askProof(ctx context.Context, w world, remote *client.Client, path string) ([]byte, error) {
	for try := 1; ; try++ {
		proof, err := remote.Raw(ctx, path, nil)
		var p *client.Problem
		if !errors.As(err, &p) || p.Status != http.StatusNotFound {
			return proof, err
		}
		if try == 1 {
			fmt.Fprintf(w.stderr, "The server has no proof of this revision yet. Waiting for it, %s at most.\n",
				proofTries*proofPause)
		}
		if try == proofTries {
			return nil, errors.New("the server has no proof of this revision: it is from before there was a record, " +
				"or the record is not being signed, which /healthz of the server says")
		}
		if !task.Pause(ctx, proofPause) {
			return nil, ctx.Err()
		}
	}
}

// askJSON asks a server for a path and reads the answer into a value.
func askJSON(ctx context.Context, remote *client.Client, path string, into any) error {
	body, err := remote.Raw(ctx, path, nil)
	if err != nil {
		return refusedQuery(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// revision compares one revision with its proof, in the order in which a fault is worth
// naming: the signature and the path through the tree, that the proof is about this revision,
// the hash that was signed, and the hash that the revision itself carries.
func (c verifyCmd) revision(w world, body, text []byte, key string) error {
	proof, err := record.ParseProof(text)
	if err != nil {
		return differs(w, "the proof: %v", err)
	}
	entry, head, err := proof.Check(key)
	if err != nil {
		return differs(w, "the proof: %v", err)
	}
	inc, err := readPublished(body)
	if err != nil {
		return differs(w, "the revision: %v", err)
	}
	hash, err := record.Hash(inc)
	if err != nil {
		return err
	}
	if entry.Incident != inc.ID || entry.Revision != inc.Revision {
		return differs(w, "the proof is of revision %d of %s, and this is revision %d of %s", entry.Revision,
			entry.Incident, inc.Revision, inc.ID)
	}
	if entry.SHA256 != hash {
		return differs(w,
			"revision %d of %s differs from what was published by entry %d: its hash is %s, published was %s",
			inc.Revision, inc.ID, proof.Index, hash, entry.SHA256)
	}
	if inc.Hash != "" && inc.Hash != hash {
		return differs(w, "the member hash of revision %d of %s is %s, and the hash is %s", inc.Revision,
			inc.ID, inc.Hash, hash)
	}
	_, err = fmt.Fprintf(w.stdout,
		"Revision %d of %s is as it was published: entry %d of %d in the record of %s, SHA-256 %s\n",
		inc.Revision, inc.ID, proof.Index, head.Size, head.Origin, hash)
	return err
}

// readPublished reads an answer of the API that holds a revision. It fails on members
// that this program does not know, since it can't say whether they were published. The
// members of meta are left out, as they are about the answer and not about the
// revision.
func readPublished(body []byte) (faultline.Incident, error) {
	var answer struct {
		Meta json.RawMessage `json:"meta"`
		faultline.Incident
	}
	err := jsonv2.Unmarshal(body, &answer, jsonv2.RejectUnknownMembers(true))
	return answer.Incident, err
}

// differs prints on standard output that something does not agree, and returns the error that
// ends with the exit code for that. It goes to standard output because it is the result of
// the command and not a failure of it.
func differs(w world, format string, args ...any) error {
	fmt.Fprintf(w.stdout, "DIFFERS: "+format+"\n", args...)
	return exitError{exitFailing}
}

// report prints what the audit of a backup has found: each fault, then one line of totals.
// Revisions from before the record are counted and are no faults.
func (c verifyCmd) report(w world, r record.Report, key string) error {
	for _, fault := range r.Faults {
		fmt.Fprintf(w.stdout, "DIFFERS: %s\n", fault)
	}
	if r.More > 0 {
		fmt.Fprintf(w.stdout, "… and %d more\n", r.More)
	}
	own := ""
	if c.Key == "" {
		own = "; the key is the backup's own: " + key
	}
	fmt.Fprintf(w.stdout,
		"%d revisions, %d entries, %d signed heads, %d revisions from before the record: %d faults%s\n",
		r.Revisions, r.Entries, r.Heads, r.Unrecorded, len(r.Faults)+r.More, own)
	if len(r.Faults) > 0 {
		return exitError{exitFailing}
	}
	return nil
}

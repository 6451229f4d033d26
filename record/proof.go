package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofMagic begins a C2SP tlog-proof. See c2sp.org/tlog-proof: a text that holds all
// that is needed to check one entry.
const proofMagic = "c2sp.org/tlog-proof@v1"

// maxProofHashes is how long the path from a leaf to the root can be. A tree of 2^63
// entries has such a path; a longer one is an attempt to take memory.
const maxProofHashes = 63

// Proof shows that an entry is in the tree of a signed head. It proves that the entry
// was there when the head was signed. That the head is the one that everybody else sees
// is for witnesses and for those who keep old heads to say.
type Proof struct {
	Entry []byte // its text
	Index int64
	Path  tlog.RecordProof
	Head  []byte // the signed note
}

// errProof is the answer to any text of another form. Which line is wrong is not told,
// because the text is made by a program and not by hand.
var errProof = errors.New("it is no proof of the form " + proofMagic)

// Text is the proof as C2SP tlog-proof; its extra line carries the entry. The same
// proof always gives the same bytes.
func (p Proof) Text() []byte {
	b64 := base64.StdEncoding.EncodeToString
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\nextra %s\nindex %d\n", proofMagic, b64(p.Entry), p.Index)
	for _, h := range p.Path {
		fmt.Fprintln(&out, b64(h[:]))
	}
	out.WriteByte('\n')
	out.Write(p.Head)
	return out.Bytes()
}

// ParseProof reads a proof. It checks nothing but the form. Base64 is read strictly:
// loose reading would let one proof have many texts.
func ParseProof(text []byte) (Proof, error) {
	var p Proof
	head, signed, found := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || len(lines) > 3+maxProofHashes || lines[0] != proofMagic {
		return p, errProof
	}
	extra, hasExtra := strings.CutPrefix(lines[1], "extra ")
	index, hasIndex := strings.CutPrefix(lines[2], "index ")
	var err, badIndex error
	p.Entry, err = base64.StdEncoding.Strict().DecodeString(extra)
	p.Index, badIndex = strconv.ParseInt(index, 10, 64)
	if !hasExtra || !hasIndex || err != nil || badIndex != nil || p.Index < 0 {
		return p, errProof
	}
	for _, line := range lines[3:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return p, errProof
		}
		p.Path = append(p.Path, tlog.Hash(raw))
	}
	p.Head = signed
	return p, nil
}

// Check fails unless the key has signed a tree that has the entry at its index. It
// returns the entry and the head. The path is checked as RFC 6962 section 2.1.1 says,
// by package tlog.
func (p Proof) Check(verifier string) (Entry, Head, error) {
	head, err := OpenHead(p.Head, verifier)
	if err != nil {
		return Entry{}, head, err
	}
	if err := tlog.CheckRecord(p.Path, head.Size, head.Root, p.Index, Leaf(p.Entry)); err != nil {
		return Entry{}, head, fmt.Errorf("entry %d is not in the tree of %d entries: %w", p.Index, head.Size, err)
	}
	e, err := ParseEntry(p.Entry)
	return e, head, err
}

package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"faultline"
	"faultline/board/page"
)

// MaxEntryBytes bounds one entry. The format of bundles allows 65,535.
const MaxEntryBytes = 1 << 10

// Entry is one line of the record: that a revision was published. Its hashes are SHA-256
// in lower-case hexadecimal.
type Entry struct {
	Incident string `json:"incident"`
	Revision int    `json:"revision"`
	// SHA256 is the hash of the revision as the API publishes it; see [Hash].
	SHA256 string `json:"sha256"`
	// Stored is the hash of the revision as it is stored, with its timeline.
	Stored string `json:"stored"`
	// Previous is Stored of the revision before; empty for the first.
	Previous string `json:"previous"`
}

// Head is an entry up to the value of its last member, Previous, which only the store
// knows. The entry is Head, Previous in hexadecimal, and [Tail].
func (e Entry) Head() string {
	e.Previous = ""
	text, _ := json.Marshal(e) // strings and a number always can be
	return string(text[:len(text)-len(Tail)])
}

// Tail ends the text of each entry.
const Tail = `"}`

// ParseEntry reads the text of an entry.
func ParseEntry(text []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("read an entry of the record: %w", err)
	}
	return e, nil
}

// Leaf is the hash of an entry's text as a leaf of the tree.
func Leaf(text []byte) tlog.Hash { return tlog.RecordHash(text) }

// Published is a revision as the API publishes it whole, without the members meta and
// hash: the bytes that [Hash] is of.
func Published(inc faultline.Incident) ([]byte, error) {
	inc.Timeline, inc.Hash = nil, ""
	return page.Render(inc)
}

// Hash is the SHA-256 of a revision as it is published with all its sites, in lower-case
// hexadecimal.
func Hash(inc faultline.Incident) (string, error) {
	text, err := Published(inc)
	if err != nil {
		return "", fmt.Errorf("render revision %d of %s: %w", inc.Revision, inc.ID, err)
	}
	return Hex(sha256.Sum256(text)), nil
}

// Hex writes a SHA-256 as entries have it.
func Hex(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:]) }

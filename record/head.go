package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head says how many entries the tree had and what its root was. It is the tree head of
// C2SP tlog-checkpoint: three lines, signed as a note (c2sp.org/signed-note). The
// origin names the record, so that a head of one service cannot be shown as that of
// another.
type Head struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// errHead says that a text is no head of a tree.
var errHead = errors.New("it is no tree head: three lines are needed, origin, size and root")

// Sign makes the signed note of a head. The same head always gives the same bytes.
// Ed25519 needs no random number for a signature. So two nodes with the same key write
// the same head, and it does not matter which one is first.
func (k *Key) Sign(size int64, root tlog.Hash) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", k.Name(), size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		return nil, fmt.Errorf("sign the head of %d entries: %w", size, err)
	}
	return signed, nil
}

// OpenHead reads a signed head, and fails unless the key has signed it as that of its
// own record. The key is the text NAME+ID+KEY. More than one text could else be read as
// the same head; the size must be written without leading zeros and the base64 to the
// last bit. Further lines are allowed and mean nothing, as the specification has it.
func OpenHead(signed []byte, verifier string) (Head, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return Head{}, fmt.Errorf("read the key: %w", err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Head{}, fmt.Errorf("tree head: %w", err)
	}
	for _, signature := range n.Sigs { // one signature has one text
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return Head{}, fmt.Errorf("tree head: signature: %w", err)
		}
	}
	lines := strings.SplitN(n.Text, "\n", 4)
	if len(lines) < 4 {
		return Head{}, errHead
	}
	h := Head{Origin: lines[0]}
	h.Size, err = strconv.ParseInt(lines[1], 10, 64)
	root, badRoot := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || badRoot != nil || h.Size < 0 || len(root) != tlog.HashSize ||
		lines[1] != strconv.FormatInt(h.Size, 10) {
		return Head{}, errHead
	}
	if h.Origin != v.Name() {
		return Head{}, fmt.Errorf("tree head: it is of %q, and the key is that of %q", h.Origin, v.Name())
	}
	copy(h.Root[:], root)
	return h, nil
}

package api

import (
	"maps"
	"net/url"
	"slices"
	"strconv"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// headsShown bounds the days whose heads one answer has.
const headsShown = 100

// RecordKeys are the public keys that the record's heads are signed with.
type RecordKeys struct {
	Keys []RecordKey `json:"keys"` // none while no node has signed anything
}

// RecordKey is one public key.
type RecordKey struct {
	// Verifier is the key as signed notes write it: NAME+ID+KEY.
	Verifier  string `json:"verifier"`
	Algorithm string `json:"algorithm"` // Ed25519
	Use       string `json:"use"`       // record
	Record    string `json:"record"`    // the address below which checkpoint and tiles are
}

// RecordAnswer is the newest signed head of the record, and the last ones of each day.
type RecordAnswer struct {
	Size       int64        `json:"size"`       // how many revisions the head covers
	Root       string       `json:"root"`       // the hash of the tree, in base64
	Checkpoint string       `json:"checkpoint"` // the signed note; empty while nothing is signed
	Days       []RecordDay  `json:"days"`       // the newest first
	Keys       []RecordKey  `json:"keys"`
	Specs      []RecordSpec `json:"specs"`
}

// RecordDay is the last head that was signed on a day (UTC).
type RecordDay struct {
	Day        string `json:"day"`
	Checkpoint string `json:"checkpoint"`
}

// RecordSpec says by which rules something is written.
type RecordSpec struct {
	What string `json:"what"`
	URL  string `json:"url"`
}

var recordSpecs = []RecordSpec{
	{"tiles and entries", "https://c2sp.org/tlog-tiles"},
	{"checkpoint", "https://c2sp.org/tlog-checkpoint"},
	{"signature", "https://c2sp.org/signed-note"},
	{"proof", "https://c2sp.org/tlog-proof"},
}

func (a *api) recordKeys() []RecordKey {
	keys := []RecordKey{}
	if v := a.cfg.Record.Verifier(); v != "" {
		keys = append(keys, RecordKey{Verifier: v, Algorithm: "Ed25519", Use: "record",
			Record: a.cfg.Board.PublicURL() + "/record"})
	}
	return keys
}

// getRecordKeys publishes the keys of the record.
//
// @ID       getRecordKeys
// @Summary  The public keys that the record of what was published is signed with
// @Tags     record
// @Produce  json
// @Success  200 {object} RecordKeys
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /.well-known/faultline-keys [get]
func (a *api) getRecordKeys(c *gin.Context, _ url.Values) error {
	p, err := page.New(RecordKeys{Keys: a.recordKeys()})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheBriefly)
	return nil
}

// getRecord describes the record.
//
// @ID       getRecord
// @Summary  The signed record of every revision that was published
// @Description A list that only grows, with one entry for each revision, under a Merkle tree. If you keep a checkpoint, you can prove later that nothing before it was changed. The newest checkpoint is at /record/checkpoint, the tiles at /record/tile/…, as in C2SP tlog-tiles.
// @Tags     record
// @Produce  json
// @Success  200 {object} RecordAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /v1/record [get]
func (a *api) getRecord(c *gin.Context, _ url.Values) error {
	head, signed := a.cfg.Record.Head()
	out := RecordAnswer{Size: head.Size, Root: head.Root.String(), Checkpoint: string(signed), Days: []RecordDay{},
		Keys: a.recordKeys(), Specs: recordSpecs}
	heads := a.cfg.Record.Heads()
	days := slices.Sorted(maps.Keys(heads))
	slices.Reverse(days)
	for _, day := range days[:min(len(days), headsShown)] {
		out.Days = append(out.Days, RecordDay{Day: day, Checkpoint: string(heads[day])})
	}
	p, err := page.New(out)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheCurrent)
	return nil
}

// getCheckpoint answers with the newest signed head.
//
// @ID       getRecordCheckpoint
// @Summary  The newest signed head of the record (C2SP tlog-checkpoint)
// @Tags     record
// @Produce  plain
// @Success  200 {string} string "a signed note"
// @Failure  404 {object} Problem
// @Router   /record/checkpoint [get]
func (a *api) getCheckpoint(c *gin.Context, _ url.Values) error {
	_, signed := a.cfg.Record.Head()
	if signed == nil {
		return faultline.ErrNotFound
	}
	writeNote(c, signed, page.CacheCurrent)
	return nil
}

// getTile answers with one tile of hashes, or one bundle of entries.
//
// @ID       getRecordTile
// @Summary  A tile of the record's tree, or a bundle of its entries (C2SP tlog-tiles)
// @Description The path is LEVEL/N or entries/N, followed by .p/WIDTH if the tile is not full. A tile is a sequence of hashes of 32 bytes. A bundle is a sequence of entries, each preceded by its length in two bytes (big-endian).
// @Tags     record
// @Produce  octet-stream
// @Param    path path string true "such as 0/x001/234, 0/000.p/7 or entries/000.p/7" example(entries/000.p/1)
// @Success  200 {string} binary "hashes or entries"
// @Failure  404 {object} Problem
// @Router   /record/tile/{path} [get]
func (a *api) getTile(c *gin.Context, _ url.Values) error {
	data, err := a.cfg.Record.Tile(c.Request.Context(), "tile"+c.Param("path"))
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, page.File(data, "application/octet-stream"), page.CacheImmutable)
	return nil
}

// getProof proves that a revision is in the record.
//
// @ID       getIncidentRevisionProof
// @Summary  The proof that a revision is in the signed record (C2SP tlog-proof)
// @Description Its extra line is the entry. The entry has the SHA-256 of the revision as /v1/incidents/{id}/revisions/{n} publishes it, without the members meta and hash. The proof exists a second or two after the revision was published.
// @Tags     record
// @Produce  plain
// @Param    id path string true "inc_…"
// @Param    n  path int    true "from 1 on" minimum(1)
// @Success  200 {string} string "a proof as text"
// @Failure  404 {object} Problem
// @Router   /v1/incidents/{id}/revisions/{n}/proof [get]
func (a *api) getProof(c *gin.Context, _ url.Values) error {
	n, err := readRevisionNumber(c.Param("n"))
	if err != nil {
		return err
	}
	p, err := a.cfg.Record.Prove(c.Request.Context(), c.Param("id"), n)
	if err != nil {
		return err
	}
	writeNote(c, p.Text(), page.CacheCurrent)
	return nil
}

// readRevisionNumber reads the number of a revision in a path.
func readRevisionNumber(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, invalidParameter("n", "must be a whole number from 1 on")
	}
	return int(n), nil
}

// writeNote answers with text that others specify.
func writeNote(c *gin.Context, text []byte, cache []string) {
	page.Write(c.Writer, c.Request, page.File(text, "text/plain; charset=utf-8"), cache)
}

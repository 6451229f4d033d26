package dump

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SchemaVersion grows when a file of a dump gets another meaning or loses something.
const SchemaVersion = 2

// manifestName is written last, so that a dump without it is known to be unfinished.
const manifestName = "manifest.json"

// sumsName has the checksums as sha256sum reads them.
const sumsName = "SHA256SUMS"

// OwnFiles are the files that each day has and that its manifest does not list.
var OwnFiles = []string{manifestName, sumsName}

// Manifest says what a dump has. Programs that load a dump should read it first, and
// compare SchemaVersion.
type Manifest struct {
	Day           string `json:"day"` // UTC
	SchemaVersion int    `json:"schema_version"`
	// Observed: a site was observed or an incident was published on that day. If not,
	// nobody looked, and the files say nothing of what worked.
	Observed   bool   `json:"observed"`
	Licence    string `json:"licence"` // SPDX; its text is LICENCE.txt
	LicenceURL string `json:"licence_url"`
	// MinPeople is how few people no count is of; MinReports is how many reports an hour
	// must have to be given.
	MinPeople  int `json:"min_people"`
	MinReports int `json:"min_reports"`
	// RecordKey is the public key of the record, NAME+ID+KEY, that has signed checkpoint.txt;
	// empty: there is no such file.
	RecordKey string `json:"record_key"`
	// Unproven is how many revisions have no line in proofs: they are from before there was a
	// record, or nothing has signed it since.
	Unproven int    `json:"unproven"`
	Files    []File `json:"files"`
}

// File is one file of a dump.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"` // 0 for what is no table
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`           // in lower-case hexadecimal
	Schema string `json:"schema,omitempty"` // below /schemas/ of the server; not there for what has none
}

// schemas are the published schemas of the files.
var schemas = map[string]string{
	"incidents.ndjson.gz": "dump-incidents.schema.json",
	"incidents.parquet":   "dump-incidents-parquet.schema.json",
	"series.ndjson.gz":    "dump-series.schema.json",
	"series.parquet":      "dump-series.schema.json",
	"sites.ndjson.gz":     "dump-sites.schema.json",
	"sites.parquet":       "dump-sites.schema.json",
	"proofs.ndjson.gz":    "dump-proofs.schema.json",
	"proofs.parquet":      "dump-proofs.schema.json",
	codfName:              "dump-codf.schema.json",
}

// texts are the files that each dump has unchanged: what the rows are, and the licence.
//
//go:embed text
var texts embed.FS

// addTexts writes the files that each dump has unchanged.
func (m *Manifest) addTexts(dir string) error {
	entries, err := texts.ReadDir("text")
	if err != nil {
		return fmt.Errorf("read the texts of a dump: %w", err)
	}
	for _, e := range entries {
		body, err := texts.ReadFile("text/" + e.Name())
		if err != nil {
			return fmt.Errorf("read the texts of a dump: %w", err)
		}
		if err := m.add(dir, e.Name(), body, 0); err != nil {
			return err
		}
	}
	return nil
}

// add writes a small file.
func (m *Manifest) add(dir, name string, body []byte, rows int) error {
	if err := os.WriteFile(filepath.Join(dir, name), body, fileMode); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.Sum256(body)
	m.Files = append(m.Files,
		File{Name: name, Rows: rows, Bytes: int64(len(body)), SHA256: hex.EncodeToString(sum[:])})
	return nil
}

// finish writes the checksums and the manifest.
// The manifest comes last of all, because its presence says that the dump is whole.
func (m *Manifest) finish(dir string) error {
	for i, f := range m.Files {
		m.Files[i].Schema = schemas[f.Name]
	}
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	body = append(body, '\n')
	if err := os.WriteFile(filepath.Join(dir, sumsName), []byte(m.sums(body)), fileMode); err != nil {
		return fmt.Errorf("write the checksums: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), body, fileMode); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// sums is the text of SHA256SUMS. The manifest is in it too.
func (m *Manifest) sums(manifest []byte) string {
	var sums strings.Builder
	for _, f := range m.Files {
		fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Name)
	}
	// Two spaces: the format of sha256sum, where the second one stands for text mode.
	fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(manifest), manifestName)
	return sums.String()
}

// ReadManifest reads what [Write] has written last into a directory.
func ReadManifest(dir string) (m Manifest, err error) {
	body, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("read %s: %w", filepath.Join(dir, manifestName), err)
	}
	return m, nil
}

package api

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"time"

	"faultline/board/page"
	"faultline/dump"

	"github.com/gin-gonic/gin"
)

// downloadLimit is how long one file of a dump may take to be read: a hundred megabytes
// over a slow line. Other answers have thirty seconds.
const downloadLimit = 10 * time.Minute

// DumpList is the days that can be had as files.
type DumpList struct {
	Keep    int       `json:"keep"` // how many days this node keeps; 0: it writes none
	Licence string    `json:"licence"`
	Days    []DumpDay `json:"days"` // the newest first
}

// DumpDay is one day (UTC) as files.
type DumpDay struct {
	Day string `json:"day"`
	// Observed: a site was observed or an incident was published on that day. If not,
	// nobody looked.
	Observed      bool       `json:"observed"`
	SchemaVersion int        `json:"schema_version"`
	Manifest      string     `json:"manifest"` // its address
	Files         []DumpFile `json:"files"`
}

// DumpFile is one file of a day.
type DumpFile struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Rows   int    `json:"rows"` // 0 for what is no table
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Schema string `json:"schema"` // the address of its JSON Schema; empty: it has none
}

func (a *api) dumpDay(m dump.Manifest) DumpDay {
	base := a.cfg.Board.PublicURL()
	below := base + "/dumps/" + m.Day + "/"
	d := DumpDay{Day: m.Day, Observed: m.Observed, SchemaVersion: m.SchemaVersion, Manifest: below + "manifest.json",
		Files: make([]DumpFile, 0, len(m.Files))}
	for _, f := range m.Files {
		file := DumpFile{Name: f.Name, URL: below + f.Name, Rows: f.Rows, Bytes: f.Bytes, SHA256: f.SHA256}
		if f.Schema != "" {
			file.Schema = base + "/schemas/" + f.Schema
		}
		d.Files = append(d.Files, file)
	}
	return d
}

// getDumps lists the days that can be had as files.
//
// @ID       getDumps
// @Summary  The days that can be had as files (open data)
// @Description Each node writes the past day (UTC) a quarter of an hour after midnight: incidents with every revision, hours of each site, the list of sites with what they depend on. The page of it is /dumps.
// @Tags     dumps
// @Produce  json
// @Success  200 {object} DumpList
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /dumps/index.json [get]
func (a *api) getDumps(c *gin.Context, _ url.Values) error {
	out := DumpList{Keep: a.cfg.Dumps.Keep(), Licence: "CC-BY-4.0", Days: []DumpDay{}}
	for _, m := range a.cfg.Dumps.Days() {
		out.Days = append(out.Days, a.dumpDay(m))
	}
	p, err := page.New(out)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheBriefly)
	return nil
}

// dumpMedia are the media types of files of a dump, by how their names end. What is
// compressed is said to be bytes: a browser that is told more may unpack it. The rest is
// shown as the text that it is.
var dumpMedia = map[string]string{
	".gz":      "application/octet-stream",
	".parquet": "application/octet-stream",
	".json":    plainText,
	".txt":     plainText,
	"":         plainText, // SHA256SUMS
}

const plainText = "text/plain; charset=utf-8"

// getDump answers with one file of a day.
//
// @ID       getDump
// @Summary  One file of a day of open data
// @Description The names stand in manifest.json of the day, with sizes and checksums. A file never changes. A download that broke off can go on from there: ask with Range, and with the ETag in If-Range.
// @Tags     dumps
// @Produce  plain,octet-stream
// @Param    day  path string true "a day (UTC)" example(2021-06-07)
// @Param    file path string true "such as incidents.ndjson.gz, series.parquet or manifest.json" example(LICENCE.txt)
// @Success  200 {string} string "the file, in its own media type"
// @Header   200 {string} ETag "strong: the SHA-256 of the file"
// @Failure  404 {object} Problem
// @Router   /dumps/{day}/{file} [get]
func (a *api) getDump(c *gin.Context, _ url.Values) error {
	f, file, err := a.cfg.Dumps.Open(c.Param("day"), c.Param("file"))
	if err != nil {
		return err
	}
	defer f.Close()
	control := http.NewResponseController(c.Writer)
	if control.SetWriteDeadline(time.Time{}) == nil { // it fails only where there is no connection, as in a recorder
		expire := time.AfterFunc(downloadLimit, func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) })
		defer expire.Stop()
	}
	h := c.Writer.Header()
	h.Set("ETag", fmt.Sprintf("%q", file.SHA256))
	h["Cache-Control"] = page.CacheImmutable
	h.Set("Content-Type", dumpMedia[path.Ext(file.Name)])
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, f)
	return nil
}

package web

import (
	"context"
	"strings"
	"time"

	"faultline/board/page"
	"faultline/dump"

	"github.com/gin-gonic/gin"
)

// Dumps are the days of open data that this node has on disk. Package dump writes them.
type Dumps interface {
	Days() []dump.Manifest // the newest first
	Keep() int             // how many are kept; 0: none is written
}

// dumpsPage lists the days that can be had as files.
type dumpsPage struct {
	shell
	Rows []dumpRow
	Keep string // empty: this server writes none
}

// dumpRow is one day: how much is in it, and its files. Observed is false if nothing was
// observed on that day, so that an empty file is not read as a quiet day.
type dumpRow struct {
	Day, Revisions, Hours, Size string
	Observed                    bool
	Files                       []dumpLink
}

// dumpLink is one file.
type dumpLink struct{ URL, Name string }

// dumps lists the days. It is short-lived in caches, because a day is added each night.
func (w *Web) dumps(c *gin.Context, v *localizer) error {
	return w.show(c, v, "dumps", func(context.Context) (doc, error) {
		p := dumpsPage{shell: v.shell("/dumps", v.say("dumps.title"), v.say("dumps.lead"))}
		if w.cfg.Dumps != nil && w.cfg.Dumps.Keep() > 0 {
			p.Keep = v.number(w.cfg.Dumps.Keep())
			for _, m := range w.cfg.Dumps.Days() {
				p.Rows = append(p.Rows, v.dumpRow(m))
			}
		}
		return doc{page: "dumps", data: p, cache: page.CacheBriefly}, nil
	})
}

// dumpRow is the row of one day. The text files (README) are the same each day and are not
// linked; the manifest and the checksums are.
func (v *localizer) dumpRow(m dump.Manifest) dumpRow {
	row := dumpRow{Day: m.Day, Observed: m.Observed}
	if day, err := time.Parse(time.DateOnly, m.Day); err == nil {
		row.Day = v.day(day)
	}
	link := func(name string) {
		row.Files = append(row.Files, dumpLink{v.prefix + "/dumps/" + m.Day + "/" + name, name})
	}
	bytes := int64(0)
	for _, f := range m.Files {
		bytes += f.Bytes
		switch f.Name {
		case "incidents.ndjson.gz":
			row.Revisions = v.number(f.Rows)
		case "series.ndjson.gz":
			row.Hours = v.number(f.Rows)
		}
		if !strings.HasSuffix(f.Name, ".txt") {
			link(f.Name)
		}
	}
	link("manifest.json")
	link("SHA256SUMS")
	row.Size = v.say("dumps.kilobytes", "N", v.number(int((bytes+999)/1000)))
	return row
}

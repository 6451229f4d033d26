package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"runtime/debug"

	"faultline"
	"faultline/board/page"
)

// release names what renders pages: templates, words, styles, and the program's own
// revision where the build knows it. A page that another release rendered is rendered
// again if that can be done.
func release() (string, error) {
	sum := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				fmt.Fprintln(sum, s.Key, s.Value)
			}
		}
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		fmt.Fprintln(sum, name, len(body))
		sum.Write(body)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("web: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12]), nil
}

// rendering makes a page. It reports whether the page is final: what it says is true
// permanently, and it may be kept.
type rendering func() (p *page.Page, media string, final bool, err error)

// once returns a page of a revision: as it was kept in memory or on disk, else rendered
// and kept. Articles embed such pages, so that what another release rendered, or what
// the store no longer has, is better than an error.
func (w *Web) once(key string, pol policy, render rendering) (*page.Page, error) {
	if p := w.fixed.Kept(key); p != nil {
		return p, nil
	}
	return w.cache.GetAt(key, w.cfg.Wall(), func() (*page.Page, error) {
		kept := w.disk.read(key)
		if kept != nil && kept.Release == w.release {
			p := kept.page()
			w.fixed.Put(key, p)
			return p, nil
		}
		p, media, final, err := render()
		switch {
		case kept != nil && (err != nil || !final):
			return kept.page(), nil //nolint:nilerr // what was kept is better than an error
		case err != nil || !final:
			return p, err
		}
		p = p.Under(pol.csp)
		w.fixed.Put(key, p)
		w.disk.write(keptPage{Release: w.release, Key: key, Media: media, Policy: pol.csp, body: p.Body()})
		return p, nil
	})
}

// page is what was kept, as it is answered.
func (k *keptPage) page() *page.Page {
	p := page.File(k.body, k.Media)
	if k.Media == mediaPNG {
		p = p.Plain() // its format compresses already
	}
	return p.KeptFor(page.CacheImmutable).Under(k.Policy)
}

// keepWidget renders the widget that an incident's page offers for this revision, so
// that it is there for whoever embeds it, whatever becomes of the store meanwhile.
func (v *localizer) keepWidget(ctx context.Context, inc *faultline.Incident) {
	if inc.ConfirmedAt == nil || v.disk == nil {
		return
	}
	asked := v.asked(v.Lang) // the snippet names the language
	of := fmt.Sprintf("%s@%d", inc.ID, inc.Revision)
	key := asked.keyed(widgetKey(of, widgetOptions{}))
	_, err := v.once(key, v.policies.embed, func() (*page.Page, string, bool, error) {
		p, final, err := asked.made(ctx, func(ctx context.Context) (doc, error) {
			widget, final := asked.incidentWidget(ctx, inc, inc.Revision, widgetOptions{})
			return doc{page: "embed", data: widget, cache: cacheOf(final)}, nil
		})
		return p, mediaHTML, final, err
	})
	if err != nil {
		v.log.WarnContext(ctx, "a widget is not kept", "error", err)
	}
}

package web

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"faultline/atomicfile"
	"faultline/board/page"

	"github.com/prometheus/client_golang/prometheus"
)

// Bounds of what is kept on disk. A widget measures about 4 kB there, so the number of files
// binds first: some file systems get slow beyond it.
var diskBounds = page.Bounds{Bytes: 256 << 20, Pages: 20_000}

// diskMaxBody bounds what one file may unfold to, in bytes, so that a damaged file cannot
// fill the memory.
const (
	diskMaxBody = 4 << 20 // bytes that one file may unfold to
	diskSuffix  = ".gz"
	diskDirMode = 0o700
)

// diskCache keeps pages of revisions on disk. They never change, and articles embed them:
// they must be served when the store is away, and after a restart. The page that nobody has
// asked for longest goes when there are too many. A nil cache keeps nothing: a node without a
// state directory renders each page again.
type diskCache struct {
	dir    string
	bounds page.Bounds
	now    func() time.Time
	log    *slog.Logger
	events *prometheus.CounterVec

	// It guards the three below, and is never held while a file is read or written: a
	// slow disk must not hold up pages that come from memory.
	mu    sync.Mutex
	files map[string]*list.Element // of *diskFile, by name
	order *list.List               // the one used last in front
	bytes int64
}

// diskFile is one file, with its size in bytes and when it was last asked for.
type diskFile struct {
	name string
	size int64
	used time.Time
}

// keptPage is what a file holds: a line of JSON, then the body. The release is kept because a
// newer program may render the same revision differently: whoever reads the file decides
// whether it is still good.
type keptPage struct {
	Release string `json:"release"` // that rendered it
	Key     string `json:"key"`
	Media   string `json:"media"`
	Policy  string `json:"policy"` // the Content-Security-Policy that its style needs
	body    []byte
}

// openDiskCache finds what was kept before, and lets go of what is too much by the bounds,
// which may have changed. It fails where the directory cannot be made.
func openDiskCache(dir string, bounds page.Bounds, now func() time.Time, log *slog.Logger, r prometheus.Registerer,
) (*diskCache, error) {
	s := &diskCache{dir: dir, bounds: bounds, now: now, log: log, files: map[string]*list.Element{}, order: list.New(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_fixed_pages_total",
			Help: "Pages of revisions on disk, by what became of them: read, written, evicted, damaged, failed."},
			[]string{"outcome"})}
	if err := r.Register(s.events); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := os.MkdirAll(dir, diskDirMode); err != nil {
		return nil, fmt.Errorf("web: keep pages: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("web: keep pages: %w", err)
	}
	var found []*diskFile
	for _, e := range entries {
		info, err := e.Info()
		// What somebody else put there is neither counted nor removed.
		if err != nil || !info.Mode().IsRegular() || !strings.HasSuffix(e.Name(), diskSuffix) {
			continue
		}
		// The time of the file is when it was last asked for, see touch.
		found = append(found, &diskFile{name: e.Name(), size: info.Size(), used: info.ModTime()})
	}
	slices.SortFunc(found, func(a, b *diskFile) int {
		return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.name, b.name))
	})
	for _, f := range found {
		// The oldest first, so that the newest ends in front.
		s.add(f)
	}
	s.evict()
	return s, nil
}

// diskName is the file of a key. It is hashed, because a key contains what somebody put into
// an address and must not name a path. 24 bytes of SHA-256 do not collide by chance.
func diskName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:24]) + diskSuffix
}

// read returns what was kept by a key, or nil. A damaged file counts as none and is removed.
func (s *diskCache) read(key string) *keptPage {
	if s == nil {
		return nil
	}
	name := diskName(key)
	s.mu.Lock()
	at := s.files[name]
	if at != nil {
		s.order.MoveToFront(at)
	}
	s.mu.Unlock()
	if at == nil {
		return nil
	}
	path := filepath.Join(s.dir, name)
	p, err := readKept(path)
	// Names are shortened hashes. Should two keys ever share one, the wrong page is not shown.
	if err == nil && p.Key != key {
		err = fmt.Errorf("it holds the page %q", p.Key)
	}
	if err != nil {
		s.events.WithLabelValues("damaged").Inc()
		s.log.Warn("a page on disk is left out", slog.String("file", path), slog.Any("error", err))
		// It is rendered again at the next request.
		s.drop(name)
		return nil
	}
	s.events.WithLabelValues("read").Inc()
	s.touch(name)
	return p
}

// touch writes on disk when a page was asked for, as the file's time of modification: after a
// restart that says which may go first. It returns the time.
func (s *diskCache) touch(name string) time.Time {
	now := s.now()
	// An error changes nothing but the order after a restart.
	_ = os.Chtimes(filepath.Join(s.dir, name), now, now)
	return now
}

// readKept reads a page from the disk. A damaged file is an error, and the caller removes it.
func readKept(path string) (*keptPage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(io.LimitReader(z, diskMaxBody))
	head, err := in.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	p := &keptPage{}
	if err := json.Unmarshal(head, p); err != nil {
		return nil, err
	}
	p.body, err = io.ReadAll(in) // the checksum at the end of gzip tells a damaged file
	return p, err
}

// write keeps a page. A failure costs nothing but the page being rendered again, so it is
// logged and not returned.
func (s *diskCache) write(p keptPage) {
	if s == nil || len(p.body) > diskMaxBody/2 {
		return
	}
	name := diskName(p.Key)
	size, err := writeKept(s.dir, name, p)
	if err != nil {
		s.events.WithLabelValues("failed").Inc()
		s.log.Warn("a page can't be kept on disk", slog.Any("error", err))
		return
	}
	s.events.WithLabelValues("written").Inc()
	used := s.touch(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(name)
	// The file may have been there already, with another size; it was forgotten above, so that it
	// is not counted twice.
	s.add(&diskFile{name: name, size: size, used: used})
	s.evict()
}

// writeKept replaces a file as one: whoever reads it finds the old or the new, never a part.
// It returns the file's size.
func writeKept(dir, name string, p keptPage) (size int64, err error) {
	head, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(append(head, '\n')) // a buffer takes everything
	_, _ = z.Write(p.body)
	_ = z.Close()
	f, err := atomicfile.Create(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	defer f.Abandon()
	if _, err := f.Write(packed.Bytes()); err != nil {
		return 0, err
	}
	// A page that a power failure damages is rendered again: gzip's checksum finds it out.
	if err := f.CommitUnsynced(); err != nil {
		return 0, err
	}
	return int64(packed.Len()), nil
}

// drop removes a file that cannot be used.
func (s *diskCache) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(name)
	s.remove(name)
}

// add, forget and evict are called with mu held, or before anybody else has the cache.
func (s *diskCache) add(f *diskFile) {
	s.files[f.name] = s.order.PushFront(f)
	s.bytes += f.size
}

// forget removes a file from the lists. The caller holds the lock.
func (s *diskCache) forget(name string) {
	if at := s.files[name]; at != nil {
		s.bytes -= at.Value.(*diskFile).size
		s.order.Remove(at)
		delete(s.files, name)
	}
}

// evict removes the least recently used files until the bounds hold. The caller holds the lock.
func (s *diskCache) evict() {
	for len(s.files) > s.bounds.Pages || s.bytes > int64(s.bounds.Bytes) {
		oldest := s.order.Back().Value.(*diskFile)
		s.forget(oldest.name)
		s.remove(oldest.name)
		s.events.WithLabelValues("evicted").Inc()
	}
}

// remove deletes a file. That it is gone already is fine; another failure costs disk space and is
// logged.
func (s *diskCache) remove(name string) {
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a page on disk can't be removed", slog.Any("error", err))
	}
}

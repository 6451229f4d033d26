package page

import (
	"errors"
	"sync"
	"time"
)

// errNotRendered is what readers get who waited for a page whose rendering
// panicked.
var errNotRendered = errors.New("a page that could not be rendered")

// Bounds say what a cache holds at most.
type Bounds struct {
	Bytes int // of bodies without an encoding, and of keys
	Pages int
	// Life is how long a page is good; 0: as long as the cache.
	Life time.Duration
}

// Cache keeps pages that were rendered on demand. A page is rendered once for
// everybody who asks for it meanwhile. It is safe for concurrent use.
type Cache struct {
	bounds Bounds
	mu     sync.Mutex
	slots  map[string]*slot
	bytes  int
}

// slot is one page, there once ready is closed.
type slot struct {
	ready chan struct{}
	page  *Page
	err   error
	size  int
	since time.Time // of the clock of whoever asked first
	kept  bool      // it counts among the bytes
}

// NewCache returns an empty cache.
func NewCache(bounds Bounds) *Cache { return &Cache{bounds: bounds, slots: map[string]*slot{}} }

// Get returns the page by that key, of a cache without [Bounds.Life].
func (c *Cache) Get(key string, render func() (*Page, error)) (*Page, error) {
	return c.GetAt(key, time.Time{}, render)
}

// GetAt returns the page by that key as of now. A failure goes to those who wait
// for it, and is not kept. When the cache is full, pages are rendered for each
// request and sent without an encoding: nobody can make us compress by asking for
// many.
func (c *Cache) GetAt(key string, now time.Time, render func() (*Page, error)) (*Page, error) {
	c.mu.Lock()
	if s := c.slots[key]; s != nil {
		if c.good(s, now) {
			c.mu.Unlock()
			<-s.ready
			return s.page, s.err
		}
		c.drop(key, s)
	}
	if c.full() {
		c.sweep(now)
	}
	if c.full() {
		c.mu.Unlock()
		p, err := render()
		if err != nil {
			return nil, err
		}
		return p.Plain(), nil
	}
	s := &slot{ready: make(chan struct{}), err: errNotRendered, since: now}
	c.slots[key] = s
	c.mu.Unlock()
	defer c.finish(key, s)
	s.page, s.err = render()
	return s.page, s.err
}

// Kept returns a page that was put or rendered before, or nil. It does not wait for
// one that is being rendered.
func (c *Cache) Kept(key string) *Page {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.slots[key]; s != nil && s.kept {
		return s.page
	}
	return nil
}

// Put keeps a page that never changes. Where there is no room, another one goes.
func (c *Cache) Put(key string, p *Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(p.identity.body) + len(key)
	if c.slots[key] != nil || size > c.bounds.Bytes {
		return
	}
	for other, s := range c.slots {
		if !c.full() && c.bytes+size <= c.bounds.Bytes {
			break
		}
		c.drop(other, s)
	}
	ready := make(chan struct{})
	close(ready)
	c.slots[key] = &slot{ready: ready, page: p, size: size, kept: true}
	c.bytes += size
}

// full reports whether another page would pass a bound; the caller holds the lock.
func (c *Cache) full() bool { return c.bytes >= c.bounds.Bytes || len(c.slots) >= c.bounds.Pages }

// good reports whether a page that was asked for at s.since may be shown now. A
// clock that was set back makes it old.
func (c *Cache) good(s *slot, now time.Time) bool {
	return c.bounds.Life == 0 || !now.Before(s.since) && now.Before(s.since.Add(c.bounds.Life))
}

// sweep lets go of pages that are no longer good.
func (c *Cache) sweep(now time.Time) {
	for key, s := range c.slots {
		if !c.good(s, now) {
			c.drop(key, s)
		}
	}
}

// drop forgets a page, unless another one has taken its place; the caller holds the lock.
func (c *Cache) drop(key string, s *slot) {
	if c.slots[key] != s {
		return
	}
	delete(c.slots, key)
	if s.kept {
		c.bytes -= s.size
	}
}

// finish keeps a page for which there is room.
func (c *Cache) finish(key string, s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(s.ready)
	if s.err != nil {
		c.drop(key, s)
		return
	}
	s.size = len(s.page.identity.body) + len(key)
	if c.slots[key] != s || c.bytes+s.size > c.bounds.Bytes {
		c.drop(key, s)
		return
	}
	s.kept = true
	c.bytes += s.size
}

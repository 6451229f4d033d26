package api

import "sync"

// What a cache of pages holds at most: bytes of bodies, and pages.
const (
	maxCachedBytes = 16 << 20
	maxCachedPages = 4_096
)

// pageCache keeps what was rendered on demand, for as long as its snapshot holds.
// Who asks for what is being rendered waits for it: it is rendered once.
type pageCache struct {
	mu    sync.Mutex
	slots map[string]*slot
	bytes int
}

// slot is one page, there once ready is closed.
type slot struct {
	ready chan struct{}
	page  *page
	err   error
}

func newPageCache() *pageCache { return &pageCache{slots: map[string]*slot{}} }

// get returns the page by that key. A failure is told to those who wait for it,
// and not kept. When the cache is full, pages are rendered for each request, and
// go without encodings: nobody can make us compress by asking for many.
func (c *pageCache) get(key string, render func() (*page, error)) (*page, error) {
	c.mu.Lock()
	if s := c.slots[key]; s != nil {
		c.mu.Unlock()
		<-s.ready
		return s.page, s.err
	}
	if c.bytes >= maxCachedBytes || len(c.slots) >= maxCachedPages {
		c.mu.Unlock()
		p, err := render()
		if err != nil {
			return nil, err
		}
		return p.plain(), nil
	}
	s := &slot{ready: make(chan struct{}), err: errNotRendered}
	c.slots[key] = s
	c.mu.Unlock()
	defer c.finish(key, s)
	s.page, s.err = render()
	return s.page, s.err
}

// finish keeps a page for which there is room.
func (c *pageCache) finish(key string, s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(s.ready)
	if s.err == nil && c.bytes+len(s.page.identity.body)+len(key) <= maxCachedBytes {
		c.bytes += len(s.page.identity.body) + len(key)
		return
	}
	delete(c.slots, key)
}

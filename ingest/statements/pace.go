package statements

import (
	"net/http"
	"strconv"
	"time"
)

const (
	// backoffMost is the longest pause after failures, unless a page asks for more;
	// patienceMost bounds what it may ask for.
	backoffMost  = 30 * time.Minute
	patienceMost = 24 * time.Hour
)

// after notes how asking went and returns how long to wait before the page is asked
// again: the usual time, what the page wants (Retry-After), or ever longer after
// failures. It logs the first failure of a page and its end, not each.
func (p *Poller) after(f *follower, asked time.Duration, err error) time.Duration {
	if err == nil {
		if f.failures > 0 {
			p.failed.Add(-1)
			p.cfg.Log.Debug("a status page answers again", "source", f.source.Name)
		}
		f.failures = 0
		return max(p.cfg.Every, asked)
	}
	p.cfg.Metrics.polls.WithLabelValues("failed").Inc()
	if f.failures == 0 {
		// Without a way out all of them fail: that is one thing to say and not many.
		if n := p.failed.Add(1); n < int64(len(p.cfg.Sources)) {
			p.cfg.Log.Debug("a status page can't be read", "source", f.source.Name, "url", f.source.URL, "error", err)
		} else {
			p.cfg.Log.Warn("no status page can be read; trying on", "sources", n, "error", err)
		}
	}
	f.failures++
	return max(backoff(p.cfg.Every, f.failures), asked)
}

// backoff doubles the pause with each failure in a row, up to backoffMost: a page that
// is down during an outage has other things to do than answer us.
func backoff(every time.Duration, failures int) time.Duration {
	wait := every
	for range failures {
		if wait *= 2; wait >= backoffMost {
			return max(every, backoffMost)
		}
	}
	return wait
}

// patience reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
func patience(value string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(min(seconds, int(patienceMost/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), patienceMost)
}

package probe

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// shuffle spreads connections over all addresses of a site, so that one broken address of many is
// found in time.
func shuffle(a []netip.Addr) {
	rand.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
}

// isHost reports whether s is a name that may be asked for: letters, digits,
// hyphens, underscores, at least one dot, and no address in any spelling: a last
// label of digits makes one for a browser (127.1, 0x7f.1).
func isHost(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	last := s[strings.LastIndexByte(s, '.')+1:]
	isNumber := last == "" || readDigits([]byte(last)) >= 0 || strings.HasPrefix(last, "0x")
	return !isNumber && len(s) <= 253 && strings.Contains(s, ".")
}

// placeOf reads a URL that [place.url] wrote; false if it is none that a check goes to.
// It comes back from the schedule, and for agents over the network, so it is checked
// again.
func placeOf(text string) (place, bool) {
	rest, secure := strings.CutPrefix(text, "https://")
	if !secure {
		var plain bool
		if rest, plain = strings.CutPrefix(text, "http://"); !plain {
			return place{}, false
		}
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 || !isHost(rest[:slash]) || !printable(rest) || strings.IndexByte(rest, ' ') >= 0 {
		return place{}, false
	}
	return place{secure, rest[:slash], rest[slash:]}, true
}

// ways are where a check may begin, in the order in which they are tried: where the
// last check ended, and then what a person may type, with and without TLS and www.
// beyond says that the first is none of what a person types.
func (l *checkRun) ways(path string) (all []place, beyond bool) {
	all = append(all, place{true, l.task.Site, path}, place{false, l.task.Site, path})
	if !strings.HasPrefix(l.task.Site, "www.") {
		all = append(all, place{true, "www." + l.task.Site, path}, place{false, "www." + l.task.Site, path})
	}
	p, ok := placeOf(l.task.Entry)
	if !ok || path != "/" {
		return all, false
	}
	typed := slices.Contains(all, p)
	return append([]place{p}, all...), !typed
}

// enter asks the ways in until one answers. A site is reachable if a browser would
// reach it by any. The failure that is reported is that of the way that led furthest,
// and of the first among equals.
func (l *checkRun) enter(ctx context.Context, path string) (answer, error) {
	// A site is judged by the attempt that got furthest, because a visitor's browser also ends
	// there.
	var best error
	var failed []failedWay
	ways, beyond := l.ways(path)
	for i, way := range ways {
		if !worthTrying(way, failed) {
			continue
		}
		a, err := l.ask(ctx, way)
		if err == nil || isUnknown(err) {
			return a, err
		}
		if best == nil || depth(err) > depth(best) {
			best = err
			l.saveSeen()
		}
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, failedWay{way, err, i == 0 && beyond})
		l.task.ETag = ""
	}
	l.restoreSeen()
	return answer{}, best
}

// failedWay is a way in that failed, with its error.
type failedWay struct {
	place
	err   error
	entry bool // where an earlier check ended, and not what a person types
}

// worthTrying says, by what failed before, whether a way in may lead further. A dead
// site would otherwise cost four timeouts each time, and hold its workers for as long.
func worthTrying(way place, failed []failedWay) bool {
	for _, f := range failed {
		detail, step := nature(f.err)
		sameHost := f.host == way.host
		switch {
		case f.place == way:
			return false
		case step == StepResolve && sameHost: // the name has no address for the other port either
			return false
		case step == StepConnect && sameHost && f.secure == way.secure:
			return false
		case step == StepSecure && (sameHost || !way.secure): // a browser warns, and does not go round
			return false
		case step == StepSecure && detail != tlsName && !f.entry:
			return false
		case step >= StepAsk && !f.entry:
			return false
		}
	}
	return true
}

// nature says in which step a way in failed, and for TLS with what detail.
func nature(err error) (detail string, step Step) {
	var dns *DNSError
	var broken *stepError
	switch {
	case errors.As(err, &dns):
		return dns.Kind, StepResolve
	case errors.As(err, &broken):
		if broken.step == StepSecure {
			detail = tlsDetail(broken.err)
		}
		return detail, broken.step
	}
	return "", StepConnect // no evidence
}

// depth is how much a failure says: how far the check got.
func depth(err error) int {
	_, step := nature(err)
	return int(step)
}

// isUnknown reports whether a check could not be made as a browser makes it.
func isUnknown(err error) bool {
	var unknown *unknownError
	var guarded *guardedError
	return errors.As(err, &unknown) || errors.As(err, &guarded)
}

// robotName is what a robots.txt calls us.
const robotName = "faultline"

// declines asks the site's robots.txt (RFC 9309) whether it wants to be probed.
// We ask for one page as a visitor does and crawl nothing, so that rules for
// crawlers at large are not meant for us: only a group that names us is.
func (l *checkRun) declines(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, l.c.longer(consentLimit))
	defer cancel()
	a, err := l.walk(ctx, "/robots.txt")
	// A robots.txt that cannot be read forbids nothing here: a site that fails must be seen to fail.
	// What the walk left in the run is cleared, or the check would
	// start with its timings and cookies.
	no := err == nil && a.status == http.StatusOK && namesUs(a.body)
	l.ph, l.note, l.obs, l.cookies = Phases{}, "", Observation{}, nil
	return no
}

// namesUs reports whether a robots.txt has a group for us that disallows everything.
// Other rules are not for us, since we ask for one page. A file that is longer than
// what is read is read as far as that.
func namesUs(text []byte) bool {
	ours, rules := false, false
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		key, value, _ := strings.Cut(string(line), ":")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch key {
		case "user-agent":
			if rules { // rules end a group
				ours, rules = false, false
			}
			ours = ours || strings.EqualFold(value, robotName)
		case "disallow", "allow":
			if rules = true; ours && key == "disallow" && value == "/" {
				return true
			}
		}
	}
	return false
}

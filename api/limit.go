package api

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Limiter says who may knock how often. Package ingest has it.
type Limiter interface {
	// Person takes one request of what an address and its prefix may do.
	Person(addr netip.Addr) faultline.Allowance
	// Token takes one request of what a token's subject may do.
	Token(subject string) faultline.Allowance
}

// ReadLimiter says who may read how often. Package ingest has it.
type ReadLimiter interface {
	// Read takes one read of what a reader may; a conditional one may be owed.
	Read(who faultline.Reader, conditional bool) faultline.Allowance
	// Unread gives it back.
	Unread(who faultline.Reader)
	// Stream takes one of the streams that a reader may have open at once, which
	// release gives back; it reports false when there are none left.
	Stream(who faultline.Reader) (release func(), ok bool)
}

// What is said to who is refused.
const (
	tooManySent  = "That is more than one client may send. Try again after Retry-After seconds."
	tooManyReads = "That is more than one reader may ask. Try again after Retry-After seconds; an answer that is " +
		"asked for with the ETag that you hold, and has not changed, costs nothing; a token may ask more."
	tooManyStreams = "That is more streams than one reader may have open. Close one, or ask now and then."
)

// streamPatience is when a reader with too many streams may try again.
const streamPatience = 10 * time.Second

// The fields of draft-ietf-httpapi-ratelimit-headers-11.
const (
	headerPolicy = "Ratelimit-Policy" // as net/http writes RateLimit-Policy
	headerLimit  = "Ratelimit"
)

// limit stands in front of everything that is sent to us, whoever sends it and
// whatever it holds: it costs less than to look. Reads have a limit of their own, and
// what assistants send are reads.
func (a *api) limit(c *gin.Context) {
	if a.cfg.Limits == nil || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead ||
		c.Request.Method == http.MethodOptions || c.FullPath() == routeMCP {
		return
	}
	addr, err := clientAddr(c)
	if err == nil {
		err = admit(c, a.cfg.Limits.Person(addr), tooManySent)
	}
	if err != nil {
		a.refuse(c, err)
	}
}

// reader is who reads. A token that is not good is refused, rather than taken for none: its bearer
// should learn that.
func (a *api) reader(c *gin.Context) (faultline.Reader, error) {
	addr, err := clientAddr(c)
	if err != nil || !hasBearer(c) {
		return faultline.Reader{Addr: addr}, err
	}
	who, err := a.bearer(c)
	return faultline.Reader{Addr: addr, Token: who.Subject}, err
}

// openStream takes one of the streams that the reader may have open.
func (a *api) openStream(c *gin.Context) (release func(), err error) {
	if a.cfg.Reads == nil {
		return func() {}, nil
	}
	who, err := a.reader(c)
	if err != nil {
		return nil, err
	}
	release, ok := a.cfg.Reads.Stream(who)
	if !ok {
		return nil, &refusal{
			status:     http.StatusTooManyRequests,
			retryAfter: seconds(streamPatience),
			detail:     tooManyStreams,
		}
	}
	return release, nil
}

// noteProxy says once that somebody was refused who may stand for many: behind a
// proxy that is not trusted all readers are one.
func (a *api) noteProxy(c *gin.Context) {
	if c.Request.Header["X-Forwarded-For"] == nil || c.ClientIP() != c.RemoteIP() {
		return
	}
	a.saidProxy.Do(func() {
		a.log.Warn(
			"a reader was refused whose request names another address in X-Forwarded-For, which is not trusted: if " +
				"that is a proxy of yours, name it in --trusted-proxies, or all its readers count as one",
		)
	})
}

// admit tells a client how it stands, and refuses it when nothing is left. What
// it told of an earlier quota, of the address that a token came from say, gives
// way.
func admit(c *gin.Context, al faultline.Allowance, detail string) error {
	stand(c.Writer.Header(), al)
	if al.OK {
		return nil
	}
	return &refusal{status: http.StatusTooManyRequests, retryAfter: max(1, seconds(al.RetryAfter)), detail: detail}
}

// stand says in the header of an answer how a client stands with its quotas.
func stand(h http.Header, al faultline.Allowance) {
	var policyBuffer, stateBuffer [96]byte
	policy, state := policyBuffer[:0], stateBuffer[:0]
	for _, q := range al.Quotas {
		if q.Name == "" {
			continue
		}
		if len(policy) > 0 {
			policy, state = append(policy, ", "...), append(state, ", "...)
		}
		policy = field(policy, q.Name, "q", q.Limit, "w", seconds(q.Window))
		state = field(state, q.Name, "r", q.Remaining, "t", seconds(q.Reset))
	}
	values := [2]string{string(policy), string(state)} // one piece of memory for both
	h[headerPolicy], h[headerLimit] = values[0:1:1], values[1:2:2]
}

// field appends one item of a structured field (RFC 9651): "name";a=1;b=2. Names
// are words of ours, which need no escapes.
func field(b []byte, name, a string, x int, w string, y int) []byte {
	b = append(append(append(b, '"'), name...), '"')
	b = append(append(append(b, ';'), a...), '=')
	b = strconv.AppendInt(b, int64(x), 10)
	b = append(append(append(b, ';'), w...), '=')
	return strconv.AppendInt(b, int64(y), 10)
}

// seconds rounds up: who comes back then is let in.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

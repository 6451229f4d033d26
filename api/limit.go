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

// The fields of draft-ietf-httpapi-ratelimit-headers-10.
const (
	headerPolicy = "Ratelimit-Policy" // as net/http writes RateLimit-Policy
	headerLimit  = "Ratelimit"
)

// limit stands in front of everything that is sent to us, whoever sends it and
// whatever it holds: it costs less than to look. Reads are answered from memory
// and need none of it.
func (a *api) limit(c *gin.Context) {
	if a.cfg.Limits == nil || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead || c.Request.Method == http.MethodOptions {
		return
	}
	addr, err := clientAddr(c)
	if err == nil {
		err = admit(c, a.cfg.Limits.Person(addr))
	}
	if err != nil {
		a.refuse(c, err)
	}
}

// authoriseSender is authorise for what is sent in: each token has a quota.
func (a *api) authoriseSender(c *gin.Context, scope string) (Claims, error) {
	who, err := a.authorise(c, scope)
	if err == nil && a.cfg.Limits != nil {
		err = admit(c, a.cfg.Limits.Token(who.Subject))
	}
	return who, err
}

// admit tells a client how it stands, and refuses it when nothing is left. What
// it told of an earlier quota, of the address that a token came from say, gives
// way.
func admit(c *gin.Context, al faultline.Allowance) error {
	var policyRoom, stateRoom [96]byte
	policy, state := policyRoom[:0], stateRoom[:0]
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
	h := c.Writer.Header()
	values := [2]string{string(policy), string(state)} // one piece of memory for both
	h[headerPolicy], h[headerLimit] = values[0:1:1], values[1:2:2]
	if al.OK {
		return nil
	}
	return &refusal{status: http.StatusTooManyRequests, retryAfter: max(1, seconds(al.RetryAfter)),
		detail: "That is more than one client may send. Try again after Retry-After seconds."}
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

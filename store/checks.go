package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// Bounds of the checks that people ask for, whoever asks.
const (
	// Every vantage makes each check, so that a request costs as many checks as there are
	// vantages.
	checksEachMinute = 240 // of everybody together
	checksOfPrefix   = 20  // of one prefix in a minute
	maxAsked         = 100 // at one time
	maxCheckVantages = 32  // whose results one check keeps
	// answerGrace is how long after its window a check still takes a result: a
	// vantage may have begun at the very end.
	answerGrace = 15 * time.Second
	// maxAnswers bounds the results that one call brings.
	maxAnswers = 128
)

// AskCheck notes that a person of a prefix (a pseudonym) wants a site checked
// that is not on the map, and returns the id by which [Store.Check] finds it. It
// fails with [faultline.BusyError] when that prefix, or everybody together, has
// asked for too many.
func (s *Store) AskCheck(ctx context.Context, site, prefix string, now time.Time) (id string, err error) {
	const op = "ask for a check"
	minute := askedMinuteKey(now.Unix() / 60)
	answer, err := s.scripts.ask.Run(ctx, s.writes, []string{keyAsked, minute, checkKey(site)},
		site, now.UnixMilli(), now.Add(faultline.CheckWindow).UnixMilli(), checksEachMinute, maxAsked,
		prefix, checksOfPrefix, strings.ToLower(rand.Text()), faultline.CheckLife.Milliseconds()).Text()
	if err != nil {
		return "", s.fail(op, err)
	}
	// The script answers with the id of the check, or with the name of the limit that it
	// would pass. Counting and adding are one step there, so that many requests at one
	// moment can't pass a limit.
	switch limit := faultline.Limit(answer); limit {
	case faultline.LimitPrefix, faultline.LimitAll:
		next := now.Truncate(time.Minute).Add(time.Minute)
		return "", faultline.BusyError{RetryAfter: next.Sub(now), Limit: limit}
	}
	return answer + "." + site, nil
}

// AnswerChecks keeps those of the results whose sites somebody asked to have
// checked, and says of each whether it was kept. At most 128 are taken.
func (s *Store) AnswerChecks(ctx context.Context, results []faultline.Probe, now time.Time) ([]bool, error) {
	const op = "answer checks"
	taken := make([]bool, len(results))
	if len(results) == 0 {
		return taken, nil
	}
	first := results[:min(len(results), maxAnswers)]
	keys := make([]string, len(first))
	args := []any{now.Add(-answerGrace).UnixMilli(), maxCheckVantages}
	for i, p := range first {
		body, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		keys[i] = checkKey(p.Site)
		args = append(args, p.Vantage, body)
	}
	answer, err := s.scripts.answer.Run(ctx, s.writes, keys, args...).Int64Slice()
	if err != nil {
		return nil, s.fail(op, err)
	}
	for i := range min(len(answer), len(first)) {
		taken[i] = answer[i] == 1
	}
	return taken, nil
}

// Check returns a check by the id that [Store.AskCheck] gave. It fails with
// [faultline.ErrNotFound] when there is none, or none any more.
func (s *Store) Check(ctx context.Context, id string, now time.Time) (faultline.Check, error) {
	const op = "read a check"
	secret, site, _ := strings.Cut(id, ".")
	fields, err := s.reads.HGetAll(ctx, checkKey(site)).Result()
	if err != nil {
		return faultline.Check{}, s.fail(op, err)
	}
	// The id holds a secret, so that only whoever asked can read the results: which sites
	// somebody asks about says something of that person.
	if secret == "" || fields["id"] != secret {
		return faultline.Check{}, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	asked, err := strconv.ParseInt(fields["asked"], 10, 64)
	if err != nil {
		return faultline.Check{}, fmt.Errorf("%s: %w", op, err)
	}
	c := faultline.Check{ID: id, Site: site, AskedAt: time.UnixMilli(asked).UTC(), Results: []faultline.Probe{}}
	for field, body := range fields {
		if !strings.HasPrefix(field, "v:") {
			continue
		}
		var p faultline.Probe
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			return faultline.Check{}, fmt.Errorf("%s: %w", op, err)
		}
		c.Results = append(c.Results, p)
	}
	slices.SortFunc(c.Results, func(a, b faultline.Probe) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Vantage, b.Vantage))
	})
	c.Judge()
	c.Pending = len(c.Results) == 0 && now.Sub(c.AskedAt) < faultline.CheckWindow
	return c, nil
}

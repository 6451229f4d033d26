package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"faultline"
)

// Bounds of notices: what checks and providers say of the time to come.
const (
	// maxCertificates bounds the sites whose certificates end soon.
	maxCertificates = 10_000
	// certificateLife is how long it is believed when a certificate ends after it was seen.
	certificateLife = 2 * time.Hour
	// maintenanceLife is how long announcements are kept of a page that can't be read.
	maintenanceLife = 26 * time.Hour
	// maxPages bounds the pages that announcements are kept of.
	maxPages = 1_000
)

// announced is what one page announces, with when it was read: what a page said that can't
// be read any more is dropped after maintenanceLife.
type announced struct {
	ReadAt time.Time               `json:"read_at"`
	List   []faultline.Maintenance `json:"list"`
}

// SaveCertificates notes when certificates end. Sites beyond maxCertificates are left out;
// what is known of a site already is replaced however many there are.
func (s *Store) SaveCertificates(ctx context.Context, list []faultline.Certificate) error {
	const op = "save certificates"
	if len(list) == 0 {
		return nil
	}
	sites := make([]string, len(list))
	for i, c := range list {
		sites[i] = c.Site
	}
	read := s.reads.Pipeline()
	size, known := read.HLen(ctx, keyCertificates), read.HMGet(ctx, keyCertificates, sites...)
	if _, err := read.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	// How many fit is worked out before the write, so that several nodes at one moment may
	// pass the bound by a batch. The whole expires two hours after the last write.
	free := maxCertificates - int(size.Val())
	pipe := s.writes.TxPipeline()
	for i, c := range list {
		if known.Val()[i] == nil {
			if free--; free < 0 {
				continue
			}
		}
		body, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		pipe.HSet(ctx, keyCertificates, c.Site, body)
	}
	pipe.PExpire(ctx, keyCertificates, certificateLife)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// ForgetCertificates forgets what was noted of sites.
// It is called for sites whose certificate was seen renewed.
func (s *Store) ForgetCertificates(ctx context.Context, sites []string) error {
	if err := s.writes.HDel(ctx, keyCertificates, sites...).Err(); err != nil {
		return s.fail("forget certificates", err)
	}
	return nil
}

// Certificates returns those that end soon, in order of site.
func (s *Store) Certificates(ctx context.Context, now time.Time) ([]faultline.Certificate, error) {
	all, err := recent(ctx, s, "read certificates", keyCertificates, now.Add(-certificateLife),
		func(c faultline.Certificate) time.Time { return c.SeenAt })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b faultline.Certificate) int { return cmp.Compare(a.Site, b.Site) })
	return all, nil
}

// SaveMaintenances replaces what one page announces.
func (s *Store) SaveMaintenances(ctx context.Context, page string, list []faultline.Maintenance, now time.Time) error {
	const op = "save announcements"
	// A page that announces more than the bound loses the end of its list.
	body, err := json.Marshal(announced{now, list[:min(len(list), faultline.MaxMaintenances)]})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	read := s.reads.Pipeline()
	size, known := read.HLen(ctx, keyMaintenances), read.HExists(ctx, keyMaintenances, page)
	if _, err := read.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	if n := size.Val(); n >= maxPages && !known.Val() {
		return fmt.Errorf("%s: %w: %d pages", op, ErrTooLarge, n)
	}
	pipe := s.writes.TxPipeline()
	pipe.HSet(ctx, keyMaintenances, page, body)
	pipe.PExpire(ctx, keyMaintenances, maintenanceLife)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Maintenances returns what pages announce, what begins first in front.
func (s *Store) Maintenances(ctx context.Context, now time.Time) ([]faultline.Maintenance, error) {
	pages, err := recent(ctx, s, "read announcements", keyMaintenances, now.Add(-maintenanceLife),
		func(a announced) time.Time { return a.ReadAt })
	if err != nil {
		return nil, err
	}
	var all []faultline.Maintenance
	for _, page := range pages {
		all = append(all, page.List...)
	}
	// A total order, so that two nodes show the same list.
	slices.SortFunc(all, func(a, b faultline.Maintenance) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Text, b.Text))
	})
	return all, nil
}

// recent returns the entries of a hash that were noted at or after a time, in no order.
// It forgets the others, and those that it can't read.
func recent[T any](ctx context.Context, s *Store, op, key string, since time.Time, at func(T) time.Time) ([]T, error) {
	fields, err := s.reads.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	all, gone := []T{}, []string{}
	for field, body := range fields {
		var entry T
		if json.Unmarshal([]byte(body), &entry) != nil || at(entry).Before(since) {
			gone = append(gone, field)
			continue
		}
		all = append(all, entry)
	}
	// Removed while reading: no other task would ever look at them.
	if len(gone) > 0 {
		if err := s.writes.HDel(ctx, key, gone...).Err(); err != nil {
			return nil, s.fail(op, err)
		}
	}
	return all, nil
}

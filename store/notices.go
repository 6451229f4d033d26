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

// announced is what one page announces.
type announced struct {
	ReadAt time.Time               `json:"read_at"`
	List   []faultline.Maintenance `json:"list"`
}

// SaveCertificates notes when certificates end. Those beyond maxCertificates are left out.
func (s *Store) SaveCertificates(ctx context.Context, list []faultline.Certificate) error {
	const op = "save certificates"
	n, err := s.reads.HLen(ctx, keyCertificates).Result()
	if err != nil {
		return s.fail(op, err)
	}
	pipe := s.writes.TxPipeline()
	for _, c := range list[:max(0, min(len(list), maxCertificates-int(n)))] {
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
func (s *Store) ForgetCertificates(ctx context.Context, sites []string) error {
	if err := s.writes.HDel(ctx, keyCertificates, sites...).Err(); err != nil {
		return s.fail("forget certificates", err)
	}
	return nil
}

// Certificates returns those that end soon, in order of site.
func (s *Store) Certificates(ctx context.Context, now time.Time) ([]faultline.Certificate, error) {
	const op = "read certificates"
	fields, err := s.reads.HGetAll(ctx, keyCertificates).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	var all []faultline.Certificate
	var gone []string
	for site, body := range fields {
		var c faultline.Certificate
		if json.Unmarshal([]byte(body), &c) != nil || now.Sub(c.SeenAt) > certificateLife {
			gone = append(gone, site)
			continue
		}
		all = append(all, c)
	}
	if len(gone) > 0 {
		if err := s.ForgetCertificates(ctx, gone); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b faultline.Certificate) int { return cmp.Compare(a.Site, b.Site) })
	return all, nil
}

// SaveMaintenances replaces what one page announces.
func (s *Store) SaveMaintenances(ctx context.Context, page string, list []faultline.Maintenance, now time.Time) error {
	const op = "save announcements"
	body, err := json.Marshal(announced{now, list[:min(len(list), faultline.MaxMaintenances)]})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	n, err := s.reads.HLen(ctx, keyMaintenances).Result()
	if err != nil {
		return s.fail(op, err)
	}
	if n >= maxPages {
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
	const op = "read announcements"
	fields, err := s.reads.HGetAll(ctx, keyMaintenances).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	var all []faultline.Maintenance
	var gone []string
	for page, body := range fields {
		var a announced
		if json.Unmarshal([]byte(body), &a) != nil || now.Sub(a.ReadAt) > maintenanceLife {
			gone = append(gone, page)
			continue
		}
		all = append(all, a.List...)
	}
	if len(gone) > 0 {
		if err := s.writes.HDel(ctx, keyMaintenances, gone...).Err(); err != nil {
			return nil, s.fail(op, err)
		}
	}
	slices.SortFunc(all, func(a, b faultline.Maintenance) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Text, b.Text))
	})
	return all, nil
}

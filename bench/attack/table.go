package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// answer is a cell with its price.
type answer struct {
	cell
	price
}

// table prints the prices in Markdown: a row for each goal and number of lying
// vantages, a column for each kind of probing.
func table(answers []answer, wanted []probing) string {
	var b strings.Builder
	b.WriteString("| to bring about | lying vantages |")
	for _, pr := range wanted {
		b.WriteString(" " + pr.title + " |")
	}
	b.WriteString("\n| --- | ---: |" + strings.Repeat(" --- |", len(wanted)) + "\n")
	rows := map[string][]answer{}
	var order []string
	for _, a := range answers {
		key := fmt.Sprintf("| %s | %d |", a.goal.title, a.liars)
		if rows[key] == nil {
			order = append(order, key)
		}
		rows[key] = append(rows[key], a)
	}
	for _, key := range order {
		b.WriteString(key)
		for _, pr := range wanted {
			b.WriteString(" " + textAt(rows[key], pr) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// textAt is the field of one kind of probing.
func textAt(row []answer, pr probing) string {
	for _, a := range row {
		if a.probing.name != pr.name {
			continue
		}
		if a.how == "" {
			return a.text()
		}
		return a.text() + " (" + a.how + ")"
	}
	return "–"
}

// The table of a document stands between these lines, so that prose around it is not touched.
const (
	tableBegins = "<!-- prices: written by make attack -->\n"
	tableEnds   = "<!-- end of prices -->\n"
)

// save puts the table into a document, between the lines that mark its place.
func save(path, table string) error {
	doc, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document for the table: %w", err)
	}
	before, rest, begins := bytes.Cut(doc, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table between %q and %q", path, strings.TrimSpace(tableBegins),
			strings.TrimSpace(tableEnds))
	}
	out := string(before) + tableBegins + table + tableEnds + string(after)
	if err := os.WriteFile(path, []byte(out), 0o644); err != nil { //nolint:gosec // a document that everyone may read
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

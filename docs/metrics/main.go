package main

import (
	"fmt"
	"os"
	"strings"
)

// file is what is written, from the folder docs.
const file = "metrics.md"

const head = `# Metrics

After this page you know what each metric counts, and can write queries and alerts of your own.

Every node serves its metrics at ` + "`/metrics`" + `: on the address of ` + "`--admin-listen`" + ` if there is one,
else on the public address. Metrics of the Go runtime and of the process (` + "`go_…`" + `, ` + "`process_…`" + `) are
served as well. Those marked *published* are about incidents, not about the node. They are served
to everybody, at ` + "`/v1/metrics/incidents`" + ` and ` + "`/metrics/stack`" + `. [runbook.md](runbook.md) says what
to do about an alert.

<!-- Made by make docs from the sources. Change the help of a metric there. -->

| metric | kind | labels | what it says |
|---|---|---|---|
`

func main() {
	all, err := scan(os.DirFS(".."))
	if err == nil {
		err = os.WriteFile(file, []byte(table(all)), 0o644) //nolint:gosec // a document, to be read by everyone
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs/metrics:", err)
		os.Exit(1)
	}
}

// published are the metrics that are about incidents.
var published = []string{"faultline_incident_", "faultline_incidents_open", "faultline_as_of_", "faultline_stack_"}

// table is the document.
func table(all []metric) string {
	var text strings.Builder
	text.WriteString(head)
	for _, m := range all {
		about := m.help
		for _, prefix := range published {
			if strings.HasPrefix(m.name, prefix) {
				about += " *Published.*"
			}
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", m.name, m.kind, strings.Join(m.labels, ", "),
			strings.ReplaceAll(about, "|", `\|`))
	}
	return text.String()
}

// Package docstest helps tests to hold documents against the code.
//
// What belongs here: how a test asks whether a document says a sentence. What does not:
// the sentences, which stand in the tests of the packages whose constants they quote.
package docstest

import (
	"strings"
	"testing"

	"faultline/docs"
)

// MethodSays fails the test for each sentence that docs/method.md does not contain. Tests
// build the sentences from the constants of their package, so that whoever changes a
// threshold is made to change the document. Line breaks of the document count as spaces.
func MethodSays(t testing.TB, sentences ...string) {
	t.Helper()
	doc := strings.Join(strings.Fields(string(docs.Method)), " ")
	for _, says := range sentences {
		if !strings.Contains(doc, says) {
			t.Errorf("docs/method.md does not say %q", says)
		}
	}
}

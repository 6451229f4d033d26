package faultline_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Documents are read once and in a hurry: their sentences are short. The limits are those
// of plain language guides, which ask for 15 to 20 words on average and 35 at most.
const (
	maxSentenceWords = 35 // of one sentence
	maxMeanWords     = 16 // of a document's sentences, on average
	fewSentences     = 12 // below, one sentence makes the average
)

// quoting are documents that quote the sentences of others.
var quoting = []string{"docs/replays.md"}

// listing are documents of single lines, whose average says nothing of how they read.
var listing = []string{"CHANGELOG.md"}

var (
	// listItem begins an item of a list.
	listItem = regexp.MustCompile(`^([-*+]|\d+\.) +`)
	// linkText is a link in Markdown with its text.
	linkText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	// sentenceEnd is the end of a sentence, with what begins the next one.
	sentenceEnd = regexp.MustCompile(`[.!?]["”’)]*\s+[A-Z0-9"“'(]`)
	// plainWord is a word, number or formula without spaces.
	plainWord = regexp.MustCompile(`[A-Za-z0-9][\w'’.,%:/-]*`)
)

func TestDocumentsHaveShortSentences(t *testing.T) {
	judge(t, longWinded(os.DirFS(".")))
}

// longWinded says which documents have a sentence that is too long, or long ones on average.
func longWinded(tree fs.FS) (found []fault) {
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if path.Ext(name) != ".md" || slices.Contains(quoting, name) {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		words, sentences := 0, sentencesOf(string(text))
		for _, s := range sentences {
			n := len(plainWord.FindAllString(s, -1))
			words += n
			if n > maxSentenceWords {
				found = append(found, fault{"sentences", name, fmt.Sprintf("%d words: %.60s…", n, s)})
			}
		}
		if n := len(sentences); n >= fewSentences && words > maxMeanWords*n && !slices.Contains(listing, name) {
			mean := float64(words) / float64(n)
			found = append(found, fault{"sentences", name, fmt.Sprintf("%.1f words a sentence on average", mean)})
		}
		return nil
	})
	if err != nil {
		found = append(found, fault{"readable", ".", err.Error()})
	}
	return found
}

// sentencesOf cuts the prose of a Markdown document into sentences. Code, tables, headings
// and pictures are no prose; a span of code is one word, and a link is its text.
func sentencesOf(text string) (sentences []string) {
	var paragraph []string
	flush := func() {
		whole := linkText.ReplaceAllString(codeSpan.ReplaceAllString(strings.Join(paragraph, " "), "Code"), "$1")
		paragraph = nil
		for whole != "" {
			end := len(whole)
			if at := sentenceEnd.FindStringIndex(whole); at != nil {
				end = at[1] - 1
			}
			if s := strings.TrimSpace(whole[:end]); len(plainWord.FindAllString(s, 2)) > 1 {
				sentences = append(sentences, s)
			}
			whole = whole[end:]
		}
	}
	code := false
	for line := range strings.Lines(text) {
		s := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(s, "```"):
			code = !code
			flush()
		case code:
		case s == "", strings.HasPrefix(s, "#"), strings.HasPrefix(s, "|"), strings.HasPrefix(s, "<"):
			flush()
		default:
			if item := listItem.FindString(s); item != "" {
				flush()
				s = s[len(item):]
			}
			paragraph = append(paragraph, strings.TrimPrefix(s, "> "))
		}
	}
	flush()
	return sentences
}

func TestShortSentencesFindPlantedViolations(t *testing.T) {
	long := "One" + strings.Repeat(" more", maxSentenceWords) + "."
	middling := strings.Repeat("A sentence of so many words is not short, and ten of them in a row are too much. ", 13)
	for name, tt := range map[string]struct{ text, want string }{
		"short":            {"# It\n\nOne thing. Another, [linked](x.md): `a b c`!", ""},
		"long":             {"It is.\n\n- " + long, "36 words"},
		"long by a list":   {"It is:\n\n- one\n- two\n\n```\n" + long + "\n```\n\n| " + long + " |\n", ""},
		"long on average":  {middling, "words a sentence on average"},
		"long across line": {strings.ReplaceAll(long, "more more", "more\nmore"), "36 words"},
	} {
		t.Run(name, func(t *testing.T) {
			found := longWinded(asTree(map[string]string{"docs/it.md": tt.text}))
			if tt.want == "" && len(found) > 0 {
				t.Fatalf("short sentences are accused: %v", found)
			}
			if tt.want != "" && (len(found) == 0 || !strings.Contains(found[0].String(), tt.want)) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}

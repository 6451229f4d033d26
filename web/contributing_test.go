//go:build check

package web

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sayHello asks for the page that the test below adds, in the language that it adds.
const sayHello = `package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAddedPageInAnAddedLanguage(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	for query, want := range map[string]string{"": "Hello there", "?lang=nl": "Hallo daar"} {
		rec := get(h, "/hello"+query)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d", query, rec.Code)
		}
	}
}
`

// A page and a language that are added as CONTRIBUTING.md says are there, and pass the
// tests that pages and languages have to pass. They are laid over the sources, which stay
// as they are.
func TestContributingShowsHowToAddAPageAndALanguage(t *testing.T) {
	o := overlay{t: t, dir: t.TempDir(), files: map[string]string{}}
	for _, lang := range Languages() {
		o.change("words/"+lang+".json", "{\n", "{\n\"hello.title\": \"Hello\",\n\"hello.answer\": \"Hello there\",\n"+
			"\"hello.lead\": \"Hello.\",\n\"hello.1.title\": \"One\",\n\"hello.1.1\": \"Two.\",\n")
	}
	dutch := strings.NewReplacer("Hello there", "Hallo daar", "outage\":", "outage\":", "outage", "storing").
		Replace(o.text("words/en.json"))
	o.put("words/nl.json", dutch)
	o.put("pages/hello/page.html", o.text("pages/press/page.html"))
	prose := o.text("prose.go")
	at := strings.Index(prose, "func (w *Web) press(")
	handler := prose[at : at+strings.Index(prose[at:], "\n}\n")+3]
	o.put("prose.go", prose+"\n"+strings.ReplaceAll(handler, "press", "hello"))
	o.change("web.go", "\tread(\"/press\", page, w.press)\n",
		"\tread(\"/press\", page, w.press)\n\tread(\"/hello\", page, w.hello)\n")
	row := `	"GET /press":                 {"/press", pageCSP, "same-origin", "", "max-age=60"},` + "\n"
	o.change("headers_test.go", row, row+strings.ReplaceAll(row, "press", "hello"))
	o.put("hello_test.go", sayHello)
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", o.list(), "-run",
		"TestAddedPage|TestCataloguesAreWhole|Headers|TestLanguageOfAReader", ".")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// overlay is what go test -overlay lays over the files of this package.
type overlay struct {
	t     *testing.T
	dir   string
	files map[string]string // by name: where its text is
}

func (o overlay) text(name string) string {
	o.t.Helper()
	file := name
	if laid, ok := o.files[name]; ok {
		file = laid
	}
	body, err := os.ReadFile(file)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(body)
}

func (o overlay) put(name, text string) {
	o.t.Helper()
	file := filepath.Join(o.dir, strings.ReplaceAll(name, "/", "_"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.files[name] = file
}

// change replaces the one place of a file where old stands.
func (o overlay) change(name, old, replacement string) {
	o.t.Helper()
	text := o.text(name)
	if !strings.Contains(text, old) {
		o.t.Fatalf("%s has no %q", name, old)
	}
	o.put(name, strings.Replace(text, old, replacement, 1))
}

// list writes the file that names them all.
func (o overlay) list() string {
	o.t.Helper()
	replace := map[string]string{}
	for name, file := range o.files {
		whole, err := filepath.Abs(name)
		if err != nil {
			o.t.Fatal(err)
		}
		replace[whole] = file
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		o.t.Fatal(err)
	}
	file := filepath.Join(o.dir, "overlay.json")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return file
}

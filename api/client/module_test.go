package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// outside is a program that somebody writes with a clone beside it.
const outside = `package main

import (
	"context"
	"fmt"
	"os"

	"faultline/api/client"
)

func main() {
	c, err := client.New(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Watch(context.Background(), client.Query{Cause: "cdn:fastly"}, func(w client.Watched) error {
		fmt.Println(w.Incident)
		return nil
	})
	fmt.Println(err)
}
`

// A module of its own that has nothing but a clone compiles a program with the client: nothing
// else is downloaded.
func TestClientIsImportedFromAnEmptyModule(t *testing.T) {
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": outside,
		"go.mod":  "module example\n\ngo 1.26\n\nrequire faultline v0.0.0\n\nreplace faultline => " + clone + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", filepath.Join(dir, "example"), ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "example"), "nowhere").Output(); err != nil ||
		string(out) != "\"nowhere\" is not http(s)://HOST\n" {
		t.Errorf("%q, %v", out, err)
	}
}

package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// What clients/README.md says for a clone makes a program with the client in an empty module, also
// in one that an older go command began: nothing else is downloaded.
func TestClientIsImportedFromAnEmptyModule(t *testing.T) {
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../clients/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```sh\n")
	commands, _, ok := strings.Cut(rest, "```")
	if !ok || !strings.Contains(commands, "../faultline") {
		t.Fatalf("clients/README.md has other commands: %s", commands)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(outside), 0o600); err != nil {
		t.Fatal(err)
	}
	begin, rest, _ := strings.Cut(strings.ReplaceAll(commands, "../faultline", clone), "\n")
	script := strings.Join([]string{begin, "go mod edit -go=1.25", rest, "go build -o example ."}, "\n")
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-pgo=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "example"), "nowhere").Output(); err != nil ||
		string(out) != "\"nowhere\" is not http(s)://HOST\n" {
		t.Errorf("%q, %v", out, err)
	}
}

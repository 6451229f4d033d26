package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every flag that carries a secret can be given by a file, under the same name.
func TestSecretsMayBeFiles(t *testing.T) {
	parser, err := newParser(t.Context(), &cli{}, world{}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(`^(.*-)?(redis-url|token|password|passphrase|secret)$`)
	found := 0
	for _, command := range append(parser.Model.Leaves(false), parser.Model.Node) {
		names := map[string]string{}
		for _, group := range command.AllFlags(false) {
			for _, f := range group {
				names[f.Name] = strings.Join(f.Envs, " ")
			}
		}
		for name, variable := range names {
			if !secret.MatchString(name) {
				continue
			}
			found++
			if names[name+"-file"] != variable+"_FILE" {
				t.Errorf("%s: --%s has no --%s-file with the variable %s_FILE", command.Path(), name, name, variable)
			}
		}
	}
	if found < 8 {
		t.Errorf("%d flags with secrets were found", found)
	}
}

func TestSecretsAreReadFromTheirFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var value string
	if err := readSecret("token", &value, write("good", " abc\n")); err != nil || value != "abc" {
		t.Errorf("%q, %v", value, err)
	}
	if err := readSecret("token", &value, ""); err != nil || value != "abc" {
		t.Errorf("no file: %q, %v", value, err)
	}
	for name, args := range map[string]string{
		"both": "export --redis-url redis://127.0.0.1:1 --redis-url-file " +
			write("both", "redis://127.0.0.1:2"),
		"no such file":   "doctor --redis-url-file " + filepath.Join(dir, "none"),
		"empty":          "backup --redis-url-file " + write("empty", "\n"),
		"too large":      "serve --redis-url-file " + write("large", strings.Repeat("x", maxSecretBytes+1)),
		"no URL":         "serve --redis-url-file " + write("wrong", "http://u:hidden@h/"),
		"a token":        "vantage revoke a --token-file " + filepath.Join(dir, "none"),
		"a new vantage":  "vantage add a --token-file " + filepath.Join(dir, "none"),
		"an agent":       "probe --server http://127.0.0.1:1 --token-file " + filepath.Join(dir, "none"),
		"an agent twice": "probe --server http://127.0.0.1:1 --token a --token-file " + write("token", "b"),
		"neither":        "probe --server http://127.0.0.1:1",
	} {
		t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
		code, out, errs := command(t, strings.Fields(args)...)
		if code != exitUsage || out != "" || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "hidden") ||
			!strings.Contains(errs, "FAULTLINE_") {
			t.Errorf("%s: exit %d: %q %q", name, code, out, errs)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// everything is what --without calls all ablations.
const everything = "all"

// named returns the ablations of a name, all of them for "all".
func named(name string) ([]ablation, error) {
	if name == everything {
		return ablations, nil
	}
	i := slices.IndexFunc(ablations, func(a ablation) bool { return a.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no part %q; there are: %s", name, strings.Join(partNames(), ", "))
	}
	return ablations[i : i+1], nil
}

// partNames are the names of all parts, for the message about a wrong one.
func partNames() []string {
	names := make([]string, len(ablations))
	for i, a := range ablations {
		names[i] = a.name
	}
	return names
}

// apply returns the files of the module that an ablation changes, by path, as they are
// without the part. It is an error if an edit does not fit exactly once: a change of the
// engine that moves a quoted line must move it here too, or the table would show the whole
// engine under the name of a part.
func (a ablation) apply(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, e := range a.edits {
		text, ok := out[e.file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, e.file)); err != nil {
				return nil, fmt.Errorf("read what %q changes: %w", a.name, err)
			}
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			return nil, fmt.Errorf("%q: %s has %d times, not once: %s", a.name, e.file, n, e.old)
		}
		// Edits of one file build on each other, hence the text that is changed already.
		out[e.file] = bytes.Replace(text, []byte(e.old), []byte(e.new), 1)
	}
	return out, nil
}

// overlay writes what an ablation changes into dir, and the list of it that the go command's
// -overlay takes, whose path it returns. The files of the module themselves are not touched.
func (a ablation) overlay(root, dir string) (string, error) {
	changed, err := a.apply(root)
	if err != nil {
		return "", err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range changed {
		// The folder is flat, so that a path must become one name.
		path := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", fmt.Errorf("write what %q changes: %w", a.name, err)
		}
		overlay.Replace[filepath.Join(root, file)] = path
	}
	body, err := json.Marshal(overlay)
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, body, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return list, nil
}

// build makes this program without a part of the engine, in dir, and returns its path.
func (a ablation) build(ctx context.Context, root, dir string) (string, error) {
	list, err := a.overlay(root, dir)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "accuracy")
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", program, "./bench/accuracy")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build without %q: %w: %s", a.name, err, said)
	}
	return program, nil
}

// ablate measures the engine whole and without parts of it, on the same scenarios, and prints
// a table: what a part is worth is the difference between its row and the first.
func ablate(ctx context.Context, opt options, out io.Writer) error {
	parts, err := named(opt.Without)
	if err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Commit %s, %d scenarios, %s seeds from the %dth on.\n\n%s",
		opt.Commit, opt.Scenarios, opt.Seeds, opt.First, ablationHead)
	// The whole engine is built and run in the same way, so that the first row differs
	// from the others by the part alone.
	for _, a := range slices.Concat([]ablation{{name: "nothing", what: "the whole"}}, parts) {
		f, err := a.measure(ctx, root, opt)
		if err != nil {
			return err
		}
		fmt.Fprint(out, ablationRow(a, f))
	}
	return nil
}

// moduleRoot is the folder of go.mod, from which edits count their paths.
func moduleRoot(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(mod))), nil
}

// measure builds and runs the program without a part, in a process of its own, and reads its
// figures. It passes on the options that choose the scenarios, and no floor: a part that
// matters would fail it.
func (a ablation) measure(ctx context.Context, root string, opt options) (figures, error) {
	dir, err := os.MkdirTemp("", "ablation")
	if err != nil {
		return figures{}, fmt.Errorf("a place to build in: %w", err)
	}
	defer os.RemoveAll(dir)
	program, err := a.build(ctx, root, dir)
	if err != nil {
		return figures{}, err
	}
	// --alone leaves the baselines out, which no ablation changes.
	args := []string{"--alone", "--json", "--floor", "", "--seeds", opt.Seeds, "--scenarios",
		strconv.Itoa(opt.Scenarios),
		"--first", strconv.Itoa(opt.First), "--workers", strconv.Itoa(opt.Workers)}
	for _, k := range opt.Kinds {
		args = append(args, "--kinds", k)
	}
	body, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return figures{}, fmt.Errorf("run without %q: %w", a.name, err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return figures{}, fmt.Errorf("read what was measured without %q: %w", a.name, err)
	}
	return d.Methods[ours], nil
}

// ablationHead is the head of the table in Markdown.
const ablationHead = "| without | then | F1 | false | split | false/week | ttd | p90 | cover | width | sites F1 | " +
	"Brier |\n" +
	"|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"

// ablationRow is the row of one ablation.
func ablationRow(a ablation, f figures) string {
	s := f.Summary
	return fmt.Sprintf("| %s | %s | %.3f | %d | %d | %.1f | %s | %s | %s | %s | %s | %s |\n",
		a.name, a.what, s.F1, f.False, f.Split, s.FalsePerWeek,
		seconds(s.TTDMedian), seconds(s.TTDp90), share(s.OnsetCover), seconds(s.OnsetWidth), share(s.SitesF1),
		share(s.Brier))
}

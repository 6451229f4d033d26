package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// holds checks that a directory has exactly one file, with a content.
func holds(t *testing.T, path, content string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != content {
		t.Errorf("%s holds %q, %v, want %q", path, text, err, content)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v, want one: %v", len(entries), err, entries)
	}
}

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known")
	for _, content := range []string{"first", "second"} {
		if err := Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, content)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("half of"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "second" {
		t.Errorf("while a file is being written readers find %q, %v, want the old one", text, err)
	}
	f.Abandon()
	holds(t, path, "second")
}

func TestACommittedFileIsNotAbandoned(t *testing.T) {
	commits := map[string]func(*File) error{"synced": (*File).Commit, "unsynced": (*File).CommitUnsynced}
	for name, commit := range commits {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "known")
			f, err := Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer holds(t, path, "new")
			defer f.Abandon()
			if _, err := f.WriteString("new"); err != nil {
				t.Fatal(err)
			}
			if err := commit(f); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestALinkStaysAndItsFileIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "known"), filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}

func TestWhatCannotBePutInPlaceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil { // no rename replaces this
		t.Fatal(err)
	}
	if err := Write(path, []byte("new")); err == nil {
		t.Error("a file took the place of a directory")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v, want one: %v", len(entries), err, entries)
	}
	if err := Write(os.DevNull, nil); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a device: %v", err)
	}
	if err := Write(filepath.Join(dir, "nowhere", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is missing: %v", err)
	}
}

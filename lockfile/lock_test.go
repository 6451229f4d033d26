package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A lock keeps a second one out until its file is closed.
func TestALockIsHeldUntilItsFileIsClosed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if err := Take(first); err != nil {
		t.Fatal(err)
	}
	if err := Take(second); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	first.Close()
	if err := Take(second); err != nil {
		t.Errorf("after the first: %v", err)
	}
}

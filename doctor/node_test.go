package doctor

import (
	"errors"
	"io/fs"
	"testing"
)

func TestAStateDirectoryThatTakesNothingIsWrong(t *testing.T) {
	full := errors.New("no space left on device")
	for want, err := range map[State]error{OK: nil, Note: fs.ErrNotExist, Wrong: full} {
		if got := StateDirectory("/state", err); got.State != want || (got.Do == "") != (want == OK) {
			t.Errorf("%v: %+v", err, got)
		}
	}
}

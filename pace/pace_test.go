package pace

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// failing notes that a test would have been ended.
type failing struct {
	testing.TB
	said string
}

// ended is what Fatalf leaves by, as runtime.Goexit would end the whole test.
type ended struct{}

func (*failing) Helper() {}
func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(ended{})
}

func TestWithinWaitsForTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		Within(t, time.Hour, "ten seconds pass", func() bool { return time.Since(began) >= 10*time.Second })
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("it waited %s for ten seconds", took)
		}
	})
}

func TestWithinEndsATestThatWouldHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{TB: t}
		began := time.Now()
		func() {
			defer func() {
				if r := recover(); r != (ended{}) {
					t.Errorf("it panicked with %v", r)
				}
			}()
			Within(f, time.Minute, "what never comes", func() bool { return false })
		}()
		if took := time.Since(began); f.said == "" || took < time.Minute || took > most*time.Minute {
			t.Errorf("after %s it said %q", took, f.said)
		}
	})
}

func TestContextEndsByItselfAndWithTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := Context(t, time.Minute)
		<-ctx.Done() // or the bubble is deadlocked, and says so
		over := Expiry(t.Context(), time.Minute)
		<-over
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		<-Expiry(cancelled, time.Hour)
		if took := time.Since(began); took != 0 {
			t.Errorf("an end of the test was noticed after %s", took)
		}
	})
}

func TestFactorIsBounded(t *testing.T) {
	if f := Factor(); f < 1 || f > most {
		t.Errorf("%v", f)
	}
}

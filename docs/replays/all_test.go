//go:build check

package main

import (
	"testing"

	"faultline/scenario/history"
)

func TestTheEngineOfTodaySaysWhatIsRecordedOfEveryOutage(t *testing.T) {
	for _, name := range history.Names() {
		if name != shortest {
			t.Run(name, func(t *testing.T) { sameAsRecorded(t, name) })
		}
	}
}

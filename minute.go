package faultline

import "time"

// Minute is the minute that a clock in UTC shows at a time. Every text that names a time
// without its seconds takes it from here. A rounded minute would be another one than the
// seconds beside it and the time in the JSON say: 09:48 for 09:47:45.
func Minute(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }

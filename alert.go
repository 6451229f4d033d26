package faultline

// Alert is what a monitoring program says once of one site: that it began to
// fail, that it still does, or that it is well again.
type Alert struct {
	Site    string
	Symptom Symptom
	Status  int // HTTP status; 0 when there was none
	// Key tells a program's alerts of one site apart.
	Key string
	// Resolved: the program has seen the site well again.
	Resolved bool
}

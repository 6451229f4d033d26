package faultline

import "time"

const (
	// PushesOfPrefix is how many browsers of one prefix (/24, or IPv6 /48) may subscribe to
	// notifications in a day.
	PushesOfPrefix = 50
	// PushLife is for how long a browser is sent notifications after it last renewed its
	// subscription.
	PushLife = 60 * 24 * time.Hour
)

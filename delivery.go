package faultline

import "time"

// Delivery is one message that waits to be sent to one webhook.
type Delivery struct {
	ID   string // of the message (webhook-id): the same on each try
	Due  time.Time
	Data []byte // package api/webhook's own
}

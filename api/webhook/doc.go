// Package webhook delivers changes of incidents to the URLs that asked for them,
// signed by the rules of Standard Webhooks.
//
// What belongs here: which change goes to which webhook, the queue, tries and
// their pauses, signing, and the guard against private addresses. What does not:
// the routes by which webhooks are made (package api), and how webhooks and
// messages are kept (package store). Only the node that leads delivers.
package webhook

// Package client is the Go client of Faultline's HTTP API: what it returns, as the nouns of package
// faultline.
//
// What belongs here: requests, paging, resuming a stream, errors as problems. What
// does not: judgement, caching, and anything that the API does not offer everyone.
package client

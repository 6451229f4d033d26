// Package page is an answer that is rendered once for everybody who asks for it:
// its bytes in each encoding, its validators, a cache of such pages, and how one
// is written to an HTTP response.
//
// What belongs here: rendering JSON, content encodings and their negotiation
// (RFC 9110 section 12.5.3), entity tags and conditional requests, and how long
// answers may be kept. Both the API and the pages for people answer with it. What
// does not: what a page says.
package page

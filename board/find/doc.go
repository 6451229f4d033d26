// Package find reads what people type into one box: a site, a brand, a provider, a
// cloud region, a network's number, an internet service provider, with words around
// it ("is reddit down?") and misspelt ("facebok"). It answers with the things that
// may be meant, the likeliest first.
//
// What belongs here: the index of names, the cleaning of a question, and the order of
// matches. What does not: what is known of a thing's state, which the board holds, and
// what a site's name may look like, which ingest decides.
package find

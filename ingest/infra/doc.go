// Package infra knows what a site depends on: the shared infrastructure that its
// visitors depend on, as components.
//
// What belongs here: the catalogue of the best known sites, shipped as data
// (catalog.json, its shape in catalog.schema.json) and written from public
// knowledge alone, and the rules for what may stand in one; the table of what
// infrastructure is recognised by (signatures.json) and the ranges that clouds
// publish; what one observation says ([Matcher]), and what many say over time and
// vantages ([Map]).
//
// What does not: judgement about outages (package correlate), what people mean
// by a name (package ingest), and checks of whether a site works. A catalogue
// says what is believed; what is observed beats it.
package infra

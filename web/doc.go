// Package web is what people see: pages and widgets, rendered on the server,
// readable without JavaScript, kept true by a small script where there is some.
//
// What belongs here: the pages (one folder each below pages, with its template
// and style; its typed struct is the Go file of the same name), the parts that
// several of them show (below parts), the words in which numbers and states are
// said, the report form and what protects it. What does not: what is known and
// how it is held ([Source]), what a report means ([Door]), answers for programs
// (package api).
//
// No page depends on who reads it: all are the same for everybody and may be
// cached. A page says nothing that its [Source] does not know, and how old it is.
package web

// Package web is what people see: pages and widgets, rendered on the server,
// readable without JavaScript, kept true by a small script where there is some.
//
// What belongs here: the pages (one folder each below pages, with its template
// and style; its typed struct is the Go file of the same name), the parts that
// several of them show (below parts), the messages in which everything is said (one
// file a language, below words), widgets and pictures for the pages of others, the
// report form and what protects it. What does not: what is known and
// how it is held ([Source]), what a report means ([Door]), answers for programs
// (package api).
//
// A page is the same for all who read one language and may be cached; only that of
// a site says something of the reader's own network, and then it is kept by nobody
// else. A page says nothing that its [Source] does not know, and how old it is.
package web

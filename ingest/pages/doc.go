// Package pages finds out which hosts serve parts of sites' pages: scripts, styles and fonts.
//
// What belongs here: the one request a day for a site's front page, its robots.txt, the hosts
// that the page names, and when each site has its turn. What does not: how connections are made
// and guarded (package ingest/probe), which component a host belongs to (package ingest/infra),
// and what follows from it for readers (package board).
package pages

package api

// notPrepared has the other rows of reads, with the reason.
var notPrepared = map[string]string{
	"/v1/checks/:id":                       "of one person",
	"/v1/incidents/:id/revisions/:n/proof": "seldom asked",
	"/v1/record":                           "seldom asked",
	"/record/checkpoint":                   "seldom asked",
	"/record/tile/*path":                   "never changes, and kept by caches",
	"/v1/verdict":                          "of one reader's network",
	"/v1/vantages":                         "of this moment, not of a snapshot",
	"/v1/stream":                           "without an end",
	"/v1/push":                             "asked once by each browser that subscribes",
	"/v1/replays":                          "seldom asked",
	"/v1/replays/:name":                    "seldom asked",
	"/v1/replays/:name/revisions/:n":       "seldom asked",
	"/oembed":                              "seldom asked, and kept for an hour by who asks",
	"/dumps/index.json":                    "seldom asked",
	"/dumps/:day/:file":                    "read from disk in ranges",
}

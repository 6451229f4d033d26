package api

func init() {
	notPrepared["/dumps/index.json"] = "seldom asked"
	notPrepared["/dumps/:day/:file"] = "read from disk in ranges"
}

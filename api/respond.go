package api

import (
	"net/http"
	"strconv"

	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// writeJSON answers with v, rendered for this request alone.
func writeJSON(c *gin.Context, status int, media string, v any) {
	body, err := page.Render(v)
	if err != nil { // our own shapes always render; a bug must not look like a success
		c.Writer.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := c.Writer.Header()
	values := [2]string{media, strconv.Itoa(len(body))} // one piece of memory for both
	h["Content-Type"], h["Content-Length"] = values[0:1:1], values[1:2:2]
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client may have gone; there is nobody left to tell
}

package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readBody returns the whole body and its media type. It refuses any content
// encoding, so that no small body unpacks into a large one, any media type but
// those given, and more than limit bytes.
func readBody(c *gin.Context, limit int64, accepted ...string) (body []byte, media string, err error) {
	h := c.Request.Header
	for _, enc := range h.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(enc), "identity") {
			return nil, "", &refusal{status: http.StatusUnsupportedMediaType,
				detail: "Content-Encoding is not understood here; send the body as it is."}
		}
	}
	media, ok := mediaOf(h.Get("Content-Type"))
	if !ok || len(h.Values("Content-Type")) != 1 || !slices.Contains(accepted, media) {
		return nil, "", &refusal{status: http.StatusUnsupportedMediaType, accept: strings.Join(accepted, ", "),
			detail: "Content-Type must be " + strings.Join(accepted, " or ") + ", in UTF-8."}
	}
	if body, err = readWhole(c, limit); err != nil {
		if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
			return nil, "", err
		}
		return nil, "", &refusal{status: http.StatusBadRequest, detail: "The body could not be read to its end."}
	}
	return body, media, nil
}

// mediaOf reads a Content-Type that may say, and says nothing else, that it is in
// UTF-8.
func mediaOf(contentType string) (media string, ok bool) {
	if contentType == page.MediaJSON { // as most write it
		return page.MediaJSON, true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return "", false
		}
	}
	return media, true
}

// readWhole reads a body of at most limit bytes, into as many as it says it has.
func readWhole(c *gin.Context, limit int64) ([]byte, error) {
	if n := c.Request.ContentLength; 0 <= n && n <= limit { // net/http lets no more through
		body := make([]byte, n)
		_, err := io.ReadFull(c.Request.Body, body)
		return body, err
	}
	return io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
}

// decodeStrict reads one JSON value: no unknown or repeated member, no other
// spelling of a name, no invalid UTF-8, nothing behind it. What is wrong comes
// back as an [faultline.InvalidError] that points at it.
func decodeStrict(body []byte, v any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return faultline.InvalidError{{Pointer: "", Detail: "the body is empty"}}
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return faultline.InvalidError{jsonFault(err)}
	}
	return nil
}

// jsonFault says in our own words what the decoder found, and where: its texts
// may change and quote the input.
func jsonFault(err error) faultline.Invalid {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	switch {
	case errors.As(err, &syntax):
		detail := fmt.Sprintf("is not JSON from byte %d on", syntax.ByteOffset)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			detail = "is there twice"
		}
		return faultline.Invalid{Pointer: pointer(syntax.JSONPointer), Detail: detail}
	case errors.As(err, &meaning):
		detail := "has the wrong type"
		switch {
		case errors.Is(err, json.ErrUnknownName):
			detail = "is not a known field"
		case meaning.JSONKind == '0' || meaning.JSONKind == '"':
			detail = "has the wrong type or form"
		}
		return faultline.Invalid{Pointer: pointer(meaning.JSONPointer), Detail: detail}
	}
	return faultline.Invalid{Detail: "is not JSON"}
}

// maxPointer bounds what an answer quotes of a name that a client chose.
const maxPointer = 128

func pointer(p jsontext.Pointer) string { return shorten(string(p)) }

func shorten(p string) string {
	if len(p) > maxPointer {
		return strings.ToValidUTF8(p[:maxPointer], "") + "…"
	}
	return strings.ToValidUTF8(p, "�")
}

package api

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readBody returns the whole body and its media type. It takes a body as it is or
// compressed with gzip, and refuses any media type but those given, and more than
// limit bytes: of what is sent, and of what it unpacks to.
func readBody(c *gin.Context, limit int64, accepted ...string) (body []byte, media string, err error) {
	h := c.Request.Header
	zipped, err := readEncoding(h.Values("Content-Encoding"))
	if err != nil {
		return nil, "", err
	}
	media, ok := mediaOf(h.Get("Content-Type"))
	if !ok || len(h.Values("Content-Type")) != 1 || !slices.Contains(accepted, media) {
		return nil, "", &refusal{status: http.StatusUnsupportedMediaType, accept: strings.Join(accepted, ", "),
			detail: "Content-Type must be " + strings.Join(accepted, " or ") + ", in UTF-8."}
	}
	if body, err = readWhole(c, limit); err == nil && zipped {
		body, err = unzip(body, limit)
	}
	if err != nil {
		if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
			return nil, "", err
		}
		return nil, "", &refusal{status: http.StatusBadRequest, detail: "The body could not be read to its end."}
	}
	return bytes.TrimPrefix(body, byteOrder), media, nil
}

// readEncoding reads the fields Content-Encoding: whether the body is compressed
// with gzip. Nothing else is understood, and nothing that is compressed twice.
func readEncoding(fields []string) (zipped bool, err error) {
	for _, field := range fields {
		for name := range strings.SplitSeq(field, ",") {
			switch name = strings.ToLower(strings.TrimSpace(name)); {
			case name == "identity" || name == "":
			case (name == "gzip" || name == "x-gzip") && !zipped:
				zipped = true
			default:
				return false, &refusal{status: http.StatusUnsupportedMediaType, encodings: "gzip, identity",
					detail: "Content-Encoding must be gzip, or the body sent as it is."}
			}
		}
	}
	return zipped, nil
}

// unzip unpacks at most limit bytes.
func unzip(body []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if int64(len(out)) > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return out, err
}

// charsets are names of UTF-8, and of what is a part of it.
var charsets = []string{"utf-8", "utf8", "us-ascii", "ascii"}

// byteOrder is the mark in front of UTF-8 that some programs write, and that readers may
// ignore (RFC 8259 section 8.1).
var byteOrder = []byte("\ufeff")

// mediaOf reads a Content-Type whose text is in UTF-8. Other parameters mean nothing to JSON
// (RFC 8259 section 11).
func mediaOf(contentType string) (media string, ok bool) {
	if contentType == page.MediaJSON { // as most write it
		return page.MediaJSON, true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	charset, said := params["charset"]
	if said && !slices.Contains(charsets, strings.ToLower(charset)) {
		return "", false
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

var errNoTime = errors.New("is no time")

// timesAsWritten reads times by RFC 3339, which lets T and Z be lower case.
var timesAsWritten = json.WithUnmarshalers(json.UnmarshalFunc(func(text []byte, at *time.Time) error {
	if string(text) == "null" {
		*at = time.Time{}
		return nil
	}
	if len(text) < 2 || text[0] != '"' {
		return errNoTime
	}
	read, err := time.Parse(time.RFC3339, strings.ToUpper(string(text[1:len(text)-1])))
	*at = read
	return err
}))

// decodeStrict reads one JSON value: no unknown or repeated member, no other
// spelling of a name, no invalid UTF-8, nothing behind it. What is wrong comes
// back as an [faultline.InvalidError] that points at it.
func decodeStrict(body []byte, v any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return faultline.InvalidError{{Pointer: "", Detail: "the body is empty"}}
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true), timesAsWritten); err != nil {
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

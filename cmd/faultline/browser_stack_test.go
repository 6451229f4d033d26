package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pasted are files as people have them, each with what of it is on a list.
var pasted = []struct{ name, text, want string }{
	{"package.json", `{"dependencies":{"stripe":"^14.0.0","left-pad":"1"},"devDependencies":{"@sentry/node":"8"}}`,
		"stripe.com sentry.io"},
	{"go.mod", "module x\n\nrequire (\n\tgithub.com/aws/aws-sdk-go-v2 v1.2.3\n" +
		"\tgithub.com/stripe/stripe-go/v76 v76.0.0\n)\n",
		"aws stripe.com"},
	{"requirements.txt", "boto3==1.34\nsentry-sdk>=2 # errors\nflask\n", "aws sentry.io"},
	{"Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\nasync-stripe = \"0.37\"\nserde = { version = \"1\" }\n",
		"stripe.com"},
	{"CycloneDX", `{"bomFormat":"CycloneDX","components":[{"purl":"pkg:npm/twilio@5.0.0"},` +
		`{"purl":"pkg:pypi/boto3@1"}],"services":[{"endpoints":["https://api.github.com/graphql"]}]}`,
		"twilio.com aws api.github.com"},
	{"HAR", `{"log":{"entries":[{"request":{"url":"https://cdn.example.com/a.js"}},` +
		`{"request":{"url":"https://api.stripe.com/v1/charges"}}]}}`, "cdn.example.com api.stripe.com"},
	{"Terraform state", `{"version":4,"resources":[{"type":"aws_s3_bucket","instances":[{"attributes":` +
		`{"arn":"arn:aws:lambda:eu-west-1:1:function:x"}}]},{"type":"cloudflare_record","instances":[]}]}`,
		"cloud:aws/eu-west-1 aws cloudflare"},
	{"nginx upstreams", "upstream api {\n  server api.stripe.com:443;\n  server 10.0.0.1:80;\n}\n" +
		"server { location / { proxy_pass https://api.github.com; } }\n", "api.stripe.com api.github.com"},
}

// testPastes puts each kind of file into the page of what one depends on, as a person
// does: the list is made in the browser, and nothing is sent.
func testPastes(t *testing.T, b browser, p *process) {
	for _, file := range pasted {
		t.Run(file.name, func(t *testing.T) {
			page := b.open(t)
			page.opens(p.url + "/stack")
			page.becomes("the script has run", "document.querySelector('#stack-paste').offsetParent !== null")
			asked, _ := page.heard()
			before := len(asked)
			page.do(chromedp.SetValue(chromedp.CSS("#stack-paste"), file.text))
			value[bool](page, "document.getElementById('stack-paste').dispatchEvent(new Event('input'))")
			page.becomes("something is said of it", "document.getElementById('stack-said').innerText !== ''")
			listed := strings.Fields(value[string](page, "document.getElementById('stack-of').value"))
			for _, want := range strings.Fields(file.want) {
				if !strings.Contains(" "+strings.Join(listed, " ")+" ", " "+want+" ") {
					t.Errorf("%s is not on the list %v", want, listed)
				}
			}
			if len(listed) != len(strings.Fields(file.want)) {
				t.Errorf("the list is %v, want %s", listed, file.want)
			}
			asked, _ = page.heard()
			for _, address := range asked[before:] {
				if !strings.HasPrefix(address, p.url+"/static/") { // the page's own icon may come late
					t.Errorf("it was sent to %s", address)
				}
			}
			page.isClean(p.url)
		})
	}
}

// testMakesAKey makes a key on the page for developers, gives it a webhook, and revokes it.
func testMakesAKey(t *testing.T, b browser, p *process) {
	page := b.open(t)
	page.opens(p.url + "/developers")
	page.becomes("the script has run", "document.querySelector('#key-make').offsetParent !== null")
	page.taps("#key-make", "the key is shown", "document.getElementById('key-token').value.startsWith('eyJ')")
	page.becomes("webhooks may be added", "!document.getElementById('key-form').hidden")
	page.do(chromedp.SetValue(chromedp.CSS("#key-url"), "https://example.com/hooks"))
	page.taps("#key-add", "the secret is shown", "document.getElementById('key-said').innerText.includes('whsec_')")
	page.becomes("the webhook waits for its code",
		"document.querySelector('#key-hooks input') !== null && "+
			"document.getElementById('key-hooks').innerText.includes('not confirmed')")
	first := value[string](page, "document.getElementById('key-token').value")
	page.taps("#key-rotate", "another key is shown", fmt.Sprintf(
		"document.getElementById('key-token').value.startsWith('eyJ') && "+
			"document.getElementById('key-token').value !== %s", strconv.Quote(first)))
	page.taps("#key-revoke", "it is revoked", "document.getElementById('key-token').value === '' && "+
		"document.querySelector('#key-hooks li') === null")
	page.isClean(p.url)
}

// taps taps a button of the section of keys until what it does is done, and again where the
// page says that it failed: a machine that many things share may be too busy to do it.
func (p *tab) taps(button, what, done string) {
	p.t.Helper()
	const failed = "document.getElementById('key-said').textContent.startsWith(" +
		"document.getElementById('key').dataset.failed.split('{}')[0])"
	eventually(p.t, pageLimit, what, func() bool {
		p.tap(button)
		p.becomes(what+", or the page says that it failed", "("+done+") || "+failed)
		return value[bool](p, done)
	})
}

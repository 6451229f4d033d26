package probe

import (
	"fmt"
	"strings"
)

// Outcomes returns the table of all of them; docs/probing.md shows it. The table is
// code, so that the page that explains the checks can never say something else than
// they do.
func Outcomes() []Outcome { return outcomes }

// outcomes is the table, in the order of the steps. A new detail needs its row here; a
// test compares the two. Where several rows have the same symptom, the detail tells
// them apart. An empty detail is whatever no other row of the symptom describes.
var outcomes = []Outcome{
	{Works, StepFollow, "ok", "", "an answer whose status is below 400, or 416, arrived within six seconds"},
	{Works, StepFollow, "ok", "", "a host that programs call (api.example.com, and those that the catalogue marks) " +
		"answers its root with a status from 400 to 499, but for 408 and 429"},
	{Works, StepFollow, "ok", detailExpiring, "the site works, and its certificate ends within 24 hours"},
	{Works, StepFollow, "ok", detailNoIPv4, "the site works over IPv6, and no IPv4 address accepts connections"},
	{Works, StepFollow, "ok", detailNoIPv6, "the site works over IPv4, and no IPv6 address accepts connections"},

	{Fails, StepResolve, "dns", dnsNXDomain, "the name does not exist; two answers in a row said so"},
	{Fails, StepResolve, "dns", dnsNoData, "the name exists and has neither an IPv4 nor an IPv6 address"},
	{Fails, StepResolve, "dns", dnsServFail, "the resolvers cannot get an answer from the name servers"},
	{Fails, StepResolve, "dns", dnsBogus, "the resolvers refuse the answer because its DNSSEC signatures are wrong; " +
		"without checking them they have an answer"},
	{Fails, StepResolve, "dns", dnsRefused, "the resolvers refuse to answer for this name"},
	{Fails, StepResolve, "dns", dnsTimeout, "no resolver answers in time, neither over UDP nor over TCP"},
	{Fails, StepResolve, "dns", dnsMalformed, "the answers cannot be read, or the name is not one that DNS can have"},
	{
		Fails,
		StepResolve,
		"timeout",
		stepWords[StepResolve],
		"the name was not resolved within ten seconds",
	},
	{Fails, StepConnect, "connect", connectRefused, "every address refuses connections"},
	{Fails, StepConnect, "connect", connectUnreachable, "no route leads to any address"},
	{Fails, StepConnect, "connect", "", "connections fail in another way"},
	{Fails, StepConnect, "timeout", stepWords[StepConnect], "no address accepts a connection in time"},
	{Fails, StepSecure, "tls", tlsExpired, "the certificate has ended, or has not begun"},
	{
		Fails,
		StepSecure,
		"tls",
		tlsName,
		"the certificate is for another name, and https://www. does not work either",
	},
	{
		Fails,
		StepSecure,
		"tls",
		tlsChain,
		"no authority that browsers trust has signed the certificate, even with the intermediate certificates " +
			"that it names",
	},
	{Fails, StepSecure, "tls", tlsProtocol, "the server offers no version or cipher that browsers have"},
	{Fails, StepSecure, "tls", tlsHandshake, "the handshake fails in another way"},
	{Fails, StepSecure, "connect", connectReset, "the connection is reset during the handshake"},
	{Fails, StepSecure, "timeout", stepWords[StepSecure], "the handshake does not end in time"},
	{Fails, StepAsk, "connect", connectReset, "the connection is closed without an answer"},
	{
		Fails,
		StepAsk,
		"timeout",
		stepWords[StepAsk],
		"the answer, or the beginning of its page, does not arrive in time",
	},
	{Fails, StepAsk, "content", detailGarbage, "what arrives is neither an HTTP answer nor a page"},
	{Fails, StepAsk, "content", detailFlood, "the header lines exceed 256 KB, or interim answers (1xx) do not end"},
	{
		Fails,
		StepAsk,
		"content",
		detailAmbiguous,
		"the header has two different lengths, locations or dispositions, which browsers refuse",
	},
	{Fails, StepAsk, "content", detailShort, "the page ends before its announced length"},
	{Fails, StepAsk, "content", detailEncoding, "the page is not compressed in the way that its header says"},
	{Fails, StepAsk, "http_NNN", "", "an error status that does not mean that the client is refused"},
	{
		Fails,
		StepAsk,
		"http_NNN",
		detailOrigin,
		"the same; the CDN says that the server behind it fails (520 to 526, 530, and 502 and 504 of a CDN)",
	},
	{Fails, StepAsk, "http_NNN", detailEdge, "the same; the CDN says that its own server fails"},
	{Fails, StepFollow, "content", detailLoop, "redirects go round in a circle and set no cookie"},
	{Fails, StepFollow, "content", detailLocation, "a redirect leads to something that is not an address"},
	{Fails, StepFollow, "slow", "", "a good answer began after more than six seconds"},

	{
		NoEvidence,
		StepConnect,
		"blocked",
		detailGuard,
		"every address is private or this machine's own: a check does not connect there",
	},
	{
		NoEvidence,
		StepConnect,
		"blocked",
		detailNoIPv6,
		"the site has only IPv6 addresses, and IPv6 does not work from this vantage",
	},
	{NoEvidence, StepSecure, "blocked", detailClientCert, "the server requires a certificate from the client"},
	{
		NoEvidence,
		StepAsk,
		"blocked",
		"",
		"a status that refuses the client: 401, 403, 405, 406, 407, 412, 418, 426, 428, 429, 444, 451, 505, 511, 999",
	},
	{
		NoEvidence,
		StepAsk,
		"blocked",
		detailChallenge,
		"a page or header by which a service keeps programs out, with a status that it uses for that",
	},
	{
		NoEvidence,
		StepFollow,
		"blocked",
		detailRedirects,
		fmt.Sprintf("more than %d redirects, all to new addresses; the rest is not followed", maxRedirects),
	},
	{
		NoEvidence,
		StepFollow,
		"blocked",
		detailCookies,
		"redirects go round in a circle and set cookies; a browser may get further",
	},
	{
		NoEvidence,
		StepFollow,
		"blocked",
		detailElsewhere,
		"a redirect leads to another port, another scheme or an address: not followed",
	},
}

// OutcomeTable writes the table of outcomes in Markdown. `make docs` puts it into
// docs/probing.md.
func OutcomeTable() string {
	var b strings.Builder
	b.WriteString("| verdict | last step | symptom | detail | what was seen |\n|---|---|---|---|---|\n")
	words := map[Verdict]string{Works: "works", Fails: "fails", NoEvidence: "no evidence"}
	for _, o := range Outcomes() {
		detail := o.Detail
		if detail != "" {
			detail = "`" + detail + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s |\n", words[o.Verdict], o.Step, o.Symptom, detail, o.Means)
	}
	return b.String()
}

// RefusalTable writes the table of marks by which refusals are known. The sources stand
// in it, so that anybody can check a mark and say that it is out of date.
func RefusalTable() string {
	var b strings.Builder
	b.WriteString("| service | mark | with status | source |\n|---|---|---|---|\n")
	for _, m := range marks {
		what, status := "page: `"+m.body+"`", "any"
		if m.header != "" {
			what = "header: `" + strings.ToLower(m.header) + "`"
			if m.value != "" {
				what += " = `" + m.value + "`"
			}
		}
		if m.short {
			what += ", on a short page"
		}
		if m.statuses != nil {
			status = strings.Trim(strings.ReplaceAll(fmt.Sprint(m.statuses), " ", ", "), "[]")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | <%s> |\n", m.vendor, what, status, m.source)
	}
	return b.String()
}

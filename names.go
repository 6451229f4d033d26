package faultline

import "strings"

// names is how providers write themselves, where it is more than a capital letter.
var names = map[string]string{
	"akamai": "Akamai", "aws": "AWS", "azure": "Azure", "bunny": "bunny.net", "cachefly": "CacheFly", "cdn77": "CDN77",
	"cloudflare": "Cloudflare", "cloudfront": "CloudFront", "digicert": "DigiCert", "digitalocean": "DigitalOcean",
	"dnsimple": "DNSimple", "dyn": "Dyn", "edgio": "Edgio", "facebook": "Facebook", "fastly": "Fastly", "gcp": "Google Cloud",
	"github": "GitHub", "godaddy": "GoDaddy", "google": "Google", "imperva": "Imperva", "keycdn": "KeyCDN",
	"letsencrypt": "Let's Encrypt", "limelight": "Limelight", "linode": "Linode", "neustar": "Neustar", "ns1": "NS1",
	"oracle": "Oracle", "ovh": "OVHcloud", "route53": "Amazon Route 53", "sectigo": "Sectigo", "stackpath": "StackPath",
	"sucuri": "Sucuri", "ultradns": "UltraDNS", "vercel": "Vercel", "wordpress": "WordPress.com",
}

// DisplayName is a component's name as a person would write it: for cdn:fastly,
// Fastly.
func (c Component) DisplayName() string {
	name := c.Name()
	switch c.Kind() {
	case KindSite, KindASN, KindPrefix, KindISP:
		return name
	case KindTLD:
		return "." + name
	}
	provider, rest, nested := strings.Cut(name, "/")
	shown, ok := names[provider]
	if !ok && provider != "" {
		shown = strings.ToUpper(provider[:1]) + provider[1:]
	}
	if nested {
		return shown + " " + rest
	}
	return shown
}

package token

// The scopes of a token: each lets its bearer do one thing.
const (
	// A token with this scope alone reads under the limit of tokens: reports need no token.
	ScopeReports  = "reports:write"
	ScopeProbes   = "probes:write"       // probes as the vantage that is the token's subject
	ScopeWebhooks = "webhooks:write"     // webhooks of its own
	ScopeAnnotate = "incidents:annotate" // statements and corrections
	ScopeAdmin    = "admin"              // tokens

	// Alerts of a monitoring program. The token's subject is the vantage that the
	// program stands for.
	ScopeAlertmanager = "alertmanager:write"
	ScopeUptimeKuma   = "kuma:write"
	ScopeGatus        = "gatus:write"
)

// Scopes lists all scopes. A token with another one is not issued.
var Scopes = []string{
	ScopeReports,
	ScopeProbes,
	ScopeAlertmanager,
	ScopeUptimeKuma,
	ScopeGatus,
	ScopeWebhooks,
	ScopeAnnotate,
	ScopeAdmin,
}

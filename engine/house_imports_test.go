package engine_test

import "slices"

// services are what actions and the engine share, on the language.
var services = []string{
	"engine/language/...",
	"engine/failure",
	"engine/database",
	"engine/query",
	"engine/secret",
	"engine/audit",
	"engine/identity",
	"engine/idempotency",
	"engine/lock",
	"engine/cache",
	"engine/journal",
	"engine/tasks",
	"engine/files",
	"engine/limit",
	"engine/mail",
	"engine/oidc",
	"engine/outgoing",
	"engine/webhook",
	"engine/captcha",
	"engine/template",
	"engine/events",
}

// onAction is what a package of actions may import.
var onAction = append(slices.Clone(services), "engine/action")

// imports is the import order: each package of the module, and what of the module
// it may import. A package that is missing here fails the test, so that adding one
// means thinking about where it stands. Test files may import what they need.
var imports = map[string][]string{
	"engine/language/source":     {},
	"engine/language/zone":       {},
	"engine/language/schema":     {"engine/language/source", "engine/language/zone"},
	"engine/language/expression": {"engine/language/source", "engine/language/schema", "engine/language/zone"},
	"engine/language/document":   {"engine/language/source", "engine/language/schema"},

	// Services know the language's values, and nothing of endpoints.
	"engine/failure":     {},
	"engine/database":    {"engine/failure", "engine/language/source", "engine/language/schema"},
	"engine/query":       {"engine/language/schema", "engine/database"},
	"engine/secret":      {},
	"engine/limit":       {},
	"engine/idempotency": {"engine/failure", "engine/database", "engine/secret", "engine/lock"},
	"engine/files":       {"engine/failure", "engine/language/...", "engine/database"},
	"engine/tasks":       {"engine/language/zone", "engine/database", "engine/secret", "engine/jobs"},
	"engine/lock":        {},
	"engine/cache":       {},
	"engine/journal":     {"engine/language/schema"},
	"engine/audit":       {"engine/language/schema", "engine/database", "engine/secret"},
	"engine/identity":    {"engine/failure", "engine/language/source", "engine/language/schema", "engine/database", "engine/secret", "engine/audit"},
	"engine/jobs":        {"engine/database"},
	"engine/mail":        {"engine/failure", "engine/database", "engine/secret", "engine/jobs"},
	"engine/oidc":        {"engine/failure", "engine/secret"},
	"engine/events":      {"engine/failure", "engine/database", "engine/identity"},
	"engine/outgoing":    {"engine/failure"},
	"engine/webhook":     {"engine/failure", "engine/database", "engine/secret", "engine/jobs", "engine/outgoing"},
	"engine/template":    {"engine/language/source", "engine/language/schema"},
	"engine/captcha":     {"engine/failure", "engine/database", "engine/secret"},

	// The contract of actions, and the actions beside what runs them.
	"engine/action":    services,
	"actions/control":  onAction,
	"actions/crypto":   onAction,
	"actions/data":     onAction,
	"actions/identity": onAction,
	"actions/system":   onAction,
	"actions/text":     onAction,
	"actions/web":      onAction,
	"actions":          {"actions/...", "engine/action"},

	"engine/internal/watch":     {},
	"engine/internal/arguments": {"engine/language/source", "engine/language/schema", "engine/files"},
	"engine/internal/settings":  {"engine/language/...", "engine/identity", "engine/events", "engine/webhook"},
	"engine/internal/route":     {"engine/language/source"},
	"engine/internal/plan": {"engine/language/...", "engine/database", "engine/identity", "engine/events", "engine/limit", "engine/cache", "engine/idempotency", "engine/files", "engine/tasks", "engine/action",
		"engine/template", "engine/internal/arguments", "engine/internal/route"},
	"engine/internal/reference":       {"engine/language/...", "engine/action", "engine/internal/plan"},
	"engine/internal/reference/docs":  {},
	"engine/internal/outside":         {},
	"engine/internal/outside/issuer":  {},
	"engine/internal/reference/files": {"engine/language/...", "engine/action", "engine/internal/plan", "engine/internal/settings"},
	"engine/internal/trial":           {"engine/language/...", "engine/failure", "engine/tasks", "engine/database", "engine/identity", "engine/mail", "engine/webhook", "engine/events", "engine/action", "engine/internal/plan"},
	"engine":                          {"engine/..."},

	"cmd/cloudlet": {"actions", "engine", "engine/action", "engine/identity", "engine/language/..."},
}

// keepers are the only packages that import a library, by the beginning of its path.
var keepers = map[string]string{
	"gopkg.in/yaml":             "engine/language/document",
	"go.yaml.in/yaml":           "engine/language/document",
	"github.com/fsnotify":       "engine/internal/watch",
	"database/sql":              "engine/database",
	"modernc.org/sqlite":        "engine/database",
	"github.com/jackc/pgx":      "engine/database",
	"github.com/expr-lang":      "engine/language/expression",
	"github.com/pressly/goose":  "engine/database",
	"github.com/coreos/go-oidc": "engine/oidc",
	"golang.org/x/oauth2":       "engine/oidc",
	"github.com/altcha-org":     "engine/captcha",
	"code.dny.dev/ssrf":         "engine/outgoing",
	"github.com/sony/gobreaker": "engine/outgoing",
	"github.com/zitadel":        "engine/internal/outside/issuer",
}

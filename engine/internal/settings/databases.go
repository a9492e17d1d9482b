package settings

import (
	"net/url"
	"path/filepath"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

func (r *reader) databases(n *document.Node) {
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "databases is a map of names to URLs, as in main: sqlite:data/cloudlet.db")
		return
	}
	for _, e := range n.Entries {
		name := e.Key.Value
		if e.Value.Refused() {
			continue
		}
		if e.Value.Kind != document.Scalar {
			r.problems.Addf(e.Value.Span, "wrong_type", "a database is a URL, as in sqlite:data/cloudlet.db")
			continue
		}
		r.settings.Databases[name] = ""
		text, secret, ok := r.fill(e.Value)
		if !ok {
			continue
		}
		if why := refusedURL(text); why != "" {
			r.problems.Addf(e.Value.Span, "wrong_value", "%s", why)
			continue
		}
		r.settings.Databases[name] = text
		r.given["databases."+name] = origin{span: e.Value.Span, secret: secret}
	}
}

// databaseVariables lets CLOUDLET_DATABASES_… override what the file names.
func (r *reader) databaseVariables() {
	for _, db := range r.settings.DatabaseNames() {
		path := "databases." + db
		text := r.env(Variable(path))
		if text == "" {
			continue
		}
		if why := refusedURL(text); why != "" {
			r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s: %s", Variable(path), why)
			continue
		}
		r.settings.Databases[db] = text
		r.given[path] = origin{variable: Variable(path)}
	}
}

// refusedURL says why a database's URL cannot be used, or "".
func refusedURL(url string) string {
	file, ok := strings.CutPrefix(url, "sqlite:")
	switch {
	case strings.HasPrefix(url, "postgres:"), strings.HasPrefix(url, "postgresql:"):
		return "PostgreSQL is not supported by this version yet"
	case !ok || file == "":
		return "a database's URL begins with sqlite:, as in sqlite:data/cloudlet.db"
	case file != ":memory:" && !filepath.IsAbs(file) && !filepath.IsLocal(file):
		return "a database's file cannot be outside the app's folder, unless its path is absolute"
	case strings.HasPrefix(filepath.ToSlash(filepath.Clean(file))+"/", "endpoints/"):
		return "a database's file cannot be among the endpoints, which are read and watched; data/ is for it"
	}
	return ""
}

// shownURL is a database's URL without the password that may be in it.
func shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		if strings.HasPrefix(text, "sqlite:") && !strings.Contains(text, "@") {
			return text
		}
		return schema.Masked
	}
	_, inUser := u.User.Password()
	inQuery := false
	for name := range u.Query() {
		inQuery = inQuery || strings.Contains(strings.ToLower(name), "pass")
	}
	if inUser || inQuery {
		return schema.Masked
	}
	return text
}

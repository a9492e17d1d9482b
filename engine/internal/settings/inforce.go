package settings

import "cloudlet/engine/language/schema"

// InForce is one key as it holds.
type InForce struct {
	Key string
	// Value is nil where nothing is set; schema.Masked in the place of a secret.
	Value any
	// Line is where it stands in cloudlet.yaml; 0: it does not come from there.
	Line int
	// Variable is the environment variable that it comes from, or "".
	Variable string
	Secret   bool
}

// inForce lists what holds. Sections that are not there have one entry without value.
func (r *reader) inForce() []InForce {
	var list []InForce
	for _, p := range r.places() {
		switch {
		case p.read != nil:
			list = append(list, r.entries(p.path)...)
		case p.named != nil:
			if len(p.named.list(r.settings)) == 0 {
				list = append(list, InForce{Key: p.path})
			}
		case p.keys != nil:
			if !p.there(r.settings) && p.path == p.section {
				list = append(list, InForce{Key: p.path})
			}
		case p.there(r.settings):
			o := r.given[p.path]
			list = append(list, o.shown(p.path, o.value, p.hidden))
		}
	}
	return list
}

// shown is a value as it is shown.
func (o origin) shown(path string, value any, secret bool) InForce {
	e := InForce{Key: path, Value: value, Variable: o.variable, Secret: (secret || o.secret) && value != nil}
	if !o.refused {
		e.Line = o.span.Start().Line
	}
	if e.Secret {
		e.Value = schema.Masked
	}
	return e
}

// entries are those of a map of the author's own names.
func (r *reader) entries(path string) []InForce {
	var list []InForce
	add := func(name string, value any) {
		at := join(path, name)
		list = append(list, r.given[at].shown(at, value, path == "secrets" || value == schema.Masked))
	}
	switch path {
	case "databases":
		for _, name := range r.settings.DatabaseNames() {
			add(name, shownURL(r.settings.Databases[name]))
		}
	case "roles":
		for _, name := range sorted(r.settings.Roles) {
			add(name, r.settings.Roles[name])
		}
	case "config":
		for name, v := range r.settings.Config.All() {
			add(name, v)
		}
	case "secrets":
		for name, v := range r.settings.Secrets.All() {
			add(name, v)
		}
	}
	return list
}

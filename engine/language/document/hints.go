package document

// endpointHint says where a key belongs that stands beside the verbs.
func endpointHint(name string) string {
	switch name {
	case "actions", "status", "returns", "summary", "deprecated", "unknown", "idempotency", "events":
		return "it belongs into a verb, such as get"
	case "head", "options":
		return "it is answered by itself"
	}
	return ""
}

// verbHint says where a key belongs that stands in a verb.
func verbHint(name string) string {
	switch name {
	case "database", "before", "after", "on_error", "cors":
		return "it belongs beside the verbs, or into _module.yaml"
	case "role", "roles":
		return "who may call is said by auth, as in auth: [admin]"
	}
	return ""
}

// moduleHint says where a key belongs that stands in a module.
func moduleHint(name string) string {
	switch name {
	case "get", "post", "put", "patch", "delete", "arguments", "actions":
		return "it belongs into an endpoint's file"
	}
	return ""
}

package document

import (
	"fmt"
	"strings"
)

// endpointHint says where a key belongs that stands beside the verbs.
func endpointHint(name string) string {
	switch name {
	case "actions", "status", "returns", "summary", "deprecated", "unknown", "idempotency", "events":
		return "it belongs into a verb, such as get"
	case "steps", "responses", "requestBody", "parameters", "inputs":
		return "what an endpoint takes and does stands in a verb, such as get, under arguments and actions"
	case "paths", "path", "route", "url", "method", "openapi", "swagger":
		return "the path of the file is the address, and the methods are keys of it, such as get"
	case "on", "jobs", "schedule", "cron":
		return "what is done at a time is a file in the folder _jobs"
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

// compositeHint says why a key has no place in an action of the author's own.
func compositeHint(name string) string {
	switch name {
	case "returns", "outputs", "output", "result":
		return "an action's result is that of its last step"
	case "auth", "allow", "get", "post", "put", "patch", "delete", "status":
		return "an action answers no request: the endpoint that calls it does"
	}
	return ""
}

// formats are the types that JSON Schema calls formats of a string or a number.
var formats = map[string]string{"email": "email", "uri": "url", "url": "url", "uuid": "uuid", "date": "date", "time": "time", "date-time": "datetime", "datetime": "datetime",
	"duration": "duration", "password": "secret", "binary": "file", "byte": "string", "int32": "int", "int64": "int", "float": "float", "double": "float", "decimal": "decimal", "timezone": "timezone", "time-zone": "timezone"}

// declarationHint says how this language writes what other schema languages write with a key.
func declarationHint(n *Node) func(name string) string {
	return func(name string) string {
		switch strings.ToLower(name) {
		case "format":
			if v := n.Get(name); v != nil && v.Kind == Scalar && formats[v.Value] != "" {
				return fmt.Sprintf("write type: %s", formats[v.Value])
			}
			return "what a text is like is said by the type, such as email, or by pattern"
		case "optional", "nullable":
			return "write required: false"
		case "additionalproperties", "additional_properties":
			return "an object has the fields that are declared; one without fields takes any"
		case "multiple", "array", "repeated", "list":
			return "a list is written type: [string]"
		}
		return ""
	}
}

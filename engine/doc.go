// Package engine serves an app: a folder of endpoint files becomes routes that
// are checked, compiled and swapped in while it runs.
//
// # The way of the data
//
// One way, and short:
//
//	bytes → document.Parse → plan.Compile → route.Build → one pointer swapped → the old generation drained and closed
//	request → table look-up → arguments decoded and checked → for each step: run, keep the result in a slot → encode
//
// After compiling there are no names, no YAML and no reflection. A generation is
// never changed: a reload compiles a new one beside it and swaps the pointer only
// if nothing is wrong, so a mistake in a file never takes a running route away.
//
// # Rooms
//
//	engine/language   what an author writes: source (places and problems), schema (types
//	                  and values), expression (${…}), document (YAML). Knows no action,
//	                  no HTTP, no database.
//	engine/database   databases and their statements; engine/identity: users and tickets.
//	                  Services that know nothing of endpoints.
//	engine/action     the contract of actions, the one package that whoever writes an
//	                  action imports.
//	engine/internal   settings (cloudlet.yaml), arguments (requests to values), plan
//	                  (documents to what runs), route (paths to plans), watch (files),
//	                  trial (endpoint tests, each in a world of its own), reference (OpenAPI,
//	                  JSON Schema and the page that shows them, derived from the plan).
//	actions           the actions that come with the engine; engine never imports them.
//	cmd/cloudlet      the command line.
//
// The import order is a table in house_test.go, and the test fails when it is broken.
//
// # Adding an action
//
// Declare it with action.Define and put it into the list that Open is given:
//
//	e, err := engine.Open("myapp", engine.WithActions(append(actions.All(), mine...)))
//
// Documentation, checks and defaults come from the declaration.
package engine

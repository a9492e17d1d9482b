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
//	engine/failure    how services say why they did not do what they were asked for.
//	engine/database   databases and their statements; and the other services that know
//	                  nothing of endpoints: query (lists with filters and cursors), secret (what
//	                  every key is derived from), audit (who did what), identity (users and
//	                  tickets), oidc and captcha, jobs (a durable queue), tasks (the author's
//	                  jobs and their schedules), mail, template, files (what is stored), events
//	                  (what is published, and to whom), outgoing (requests to other services),
//	                  webhook (events for them, and theirs), idempotency, cache, limit and lock,
//	                  journal (the newest lines of the log).
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
// # Accounts
//
// Where the language leaves something open, logins do what the OWASP cheat sheets on
// authentication, password storage, session management and forgotten passwords ask:
//
//   - Passwords have at least 12 characters and are none of the 10,000 that are tried
//     first; nothing else is asked of them. They are kept as argon2id (19 MiB, 2 passes).
//   - An unknown user, a wrong password and a locked user get one answer after the same
//     work. Registration and forgotten passwords answer alike whether an address is
//     known, after a fixed time; what there is to know is mailed to its owner.
//   - Nobody logs in before the e-mail address is proven. Whoever registers and does not
//     come back within a week is removed, so that nobody keeps names and addresses of others.
//   - Guessing is slowed for a user at an address, never for the user everywhere: nobody
//     can lock somebody else out.
//   - Links in mails carry 256 random bits, are kept as hashes, work once and not for
//     long; HEAD does not use them up. A new address counts once its link was followed.
//   - Refresh tokens work once. One that comes back was copied: its session ends.
//   - A changed password ends all other sessions, its owner is told by mail, and an open
//     link for a new one ends too. A reset logs nobody in.
//   - Administrators cannot make themselves root, nor act on those who are.
//   - Whatever changes an account is in the audit log, in the same transaction.
//
// # Other services
//
// Where the language leaves something open, what goes out holds to this:
//
//   - Addresses are judged when they are dialled, each time anew: neither a name that changes
//     nor a redirect leads inside. Hosts of numbers that are no addresses are refused before.
//   - net/http sends a request again by itself only where nothing of it was written, or its method is
//     GET, HEAD or OPTIONS, or it has an Idempotency-Key.
//   - A redirect to another origin keeps Accept, Accept-Language, User-Agent and Traceparent;
//     a body goes to no other. http may become https on the same host, never the other way.
//   - A circuit opens after five failures in a row, or where half of at least twenty requests
//     in a minute failed: no connection, no answer in time, 500 and above. The state of 1,000 hosts is kept.
//   - The request's trace id goes along as traceparent, marked as not sampled.
//   - A webhook is signed anew for each attempt, with the same id. The app's own secret
//     is derived from the keyring; after a rotation the one before signs, too, for a week.
//   - A webhook that comes in is taken once its chain has succeeded. Outside of a transaction it is
//     claimed before and noted behind it: of two at once one is answered 409, so that its sender comes again.
//
// # Events
//
// What is published lives in memory: for ten minutes, at most 1,000 events and 4 MiB of
// each topic, 64 MiB of all. Where the language leaves something open, streams hold to this:
//
//   - An id is the topic's epoch and a number. The epoch tells a topic from one of the same
//     name before a restart, so that an id that is not known any more is answered by `reset`.
//   - A stream outlives no generation: it ends within two seconds of a reload, at a random
//     moment, and the client comes back after another, with its id. The hub stays.
//   - The steps of `before` run ahead of a stream and may refuse it; those of `after` do not run.
//   - Whoever reads is held against `auth` and `allow` again ahead of every event, and
//     at each sign of life, every 15 to 25 seconds.
//   - A value inside the text of a topic is escaped, so that it cannot name another topic.
//   - A reader with 1,000 events or 4 MiB waiting is dropped, and one that reads nothing
//     for 10 seconds. Nobody waits for it.
//   - What is published for users or roles waits for nobody else; `root` has all roles, but
//     is not the users that are named.
//   - Of several servers that share a database each knows only its own events.
//
// # Adding an action
//
// Declare it with action.Define and put it into the list that Open is given:
//
//	e, err := engine.Open("myapp", engine.WithActions(append(actions.All(), mine...)))
//
// Documentation, checks and defaults come from the declaration.
package engine

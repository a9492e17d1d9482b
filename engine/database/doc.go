// Package database runs an author's statements: it knows the schema they are
// written against before the first request, what their rows are made of, and
// that an acknowledged write is a committed one.
//
// One DB holds one writer and a few readers, each a connection of the driver
// that only one goroutine uses at a time. Writers wait in a queue; single
// statements that wait there together share one commit. Statements are
// prepared once a connection and read straight from the driver, so that rows
// become JSON without objects in between.
//
// What is SQLite's own stands in sqlite.go (how to connect), failure.go (result
// codes), complaint.go (messages) and describe.go (the authorizer).
package database

// Package system holds the actions that look after the app itself.
package system

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// Log writes one structured line.
var Log = action.Define(action.Spec[logInputs, action.None]{
	Name: "log", Summary: "Writes one line to the log.", Main: "message",
	Doc: "The line carries the trace id of the request. Only public values may be written: a secret or token is a problem when the file is loaded. Texts are cut behind 16 KiB, " +
		"and a field that is named as one of the log's own, such as level, is written as field.level.",
	Example: "- log: {message: A film was added, fields: {id: \"${film.id}\"}}\n",
	Run:     runLog,
})

type logInputs struct {
	Message action.Expr[action.Text] `doc:"What happened, in a sentence." leak:"would be written to the log"`
	Level   string                   `doc:"How much it matters." enum:"debug,info,warn,error" default:"info"`
	Fields  action.Expr[action.Map]  `doc:"Values to search the log by." optional:"" leak:"would be written to the log"`
}

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

func runLog(c *action.Call, in *logInputs) (action.None, error) {
	level := levels[in.Level]
	if c.Log == nil || !c.Log.Enabled(context.Background(), level) {
		return action.None{}, nil
	}
	message, err := in.Message.Value(c)
	if err != nil {
		return action.None{}, err
	}
	fields, ok, err := in.Fields.Optional(c)
	if err != nil {
		return action.None{}, err
	}
	attrs := make([]slog.Attr, 0, 8)
	if ok {
		for name, v := range fields.All() {
			if slices.Contains(ownFields, strings.ToLower(name)) {
				name = "field." + name
			}
			attrs = append(attrs, slog.Attr{Key: cut(name), Value: logged(v)})
		}
	}
	attrs = append(attrs, slog.String("trace_id", c.TraceID()))
	c.Log.LogAttrs(context.Background(), level, cut(string(message)), attrs...)
	return action.None{}, nil
}

// ownFields are the names that lines of the log have already: who reads them by name must not take
// the values of somebody who asks for what the server says.
var ownFields = []string{slog.TimeKey, slog.LevelKey, slog.MessageKey, slog.SourceKey, "trace_id", "job", "attempt"}

// longestText is how many bytes of a text stand in the log.
const longestText = 16 << 10

func cut(text string) string {
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// logged is a value as the log shows it: lists and objects as JSON.
func logged(v any) slog.Value {
	switch v := v.(type) {
	case []any, *schema.Object:
		return slog.StringValue(cut(string(schema.AppendJSON(nil, v))))
	case string:
		return slog.StringValue(cut(v))
	case nil, bool, int, float64:
		return slog.AnyValue(v)
	}
	return slog.StringValue(schema.Text(v))
}

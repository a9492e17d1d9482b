// Package system holds the actions that look after the app itself.
package system

import (
	"context"
	"log/slog"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// Log writes one structured line.
var Log = action.Define(action.Spec[logInputs, action.None]{
	Name: "log", Summary: "Writes one line to the log.", Main: "message",
	Doc:     "The line carries the trace id of the request. Only public values may be written: a secret or token is a problem when the file is loaded.",
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
			attrs = append(attrs, slog.Attr{Key: name, Value: logged(v)})
		}
	}
	attrs = append(attrs, slog.String("trace_id", c.TraceID()))
	c.Log.LogAttrs(context.Background(), level, string(message), attrs...)
	return action.None{}, nil
}

// logged is a value as the log shows it: lists and objects as JSON.
func logged(v any) slog.Value {
	switch v := v.(type) {
	case []any, *schema.Object:
		return slog.StringValue(string(schema.AppendJSON(nil, v)))
	case nil, bool, int, float64, string:
		return slog.AnyValue(v)
	}
	return slog.StringValue(schema.Text(v))
}

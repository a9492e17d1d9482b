package system

import (
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/journal"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var (
	lineType = schema.ObjectOf(
		schema.Field{Name: "at", Type: schema.DateTimeType},
		schema.Field{Name: "level", Type: schema.StringType},
		schema.Field{Name: "message", Type: schema.StringType},
		schema.Field{Name: "trace_id", Type: schema.StringType.OrNull()},
		schema.Field{Name: "fields", Type: &schema.Type{Kind: schema.ObjectK, Open: true}},
	)
	lineShape    = schema.NewShape(lineType.FieldNames()...)
	invalidLevel = action.Outcome{Status: 400, Code: "invalid_level", When: "the level is none of debug, info, warn and error"}
)

const noLevel = "a level is debug, info, warn or error"

// LogList reads the newest lines of the log.
var LogList = action.Define(action.Spec[logListInputs, any]{
	Name: "log.list", Summary: "Lists the newest lines of the engine's log, the newest first.",
	Doc: "The last 2000 lines since the engine started are kept in memory, long ones cut; only what the log's own level lets through is there. Only " +
		"endpoints for administrators should show it.",
	Example:  "- log.list: {level: warn, search: \"${args.search}\", limit: 50}\n",
	Result:   schema.ListOf(lineType),
	Failures: []action.Outcome{action.OutOfRange, invalidLevel},
	Prepare: func(l action.Load, in *logListInputs) action.Result {
		if level, known := in.Level.Constant(); known {
			if _, ok := levels[level]; !ok {
				l.Problem(source.Problem{Span: l.At("level"), Code: invalidLevel.Code, Text: noLevel, Hint: source.DidYouMean(level, []string{"debug", "info", "warn", "error"})})
			}
		}
		action.Limit.Check(l, &in.Limit)
		return action.Gives(schema.ListOf(lineType))
	},
	Run: runLogList,
})

type logListInputs struct {
	Level   action.Expr[string] `doc:"This level or a higher one: debug, info, warn or error." default:"debug"`
	Search  action.Expr[string] `doc:"A part of the message or of a field's value, without case." optional:""`
	TraceID action.Expr[string] `doc:"Only lines of this request." optional:""`
	Limit   action.Expr[int]    `doc:"How many at most, 1 to 1000." default:"100"`
}

func runLogList(c *action.Call, in *logListInputs) (any, error) {
	name, err := in.Level.Value(c)
	if err != nil {
		return nil, err
	}
	level, ok := levels[name]
	if !ok {
		return nil, action.Fail(invalidLevel.Status, invalidLevel.Code, "A level is debug, info, warn or error.")
	}
	q := journal.Query{Level: level}
	if q.Search, _, err = in.Search.Optional(c); err != nil {
		return nil, err
	}
	if q.Trace, _, err = in.TraceID.Optional(c); err != nil {
		return nil, err
	}
	if q.Limit, err = action.Limit.Value(c, &in.Limit); err != nil {
		return nil, err
	}
	lines := c.Services.Journal.List(q)
	list := make([]any, len(lines))
	for i, l := range lines {
		list[i] = lineShape.New([]any{l.At, strings.ToLower(l.Level.String()), l.Message, orNull(l.Trace), l.Fields})
	}
	return list, nil
}

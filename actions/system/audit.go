package system

import (
	"regexp"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/audit"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Failures of whatever reads or writes the audit log.
var (
	busy   = action.Outcome{Status: 503, Code: "database_busy", When: "the audit log cannot be reached in time"}
	failed = action.Outcome{Status: 500, Code: "database_failed", When: "the audit log cannot be read or written"}
)

// Audit writes a row of the audit log.
var Audit = action.Define(action.Spec[auditInputs, action.None]{
	Name: "audit", Summary: "Writes a row of the audit log: who did what to whom, from where and when.", Main: "event",
	Doc: "Who asks, the client's address, the trace id and the time are noted by themselves. Rows are chained and stay for good: inside a transaction the row is there if " +
		"the rest is. Only public values may be written. What changes users and roles writes its own.",
	Example:  "- audit: {event: film.deleted, subject: \"${args.id}\", fields: {title: \"${film.title}\"}}\n",
	Failures: []action.Outcome{busy, failed},
	Prepare: func(l action.Load, in *auditInputs) action.Result {
		if !eventName.MatchString(in.Event) {
			l.Problem(source.Problem{Span: l.At("event"), Code: "invalid_name", Text: "an event is lower case words with a dot between them, as in film.deleted"})
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *auditInputs) (action.None, error) {
		subject, _, err := in.Subject.Optional(c)
		if err != nil {
			return action.None{}, err
		}
		fields, _, err := in.Fields.Optional(c)
		if err != nil {
			return action.None{}, err
		}
		act, err := c.Act()
		if err != nil {
			return action.None{}, err
		}
		var pairs []any
		if fields != nil {
			for name, v := range fields.All() {
				if name != "impersonator" && name != "api_key" { // which are noted by themselves
					pairs = append(pairs, name, v)
				}
			}
		}
		return action.None{}, c.Services.Audit.Append(c.Context, act.Tx, act.Entry(in.Event, string(subject), pairs...))
	},
})

var eventName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

type auditInputs struct {
	Event   string                   `doc:"What happened: film.deleted."`
	Subject action.Expr[action.Text] `doc:"Whom or what it was done to." optional:"" leak:"would be written to the audit log"`
	Fields  action.Expr[action.Map]  `doc:"What else there is to say, at most 16 KiB as JSON." optional:"" leak:"would be written to the audit log"`
}

var (
	recordType = schema.ObjectOf(
		schema.Field{Name: "number", Type: schema.IntType},
		schema.Field{Name: "at", Type: schema.DateTimeType},
		schema.Field{Name: "event", Type: schema.StringType},
		schema.Field{Name: "actor", Type: schema.StringType.OrNull()},
		schema.Field{Name: "subject", Type: schema.StringType.OrNull()},
		schema.Field{Name: "address", Type: schema.StringType.OrNull()},
		schema.Field{Name: "trace_id", Type: schema.StringType.OrNull()},
		schema.Field{Name: "fields", Type: &schema.Type{Kind: schema.ObjectK, Open: true}},
	)
	recordsType = schema.ObjectOf(
		schema.Field{Name: "records", Type: schema.ListOf(recordType)},
		schema.Field{Name: "total", Type: schema.IntType},
	)
	recordShape  = schema.NewShape(recordType.FieldNames()...)
	recordsShape = schema.NewShape(recordsType.FieldNames()...)
)

// AuditList reads the audit log.
var AuditList = action.Define(action.Spec[auditListInputs, any]{
	Name: "audit.list", Summary: "Lists rows of the audit log, the newest first, and tells how many there are in all.",
	Doc:      "Only endpoints for administrators should show it. `cloudlet audit verify` holds the log against its chain.",
	Example:  "- audit.list: {event: user.*, actor: \"${args.actor}\", limit: 20}\n",
	Result:   recordsType,
	Failures: []action.Outcome{action.OutOfRange, busy, failed},
	Prepare: func(l action.Load, in *auditListInputs) action.Result {
		action.Limit.Check(l, &in.Limit)
		action.Offset.Check(l, &in.Offset)
		return action.Gives(recordsType)
	},
	Run: func(c *action.Call, in *auditListInputs) (any, error) {
		q, err := in.query(c)
		if err != nil {
			return nil, err
		}
		records, total, err := c.Services.Audit.List(c.Context, q)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(records))
		for i, r := range records {
			list[i] = recordShape.New([]any{r.Number, r.At, r.Event, orNull(r.Actor), orNull(r.Subject), orNull(r.Address), orNull(r.Trace), r.Fields})
		}
		return recordsShape.New([]any{list, total}), nil
	},
})

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

type auditListInputs struct {
	Event   action.Expr[string]    `doc:"This one; with .* at its end those that begin so." optional:""`
	Actor   action.Expr[string]    `doc:"Who did it." optional:""`
	Subject action.Expr[string]    `doc:"To whom or what." optional:""`
	After   action.Expr[time.Time] `doc:"Then or later." optional:""`
	Before  action.Expr[time.Time] `doc:"Earlier than then." optional:""`
	Limit   action.Expr[int]       `doc:"How many at most, 1 to 1000." default:"50"`
	Offset  action.Expr[int]       `doc:"How many to pass over." default:"0"`
}

// query evaluates the inputs.
func (in *auditListInputs) query(c *action.Call) (q audit.Query, err error) {
	texts := []struct {
		from *action.Expr[string]
		to   *string
	}{{&in.Event, &q.Event}, {&in.Actor, &q.Actor}, {&in.Subject, &q.Subject}}
	for _, t := range texts {
		if *t.to, _, err = t.from.Optional(c); err != nil {
			return q, err
		}
	}
	if q.After, _, err = in.After.Optional(c); err != nil {
		return q, err
	}
	if q.Before, _, err = in.Before.Optional(c); err != nil {
		return q, err
	}
	if q.Limit, err = action.Limit.Value(c, &in.Limit); err != nil {
		return q, err
	}
	if q.Offset, err = action.Offset.Value(c, &in.Offset); err != nil {
		return q, err
	}
	q.Tx = c.Begun("main")
	return q, nil
}

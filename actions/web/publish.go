package web

import (
	"fmt"
	"net/url"

	"cloudlet/engine/action"
	"cloudlet/engine/events"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Publish hands an event to those who are subscribed to a topic.
var Publish = action.Define(action.Spec[publishInputs, action.None]{
	Name: "publish", Summary: "Sends an event to everybody who is subscribed to a topic.",
	Writes: true,
	Doc: "Subscribers read the topic from a verb with `events`, as Server-Sent Events; the data reach them as JSON. Inside a transaction the event is sent when that commits, " +
		"and not when it rolls back; the events of a topic come in the order of the commits. The newest events of a topic are kept in memory for ten minutes, " +
		"for subscribers whose connection broke; nobody gets an event after a restart of the server. " +
		"In a topic, a value inside a text is escaped as a segment of a URL is: orders/${args.id} is never orders/7/internal.",
	Example: "- publish: {topic: \"films/${film.id}\", event: changed, data: \"${film}\"}\n",
	Failures: []action.Outcome{
		{Status: events.ErrInvalidTopic.Status, Code: events.ErrInvalidTopic.Code, When: "the computed topic is none"},
		{Status: events.ErrInvalidEvent.Status, Code: events.ErrInvalidEvent.Code, When: "the computed name of the event is none"},
		{Status: events.ErrTooLarge.Status, Code: events.ErrTooLarge.Code,
			When: fmt.Sprintf("the data are larger than %d KiB, or there are more than %d roles and users", events.MaxSize>>10, events.MaxReaders)},
		{Status: 503, Code: "database_busy", When: "the transaction around it cannot begin in time"},
	},
	Prepare: preparePublish, Run: runPublish,
})

type publishInputs struct {
	Topic action.Expr[string]   `doc:"Under which name: films, or orders/${order.id}." leak:"would be the name of a topic"`
	Data  action.Expr[any]      `doc:"What has happened: any value." leak:"would be sent to the subscribers"`
	Event action.Expr[string]   `doc:"The name of the event, for addEventListener; left out, it is a message." optional:"" leak:"would be sent to the subscribers"`
	Roles action.Expr[[]string] `doc:"Only subscribers with one of the roles get it." optional:"" roles:""`
	Users action.Expr[[]string] `doc:"Only these users get it; with roles too, whoever is in either." optional:""`
}

func preparePublish(l action.Load, in *publishInputs) action.Result {
	in.Topic.Escape(url.PathEscape)
	topic, known := in.Topic.Constant()
	if !known {
		topic = in.Topic.Sketch("x")
	}
	if reason := events.CheckTopic(topic); reason != "" && (known || topic != "") {
		l.Problem(source.Problem{Span: l.At("topic"), Code: events.ErrInvalidTopic.Code, Text: reason})
	}
	if !known {
		topic = in.Topic.Sketch(action.Hole)
	}
	l.Publishes(topic)
	if name, known := in.Event.Constant(); known && in.Event.Given() {
		reason := events.CheckName(name)
		if name == "" {
			reason = "an event's name has at least one character"
		}
		if reason != "" {
			l.Problem(source.Problem{Span: l.At("event"), Code: events.ErrInvalidEvent.Code, Text: reason})
		}
	}
	if roles, known := in.Roles.Constant(); known {
		for _, role := range roles {
			if identity.CheckRoleName(role) != nil {
				l.Problem(source.Problem{Span: l.At("roles"), Code: "invalid_name", Text: fmt.Sprintf("no role can be called %q", role)})
			}
		}
	}
	return action.Effect
}

func runPublish(c *action.Call, in *publishInputs) (action.None, error) {
	m, err := in.message(c)
	if err != nil {
		return action.None{}, err
	}
	tx, err := c.Surrounding()
	if err != nil {
		return action.None{}, err
	}
	return action.None{}, c.Services.Events.Publish(tx, m)
}

// message evaluates the inputs. Readers that are null are a failure: the message is not
// everybody's because a value was missing.
func (in *publishInputs) message(c *action.Call) (m events.Message, err error) {
	if m.Topic, err = in.Topic.Value(c); err != nil {
		return m, err
	}
	if m.Name, _, err = in.Event.Optional(c); err != nil {
		return m, err
	}
	data, err := in.Data.Value(c)
	if err != nil {
		return m, err
	}
	m.Data = schema.AppendJSON(nil, data)
	if in.Roles.Given() {
		m.Bound = true
		if m.Roles, err = in.Roles.Value(c); err != nil {
			return m, err
		}
	}
	if in.Users.Given() {
		m.Bound = true
		m.Users, err = in.Users.Value(c)
	}
	return m, err
}

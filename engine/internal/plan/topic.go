package plan

import (
	"net/http"
	"net/url"

	"cloudlet/engine/action"
	"cloudlet/engine/events"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// StreamContent is the media type of Server-Sent Events.
const StreamContent = "text/event-stream"

// Streams reports whether the verb is a stream of events.
func (v *Verb) Streams() bool { return v.topic != nil }

// compileTopic compiles the topic of a stream. What ${…} gives inside a text is escaped as a segment of
// a URL is: a client that chooses it reaches no other topic.
func (b *builder) compileTopic(sc *scope, v *Verb, n *document.Node) {
	v.Result = action.Result{Type: streamType, Has: action.Always}
	v.topic = expression.NewConstant("", schema.StringType)
	p := b.typed(sc, n, schema.StringType, input{name: "events", leak: "would be the name of a topic"})
	if p == nil {
		return
	}
	v.topic, v.point = p.Escaping(func(_, value string, _ bool) string { return url.PathEscape(value) }), b.point(n.Span, Step, "events")
	name, known := p.Constant()
	text, _ := name.(string)
	if !known {
		text = p.Sketch("x")
	}
	if reason := events.CheckTopic(text); reason != "" && (known || text != "") {
		b.problems.Add(source.Problem{Span: n.Span, Code: events.ErrInvalidTopic.Code, Text: reason})
	}
	if !known {
		text = p.Sketch(action.Hole)
	}
	if text != "" {
		b.topics.read = append(b.topics.read, readTopic{text, n.Span})
	}
	if action.Chosen(p) && len(v.allow) == 0 {
		b.problems.Add(source.Problem{Span: n.Span, Code: "chosen_topic", Warning: true, Text: "whoever asks chooses the whole topic, and may read what is published for others",
			Hint: "begin it with a text, as in films/${" + p.String() + "}, or say in `allow` who may read what"})
	}
}

// streamType is the type of a stream as the text that it is.
var streamType = schema.StringType

// withStream are the failures of a verb with events.
var withStream = []action.Outcome{
	{Status: events.ErrInvalidTopic.Status, Code: events.ErrInvalidTopic.Code, When: "there is no topic of this name"},
	{Status: events.ErrTooMany.Status, Code: events.ErrTooMany.Code, When: "the user, or the address where there is none, reads too many streams already"},
	{Status: events.ErrFull.Status, Code: events.ErrFull.Code, When: "too many read streams at the moment"},
	unstreamable,
}

// unstreamable is the failure of a client that cannot read a stream.
var unstreamable = action.Outcome{Status: http.StatusNotAcceptable, Code: "no_stream", When: "the client speaks HTTP/1.0, which has no streams"}

// streamOf is the result of a verb with events: the topic to be streamed.
type streamOf string

// stream is what a verb with events does where others run their actions.
func (v *Verb) stream(c *action.Call) (any, error) {
	if c.Request == nil || !c.Encodes {
		return nil, action.Fail(unstreamable.Status, unstreamable.Code, "This is a stream of events, which can only be read over HTTP, as with curl -N.")
	}
	count(c, v.point)
	value, err := v.topic.Run(&c.Frame)
	if err != nil {
		return nil, err
	}
	topic, ok := value.(string)
	switch {
	case !ok:
		return nil, &action.Failure{Status: 500, Code: "null_value", Detail: "A value is missing.", Reason: "the topic is null", At: v.At}
	case events.CheckTopic(topic) != "":
		return nil, events.ErrInvalidTopic
	}
	return streamOf(topic), nil
}

// subscribe begins to read a topic for whoever asks.
func subscribe(x *action.Exchange, topic string) (*events.Subscription, error) {
	caller, err := x.Who()
	if err != nil {
		return nil, err
	}
	r := events.Request{Topic: topic, LastID: x.Request.Header.Get("Last-Event-ID"), Caller: caller}
	if caller != nil {
		r.Client = "user " + caller.Name
	} else {
		r.Client = identity.NetworkOf(x.ClientAddress())
	}
	return x.Services.Events.Subscribe(r)
}

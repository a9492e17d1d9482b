package plan

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/events"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

// A stream lasts, so it outlives what holds for requests: the chain's timeout, and the
// generation that it began in. It ends when its generation is replaced, and the client
// comes back to the next one with the id of the event that it had last. Whoever may not
// read any more is cut off by the next event, or the next sign of life.

const (
	// Signs of life come that often, as a random time between: proxies close what is silent
	// for a minute or less, and thousands of clients must not stir at once.
	shortestSilence, longestSilence = 15 * time.Second, 25 * time.Second
	// So long a client waits before it comes back.
	shortestReturn, longestReturn = time.Second, 5 * time.Second
	// Within so long the streams of a generation that was replaced end.
	longestFarewell = 2 * time.Second
	// So long a client may take to read a piece of so many bytes, or one event: that is a
	// modem's pace.
	streamWriteTimeout = 10 * time.Second
	pieceInTime        = 64 << 10
)

func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least)
}

// stream is one stream that is being written.
type stream struct {
	verb     *Verb
	x        *exchange
	w        http.ResponseWriter
	control  *http.ResponseController
	from     *events.Subscription
	told     string // the id that the client knows
	caller   *identity.Caller
	farewell bool // the generation was replaced
}

// stream answers with the events of the exchange's topic until the client goes, or may
// not read any more. HEAD gets the headers alone.
func (h *Handler) stream(w http.ResponseWriter, v *Verb, x *exchange) {
	if !x.Request.ProtoAtLeast(1, 1) || !flushes(w) {
		WriteFailure(w, &x.Exchange, action.Fail(unstreamable.Status, unstreamable.Code, "Events cannot be streamed over this connection."))
		return
	}
	var from *events.Subscription
	if x.Request.Method != http.MethodHead {
		var err error
		if from, err = subscribe(&x.Exchange, string(x.topic)); err != nil {
			WriteFailure(w, &x.Exchange, action.FailureOf(err))
			return
		}
		defer from.Close()
	}
	header := w.Header()
	copyHeader(header, x.Answer.Header)
	header["Content-Type"] = []string{StreamContent}
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = nosniff
	header["X-Accel-Buffering"] = []string{"no"} // nginx would keep events back otherwise
	w.WriteHeader(http.StatusOK)
	if from == nil {
		return
	}
	s := &stream{verb: v, x: x, w: w, control: http.NewResponseController(w), from: from, caller: x.Caller()}
	s.run(h.Retired)
	_ = s.control.SetWriteDeadline(time.Time{}) // of the next answer on the connection
}

// flushes reports whether what is written can be sent on before the answer has ended.
func flushes(w http.ResponseWriter) bool {
	for {
		switch inner := w.(type) {
		case http.Flusher:
			return true
		case interface{ FlushError() error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return false
		}
	}
}

// run writes until the client goes, may not read any more, or the stream ends.
func (s *stream) run(retired <-chan struct{}) {
	if s.greet() != nil {
		return
	}
	gone := s.x.Request.Context().Done()
	timer := time.NewTimer(between(shortestSilence, longestSilence))
	defer timer.Stop()
	for {
		beat := false
		select {
		case <-gone:
			return
		case <-retired:
			// All at once they would come back all at once.
			retired, s.farewell = nil, true
			timer.Reset(rand.N(longestFarewell))
			continue
		case <-timer.C:
			beat = true
		case <-s.from.Ready():
		}
		if f := s.permitted(); f != nil {
			s.end("", f.Code, f.Detail)
			return
		}
		if !s.pass(beat) {
			return
		}
		if beat {
			timer.Reset(between(shortestSilence, longestSilence))
		}
	}
}

// greet tells the client how long to wait before it comes back, and where it is: with
// that it comes back even if nothing happens in between.
func (s *stream) greet() error {
	s.told = s.from.Start
	text := fmt.Sprintf("retry: %d\nid: %s\n", between(shortestReturn, longestReturn).Milliseconds(), s.told)
	if s.from.Reset {
		text += "event: reset\ndata: {\"reason\":\"history_gone\"}\n"
	}
	return s.write([]byte(text + "\n"))
}

// pass writes what has come, or on a beat a sign of life. It is false when nothing follows.
func (s *stream) pass(beat bool) bool {
	b := s.from.Take()
	if err := s.write(b.Frames...); err != nil {
		return false
	}
	if len(b.Frames) > 0 {
		s.told = b.Last
	}
	switch {
	case b.End == events.EndRehearsed:
		return false
	case b.End == events.EndTooSlow:
		s.log("a reader of events was too slow and dropped")
		s.end("", string(b.End), "More events came than were read.")
		return false
	case b.End != "":
		s.end(b.ID, string(b.End), events.ErrClosed.Detail)
		return false
	case beat && s.farewell:
		s.end(b.ID, "reloaded", "The app was changed.")
		return false
	case beat:
		return s.beat(b.ID) == nil
	}
	return true
}

// beat is a sign of life. Where events have passed that were for others the client
// learns the place behind them, so that it does not ask for them.
func (s *stream) beat(id string) error {
	if id == s.told {
		return s.write(silence)
	}
	s.told = id
	return s.write([]byte(":\nid: " + id + "\n\n"))
}

var silence = []byte(":\n\n")

// end tells the client why the stream ends, where it still reads, and the id to come back with.
func (s *stream) end(id, reason, detail string) {
	text := "event: end\n"
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	_ = s.write(fmt.Appendf(nil, "%sdata: %s\n\n", text, schema.AppendJSON(nil, schema.NewObject("reason", reason, "detail", detail))))
}

// write sends frames on, all together. A client that does not read as much as a piece of
// them in time is gone.
func (s *stream) write(frames ...[]byte) error {
	if len(frames) == 0 {
		return nil
	}
	left := 0
	for _, frame := range frames {
		if left -= len(frame); left < 0 {
			left = pieceInTime
			_ = s.control.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) // one that cannot have a deadline waits for nobody
		}
		if _, err := s.w.Write(frame); err != nil {
			return err
		}
	}
	return s.control.Flush()
}

// permitted holds whoever reads against the verb's conditions once more: a ticket ends,
// a user is locked or loses a role while the stream lasts.
func (s *stream) permitted() *action.Failure {
	if s.caller != nil {
		caller, err := s.x.Services.Identity.Verify(s.x.Request.Context(), action.Bearer(s.x.Request))
		if err != nil {
			return unauthorized(err)
		}
		if caller != s.caller {
			s.caller = caller
			s.x.SetCaller(caller)
			s.from.Admit(caller)
		}
	}
	if f := s.verb.permit(s.caller); f != nil {
		return f
	}
	if len(s.verb.allow) == 0 {
		return nil
	}
	c := &s.x.call
	ctx := action.NewContext(s.x.Request.Context(), time.Now().Add(s.verb.Timeout))
	defer ctx.Close()
	c.Context, c.Done = ctx, ctx
	err := s.verb.ready(c, c.Slots[action.ArgsSlot].(*schema.Object))
	if err == nil {
		err = s.verb.allowed(c)
	}
	if err != nil {
		return action.FailureOf(err)
	}
	return nil
}

func (s *stream) log(message string) {
	if s.x.Log == nil {
		return
	}
	user := ""
	if s.caller != nil {
		user = s.caller.Name
	}
	s.x.Log.LogAttrs(context.Background(), slog.LevelInfo, message, slog.String("path", s.x.Address.Path(s.x.Request.URL)),
		slog.String("user", user), slog.String("trace_id", s.x.TraceID()))
}

package plan

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/language/schema"
)

// withIdempotency are the failures of a verb whose requests may have an Idempotency-Key.
var withIdempotency = []action.Outcome{
	{Status: idempotency.ErrInvalidKey.Status, Code: idempotency.ErrInvalidKey.Code, When: "the Idempotency-Key is none"},
	{Status: idempotency.ErrReused.Status, Code: idempotency.ErrReused.Code, When: "the Idempotency-Key was sent with another request before"},
	{Status: http.StatusServiceUnavailable, Code: "database_busy", When: "the database is busy for too long"},
	{Status: http.StatusInternalServerError, Code: "database_failed", When: "the database cannot go on"},
}

// Idempotent reports whether requests of the verb may have an Idempotency-Key.
func (v *Verb) Idempotent() bool { return v.idempotency > 0 }

// errUnkept rolls back what a chain did that itself answers with a failure.
var errUnkept = errors.New("the answer is a failure")

// idempotent answers a request as it was answered when its key came first; the first runs
// the chain, and its answer is committed with what it did. Without a key it just runs.
func (h *Handler) idempotent(w http.ResponseWriter, v *Verb, x *exchange) {
	keys := x.Request.Header["Idempotency-Key"]
	if len(keys) == 0 {
		result, err := v.perform(&x.call)
		h.send(w, v, x, result, err)
		return
	}
	o, err := v.occasion(x, keys)
	var leave func()
	if err == nil {
		leave, err = x.Services.Idempotency.Enter(x.call.Context, o.id)
	}
	if err != nil {
		fail(w, x, v.failed(&x.call, err))
		return
	}
	defer leave()
	if again, err := o.again(w, x); again || err != nil {
		if err != nil {
			fail(w, x, v.failed(&x.call, err))
		}
		return
	}
	result, err := o.first(v, x)
	if idempotency.IsRace(err) && o.raced {
		if again, e := o.again(w, x); again || e != nil { // another process has answered meanwhile
			if e != nil {
				fail(w, x, v.failed(&x.call, e))
			}
			return
		}
	}
	h.send(w, v, x, result, err)
}

// send answers with what a chain gave.
func (h *Handler) send(w http.ResponseWriter, v *Verb, x *exchange, result any, err error) {
	status, body, has, f := v.conclude(x, result, err)
	if f != nil {
		fail(w, x, f)
		return
	}
	write(w, &x.Exchange, status, body, has)
}

// occasion is a request with a key.
type occasion struct {
	id          idempotency.ID
	fingerprint idempotency.Fingerprint
	raced       bool // the answer could not be kept, since there is one
}

// occasion reads the key, and what belongs to it: the verb with its path, and who asks.
func (v *Verb) occasion(x *exchange, keys []string) (*occasion, error) {
	key, err := idempotency.Key(keys)
	if err != nil {
		return nil, err
	}
	caller, err := x.Who()
	if err != nil {
		return nil, err
	}
	user := ""
	if caller != nil {
		user = "user " + caller.Name
	}
	args := string(schema.AppendJSON(nil, x.call.Slots[action.ArgsSlot]))
	if v.set.TakesFiles() {
		digest, err := x.digest()
		if err != nil {
			return nil, err
		}
		args += digest
	}
	if v.readsClient && caller == nil {
		args += credentials(x.Request.Header)
	}
	return &occasion{id: idempotency.NewID(v.name, user, key), fingerprint: idempotency.NewFingerprint(x.Request.URL.EscapedPath(), args, string(x.Body))}, nil
}

// credentialed are parts of the names of headers that say who asks, where an app has accounts of
// its own.
var credentialed = []string{"auth", "cookie", "key", "session", "token", "secret"}

// credentials are what a request brings to say who asks: to a chain that reads them two who have no
// user here may be two, and one is not to be answered as the other was. Other headers are not
// among it, since they differ when a request is sent again.
func credentials(header http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		lower := strings.ToLower(name)
		if name != "Idempotency-Key" && slices.ContainsFunc(credentialed, func(part string) bool { return strings.Contains(lower, part) }) {
			b.WriteByte('\n') // no value has one
			b.WriteString(name + ":" + strings.Join(header[name], "\n:"))
		}
	}
	return b.String()
}

// again answers with what was kept; it is false where there is nothing.
func (o *occasion) again(w http.ResponseWriter, x *exchange) (bool, error) {
	a, err := x.Services.Idempotency.Find(x.call.Context, o.id, o.fingerprint, clock(&x.Exchange))
	if a == nil || err != nil {
		return false, err
	}
	header := w.Header()
	maps.Copy(header, a.Header)
	header["Idempotency-Replayed"] = []string{"true"}
	if len(a.Body) > smallBody {
		header["Content-Length"] = []string{strconv.Itoa(len(a.Body))}
	}
	w.WriteHeader(a.Status)
	if a.Has {
		writeBody(w, a.Body)
	}
	return true, nil
}

// first runs the chain and keeps its answer in the same transaction. What fails, or is
// answered with a failure, is rolled back and not kept: who sends it again tries again.
func (o *occasion) first(v *Verb, x *exchange) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, action.Panicked(p)
		}
	}()
	c := &x.call
	refused := error(nil)
	result, err = c.InTransaction("main", func() (any, error) {
		result, err := v.chains(c)
		if err != nil && err != action.Respond {
			return result, err
		}
		if c.Answer.Status >= http.StatusBadRequest {
			refused = err
			return result, errUnkept
		}
		if e := o.keep(v, x, result, err); e != nil {
			o.raced = idempotency.IsRace(e)
			return nil, e
		}
		return result, err
	})
	switch {
	case errors.Is(err, errUnkept):
		return result, refused
	case err != nil && !action.Ends(err) && v.onError != nil && !o.raced:
		return v.handle(c, err)
	}
	return result, err
}

// keep writes the answer that a chain gave.
func (o *occasion) keep(v *Verb, x *exchange, result any, err error) error {
	status, body, has, f := v.finish(&x.call, result, err)
	if f != nil {
		return f
	}
	if x.Answer.Send != nil {
		return &action.Failure{Status: 500, Code: unexpectedResult.Code, Detail: "The result is not what was declared.", Reason: "a file cannot be kept as the answer to an Idempotency-Key", At: v.At}
	}
	a := &idempotency.Answer{Status: status, Has: has, Header: maps.Clone(x.Answer.Header)}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	if x.Answer.Token || v.noStore {
		a.Header["Cache-Control"] = noStore
	}
	if has {
		a.Body = slices.Clone(encode(&x.Exchange, body))
		if a.Header["Content-Type"] == nil {
			a.Header["Content-Type"] = jsonContent
		}
		shield(a.Header)
	}
	tx, err := x.call.Tx("main")
	if err != nil {
		return err
	}
	now := clock(&x.Exchange)
	return x.Services.Idempotency.Keep(x.call.Context, tx, o.id, o.fingerprint, a, now, now.Add(v.idempotency))
}

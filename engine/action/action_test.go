package action

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
)

type sampleInputs struct {
	Message  Expr[Text]    `doc:"What." leak:"would be shown"`
	MaxAge   int           `doc:"How old." default:"7"`
	Level    string        `doc:"How much." enum:"low,high" default:"low"`
	SQL      SQL           `doc:"A statement." optional:""`
	HTTPOnly bool          `name:"http_only" doc:"Whether." default:"true"`
	Secret   Expr[string]  `doc:"A secret." class:"secret" optional:""`
	Pause    time.Duration `doc:"How long." default:"1s"`

	hidden int
}

func sample() *Action {
	return Define(Spec[sampleInputs, string]{Name: "sample", Main: "message", Run: func(c *Call, in *sampleInputs) (string, error) {
		in.hidden++
		m, err := in.Message.Value(c)
		return string(m), err
	}})
}

func TestInputsComeFromTheStruct(t *testing.T) {
	a := sample()
	if got := strings.Join(a.InputNames(), " "); got != "message max_age level sql http_only secret pause" {
		t.Errorf("inputs %s", got)
	}
	m, _ := a.Input("message")
	if !m.Required || m.Form != Expression || m.Leak != "would be shown" {
		t.Errorf("message: %+v", m)
	}
	if s, _ := a.Input("secret"); s.Required || s.Class != schema.Secret {
		t.Errorf("secret: %+v", s)
	}
	if l, _ := a.Input("level"); l.Required || len(l.Enum) != 2 || l.Form != Constant {
		t.Errorf("level: %+v", l)
	}
	in := a.Bind().In.(*sampleInputs)
	if in.MaxAge != 7 || in.Level != "low" || !in.HTTPOnly || in.Pause != time.Second {
		t.Errorf("defaults: %+v", in)
	}
	if a.Bind().In == a.Bind().In {
		t.Error("two bindings share their inputs")
	}
}

func TestDefinePanicsOnNonsense(t *testing.T) {
	for name, define := range map[string]func(){
		"main":   func() { Define(Spec[sampleInputs, None]{Name: "x", Main: "nothing"}) },
		"result": func() { Define(Spec[sampleInputs, []byte]{Name: "x"}) },
		"field":  func() { Define(Spec[struct{ X map[string]int }, None]{Name: "x"}) },
		"default": func() {
			Define(Spec[struct {
				X int `default:"many"`
			}, None]{Name: "x"}).Bind()
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a declaration without sense was taken")
				}
			}()
			define()
		})
	}
}

func run(t *testing.T, b *Binding) (any, error) {
	t.Helper()
	return b.Run(&Call{Exchange: &Exchange{}, Context: NewContext(context.Background(), time.Now().Add(time.Minute))})
}

func TestExpr(t *testing.T) {
	for _, c := range []struct {
		value any
		want  any
	}{{"hi", "hi"}, {7, "7"}, {nil, ""}, {[]any{1}, "[1]"}} {
		b := sample().Bind()
		in := b.In.(*sampleInputs)
		in.Message.Use(expression.NewConstant(c.value, schema.AnyType))
		if got, err := run(t, b); got != c.want || err != nil {
			t.Errorf("%v as text is %v, %v", c.value, got, err)
		}
	}
	var number Expr[int]
	number.Use(expression.NewConstant("x", schema.AnyType))
	if _, err := number.Value(&Call{}); FailureOf(err).Code != "unexpected_type" {
		t.Errorf("a text as int: %v", err)
	}
	number.Use(expression.NewConstant(nil, schema.AnyType))
	if _, err := number.Value(&Call{}); FailureOf(err).Code != "null_value" {
		t.Errorf("null as int: %v", err)
	}
	if _, ok, err := number.Optional(&Call{}); ok || err != nil {
		t.Error("null does not count as left out")
	}
}

func TestFailureOfTellsNothing(t *testing.T) {
	cause := errors.New("no such column: password_hash")
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{cause, 500, "internal_error"},
		{&failure.Error{Code: "already_exists", Status: 409, Detail: "There.", Cause: cause}, 409, "already_exists"},
		{identity.ErrInvalidCredentials, 401, "invalid_credentials"},
		{identity.ErrTooBusy, 429, "too_many_logins"},
		{context.DeadlineExceeded, 504, "timeout"},
		{&expression.Error{Code: "null_value"}, 500, "null_value"},
		{Fail(404, "no_such_film", "None."), 404, "no_such_film"},
	} {
		f := FailureOf(c.err)
		if f.Status != c.status || f.Code != c.code || strings.Contains(f.Detail, "password_hash") {
			t.Errorf("%v becomes %d %s %q", c.err, f.Status, f.Code, f.Detail)
		}
	}
	for wait, want := range map[time.Duration]string{time.Millisecond: "1", 29*time.Second + time.Millisecond: "30", 15 * time.Minute: "900"} {
		if f := FailureOf(identity.ErrTooManyFailures.After(wait)); f.Header["Retry-After"] != want {
			t.Errorf("after %v: Retry-After: %s", wait, f.Header["Retry-After"])
		}
	}
}

func TestContextCostsNothingUntilAsked(t *testing.T) {
	parent, deadline := context.Background(), time.Now().Add(time.Hour)
	var c Context
	if n := testing.AllocsPerRun(100, func() {
		c = Context{}
		c.Init(parent, deadline)
		if c.Err() != nil {
			t.Error("ended")
		}
		c.Close()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestContextEnds(t *testing.T) {
	c := NewContext(context.Background(), time.Now().Add(10*time.Millisecond))
	defer c.Close()
	<-c.Done()
	if !errors.Is(c.Err(), context.DeadlineExceeded) {
		t.Errorf("ended with %v", c.Err())
	}
	parent, cancel := context.WithCancel(context.Background())
	d := NewContext(parent, time.Now().Add(time.Hour))
	cancel()
	if !errors.Is(d.Err(), context.Canceled) {
		t.Errorf("its parent ended, and it says %v", d.Err())
	}
	closed := NewContext(context.Background(), time.Now().Add(time.Hour))
	closed.Close()
	<-closed.Done()
}

func TestTraceID(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if got := (&Exchange{Request: r}).TraceID(); got != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("the client's trace id became %s", got)
	}
	for _, bad := range []string{"", "x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-<script>alert(1)</script>aaaaaaa-00f067aa0ba902b7-01"} {
		r.Header.Set("Traceparent", bad)
		x := &Exchange{Request: r}
		if id := x.TraceID(); len(id) != 32 || !lowerHex(id) || id != x.TraceID() || bad != "" && strings.Contains(bad, id) {
			t.Errorf("%q gives %q", bad, id)
		}
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{"Bearer abc": "abc", "bearer  abc ": "abc", "Basic abc": "", "Bearer": "", "": ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if got := Bearer(r); got != want {
			t.Errorf("%q brings %q, want %q", header, got, want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Authorization"] = []string{"Bearer a", "Bearer b"}
	if got := Bearer(r); got != "" {
		t.Errorf("two tickets bring %q", got)
	}
}

func TestHeaders(t *testing.T) {
	var a Answer
	for _, c := range []struct {
		name, value string
		ok          bool
	}{{"X-Count", "7", true}, {"X", "a\r\nSet-Cookie: b", false}, {"X Y", "a", false}, {"", "a", false}, {"content-length", "3", false}, {"X", "a\tb", true}, {"X:", "a", false}} {
		if err := a.SetHeader(c.name, c.value); (err == nil) != c.ok {
			t.Errorf("%q: %q gives %v", c.name, c.value, err)
		}
	}
	if len(a.Header) != 2 {
		t.Errorf("headers %v", a.Header)
	}
}

func TestEither(t *testing.T) {
	text, number := Gives(schema.StringType), Gives(schema.IntType)
	for _, c := range []struct {
		a, b Result
		want string
		has  Presence
		ends bool
	}{
		{text, text, "string", Always, false},
		{text, number, "json", Always, false},
		{text, Effect, "string", Maybe, false},
		{text, Result{Ends: true}, "string", Always, false},
		{Result{Ends: true}, Result{Ends: true}, "json", Never, true},
		{Effect, Effect, "json", Never, false},
	} {
		got := Either(c.a, c.b)
		if got.Has != c.has || got.Ends != c.ends || got.Type.String() != c.want {
			t.Errorf("Either(%v, %v) = %v %v", c.a, c.b, got, got.Type)
		}
	}
}

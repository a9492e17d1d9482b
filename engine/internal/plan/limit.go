package plan

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/limit"
)

// rateLimit is how many requests of a verb may come. Only requests over HTTP are counted:
// endpoints that call each other, and the command line, are not.
type rateLimit struct {
	rule   limit.Rule
	by     *expression.Program // whose requests are counted together; nil: the user's, else the address's
	policy []string            // the header RateLimit-Policy
}

// rateLimited is the failure of a request that is one too many.
var rateLimited = action.Outcome{Status: http.StatusTooManyRequests, Code: "rate_limited", When: "more requests came than rate_limit permits; Retry-After says when the next may"}

// rateLimit compiles what holds for a verb; nil where any number may come.
func (b *builder) rateLimit(sc *scope, d *document.Rate) *rateLimit {
	if d == nil || d.Limit == 0 {
		return nil
	}
	l := &rateLimit{rule: limit.Rule{Limit: d.Limit, Per: d.Per}}
	l.policy = []string{fmt.Sprintf(`"default";q=%d;w=%d`, d.Limit, seconds(d.Per))}
	if d.By != nil {
		l.by = b.typed(sc, d.By, schema.AnyType, input{name: "by", anyClass: true})
	}
	return l
}

// admit counts a request, and says in the answer's header how many more may come
// (draft-ietf-httpapi-ratelimit-headers-10).
func (l *rateLimit) admit(header http.Header, v *Verb, c *action.Call) error {
	subject, err := l.subject(c)
	if err != nil {
		return err
	}
	s := c.Services.Limits.Take(v.name, subject, l.rule, clock(c.Exchange))
	var room [48]byte
	text := append(room[:0], `"default";r=`...)
	text = strconv.AppendInt(text, int64(s.Remaining), 10)
	text = append(text, ";t="...)
	if s.Refused {
		text = strconv.AppendInt(text, seconds(s.Wait), 10)
	} else {
		text = strconv.AppendInt(text, seconds(s.Reset), 10)
	}
	header["Ratelimit-Policy"], header["Ratelimit"] = l.policy, []string{string(text)}
	if !s.Refused {
		return nil
	}
	return &action.Failure{Status: rateLimited.Status, Code: rateLimited.Code, Detail: "Too many requests came.",
		Header: map[string]string{"Retry-After": strconv.FormatInt(seconds(s.Wait), 10)}}
}

// subject says whose count a request belongs to. The three kinds never meet.
func (l *rateLimit) subject(c *action.Call) (string, error) {
	if l.by != nil {
		v, err := l.by.Run(&c.Frame)
		if err != nil {
			return "", err
		}
		if v != nil {
			return "by " + schema.Text(v), nil
		}
	}
	caller, err := c.Who()
	switch {
	case err != nil:
		return "", err
	case caller != nil:
		return "user " + caller.Name, nil
	}
	return identity.NetworkOf(c.ClientAddress()), nil
}

// seconds are whole seconds, rounded up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

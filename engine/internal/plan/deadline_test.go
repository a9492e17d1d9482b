package plan

import (
	"net/http/httptest"
	"testing"
	"time"
)

// patient notes the deadlines that are set while it is written.
type patient struct {
	*httptest.ResponseRecorder
	deadline time.Time
	bounded  bool
}

func (p *patient) SetReadDeadline(time.Time) error { return nil }

func (p *patient) SetWriteDeadline(t time.Time) error {
	p.deadline = t
	return nil
}

func (p *patient) Write(b []byte) (int, error) {
	p.bounded = !p.deadline.IsZero()
	return p.ResponseRecorder.Write(b)
}

// TestNobodyHoldsAnAnswer: whatever net/http does not keep until the request has
// ended is written with a deadline, which does not outlive it.
func TestNobodyHoldsAnAnswer(t *testing.T) {
	t.Parallel()
	for size, bounded := range map[int]bool{0: false, 2048: false, 2049: true, 60000: true, 1 << 20: true} {
		p := &patient{ResponseRecorder: httptest.NewRecorder()}
		writeBody(p, make([]byte, size))
		if p.bounded != bounded || !p.deadline.IsZero() || p.Body.Len() != size {
			t.Errorf("%d bytes are written with a deadline: %t; afterwards it is %v", size, p.bounded, p.deadline)
		}
	}
}

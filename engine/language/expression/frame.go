package expression

import (
	"fmt"
	"time"

	"cloudlet/engine/language/schema"
)

// The bounds of one evaluation and of one source.
const (
	// MaxSource is the longest source that is compiled, in bytes.
	MaxSource = 4 << 10
	// MaxDepth is how many brackets or unary operators may stand inside each other.
	MaxDepth = 64
	// MaxTurns is how many turns an evaluation may take: of predicates, ranges and
	// whatever else walks through a list or a long text.
	MaxTurns = 1_000_000
	// MaxMemory is how many bytes of text and lists an evaluation may make.
	MaxMemory = 16 << 20

	doneEvery = 1024 // turns between two looks at Done
	itemSize  = 16   // bytes that an item of a list counts
	bytesTurn = 1024 // bytes of text that are looked at in one turn
)

// Frame is what an evaluation reads and how much it has used. One frame serves any
// number of evaluations, one after the other.
type Frame struct {
	// Slots are the values of the variables. Missing slots read as null.
	Slots []any
	// Done is asked every 1024 turns; where Err is not nil the evaluation ends with
	// it. It may be nil.
	Done interface{ Err() error }
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	turns, memory int
	ask           int // Done is asked when turns reach it
	locals        []any
	stack         []any // arguments of the calls under way
}

// begin makes the frame ready for an evaluation with some of the bounds used up.
func (f *Frame) begin(locals, turns, memory int) {
	f.turns, f.memory, f.ask = turns, memory, turns+doneEvery
	if len(f.locals) < locals {
		f.locals = make([]any, locals)
	}
}

// turn counts n turns. It must be called before the work that they stand for.
func (f *Frame) turn(n int) error {
	if n < 0 || n > MaxTurns || f.turns+n > MaxTurns {
		return fail(codeExpensive, fmt.Sprintf("the expression takes more than %d turns", MaxTurns))
	}
	f.turns += n
	if f.turns >= f.ask {
		f.ask = f.turns + doneEvery
		if f.Done != nil {
			if err := f.Done.Err(); err != nil {
				return &Error{Code: codeStopped, Text: "the evaluation was stopped", cause: err}
			}
		}
	}
	return nil
}

// scan counts looking through n bytes of text.
func (f *Frame) scan(n int) error {
	if n < bytesTurn {
		return nil
	}
	return f.turn(n / bytesTurn)
}

// grow counts n bytes that are about to be made.
func (f *Frame) grow(n int) error {
	if n < 0 || n > MaxMemory || f.memory+n > MaxMemory {
		return fail(codeExpensive, fmt.Sprintf("the expression makes more than %d MiB of text and lists", MaxMemory>>20))
	}
	f.memory += n
	return f.scan(n)
}

// list makes room for a list of n items.
func (f *Frame) list(n int) ([]any, error) {
	if n < 0 || n > MaxMemory/itemSize {
		return nil, f.grow(MaxMemory + 1)
	}
	if err := f.grow(n * itemSize); err != nil {
		return nil, err
	}
	return make([]any, 0, n), nil
}

// weigh counts the turns and, roughly, the bytes that a value written as text takes,
// so that writing it is bounded before it begins.
func (f *Frame) weigh(v any) error {
	switch v := v.(type) {
	case string:
		return f.grow(len(v) + 2)
	case []byte:
		return f.grow(len(v) * 4 / 3)
	case []any:
		if err := f.turn(1); err != nil {
			return err
		}
		for _, item := range v {
			if err := f.weigh(item); err != nil {
				return err
			}
		}
		return nil
	case *schema.Object:
		for name, value := range v.All() {
			if err := f.grow(len(name) + 4); err != nil {
				return err
			}
			if err := f.weigh(value); err != nil {
				return err
			}
		}
		return f.turn(1 + v.Len())
	}
	if err := f.turn(1); err != nil {
		return err
	}
	return f.grow(8)
}

// text is the value as text, bounded.
func (f *Frame) text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	if err := f.weigh(v); err != nil {
		return "", err
	}
	return schema.Text(v), nil
}

func (f *Frame) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

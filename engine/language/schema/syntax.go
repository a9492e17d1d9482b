package schema

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how many lists and objects of JSON may stand in one another.
const MaxDepth = 64

// SyntaxError says why a text is no JSON at all (RFC 7493: also invalid UTF-8 and
// names that stand twice in an object). It never holds more of the text than one character.
type SyntaxError struct {
	Offset int64  // bytes from the beginning of the text
	Reason string // lower case, without a full stop
}

// Error says what is wrong, with the place.
func (e *SyntaxError) Error() string {
	return "is not valid JSON at byte " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason
}

// Syntax puts an error of a jsontext.Decoder into words for the client. What is
// no mistake in the text, such as a failed read, comes back unchanged.
func Syntax(err error, offset int64) error {
	var e *jsontext.SyntacticError
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return &SyntaxError{offset, "the text ends too early"}
	case !errors.As(err, &e):
		return err
	case errors.Is(e.Err, jsontext.ErrDuplicateName):
		return &SyntaxError{e.ByteOffset, "a name stands twice in an object"}
	case errors.Is(e.Err, jsontext.ErrNonStringName):
		return &SyntaxError{e.ByteOffset, "the name of a field must be a string"}
	case errors.Is(e.Err, io.ErrUnexpectedEOF):
		return &SyntaxError{e.ByteOffset, "the text ends too early"}
	}
	return &SyntaxError{e.ByteOffset, ShortName(e.Err.Error())}
}

// Begin reads the token that opens a list or an object, and refuses the one that nests too deep.
func Begin(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if d.StackDepth() > MaxDepth {
		return &SyntaxError{d.InputOffset(), "it nests deeper than 64 levels"}
	}
	return nil
}

// Skip reads past the next value, to the depth that any value may have.
func Skip(d *jsontext.Decoder) error {
	depth := d.StackDepth()
	for {
		if k := d.PeekKind(); k == jsontext.KindBeginObject || k == jsontext.KindBeginArray {
			if err := Begin(d); err != nil {
				return err
			}
			continue
		}
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		if d.StackDepth() <= depth {
			return nil
		}
	}
}

// End makes sure that nothing but white space follows.
func End(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindInvalid {
		return &SyntaxError{d.InputOffset(), "something follows the value"}
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return err
	}
	return nil
}

// DecodeAny reads one JSON text of any content, as a json argument does, but that an
// integer which neither an int nor a float holds is a decimal: what others write is not
// ours to refuse. The error is a *SyntaxError, or says which number is too large.
func DecodeAny(data []byte) (any, error) {
	var faults []Fault
	var shapes layouts
	w := walk{faults: &faults, shapes: &shapes, decimals: true}
	v, err := AnyType.decodeText(&w, data)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, faultError(faults[0])
	}
	return v, nil
}

// DecodeText is Decode for a whole text, behind which nothing may follow. The
// error is a *SyntaxError; values share no memory with data.
func (t *Type) DecodeText(data []byte, path string, faults *[]Fault) (any, error) {
	var shapes layouts
	w := walk{root: path, faults: faults, shapes: &shapes}
	return t.decodeText(&w, data)
}

func (t *Type) decodeText(w *walk, data []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	v, err := t.decode(w, d)
	if err == nil {
		err = End(d)
	}
	if err != nil {
		return nil, Syntax(err, d.InputOffset())
	}
	return v, nil
}

func faultError(f Fault) error {
	if f.Path == "" {
		return errors.New(f.Message)
	}
	return errors.New(f.Path + " " + f.Message)
}

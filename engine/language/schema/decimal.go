package schema

import (
	"errors"
	"math"
	"strings"

	"github.com/shopspring/decimal"
)

// maxDigits bounds a decimal written out in plain notation, before and behind
// the point together. It bounds the exponent as well, so that a text such as
// 1e999999999 is refused before anything is computed.
const maxDigits = 100

var (
	errDecimal       = errors.New("must be a decimal number")
	errDecimalDigits = errors.New("must be a decimal number of at most 100 digits")
)

// Decimal is an exact decimal number of at most 100 digits in plain notation,
// those before and behind the point counted together. It keeps the places it was
// written with: 9.90 stays 9.90. The zero value is 0. Compare two with Compare or
// Equal, never with ==.
type Decimal struct{ number decimal.Decimal }

// ParseDecimal reads a number as JSON writes it (RFC 8259, section 6), leading
// zeros allowed: 12, -0.50, 1e3. The errors are sentences for the client.
func ParseDecimal(text string) (Decimal, error) {
	n, ok := scanNumber(text)
	if !ok {
		return Decimal{}, errDecimal
	}
	if n.digits > maxDigits || len(n.exponent) > 5 {
		return Decimal{}, errDecimalDigits
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return Decimal{}, errDecimalDigits // the grammar is right, so only the exponent can be wrong
	}
	return bounded(d)
}

// FromInt is the decimal of an integer.
func FromInt(n int) Decimal { return Decimal{decimal.NewFromInt(int64(n))} }

// fromFloat is the decimal of a float's shortest text, as JSON would carry it.
func fromFloat(f float64) (Decimal, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Decimal{}, errDecimal
	}
	return bounded(decimal.NewFromFloat(f))
}

// bounded refuses what would be too long in plain notation.
func bounded(d decimal.Decimal) (Decimal, error) {
	if d.IsZero() && d.Exponent() > 0 {
		d = decimal.Decimal{} // 0e50 is not fifty zeros
	}
	places := max(0, -int(d.Exponent()))
	whole := max(1, d.NumDigits()+int(d.Exponent()))
	if whole+places > maxDigits {
		return Decimal{}, errDecimalDigits
	}
	return Decimal{d}, nil
}

// Add is d + o, exact. The error is that the sum has more than 100 digits.
func (d Decimal) Add(o Decimal) (Decimal, error) { return bounded(d.number.Add(o.number)) }

// Sub is d - o, exact. The error is that the difference has more than 100 digits.
func (d Decimal) Sub(o Decimal) (Decimal, error) { return bounded(d.number.Sub(o.number)) }

// Mul is d * o, exact. The error is that the product has more than 100 digits.
func (d Decimal) Mul(o Decimal) (Decimal, error) { return bounded(d.number.Mul(o.number)) }

// Neg is -d.
func (d Decimal) Neg() Decimal { return Decimal{d.number.Neg()} }

// Compare is -1 where d is less than o, 0 where they are the same number, however
// many places they are written with, and 1 where d is greater.
func (d Decimal) Compare(o Decimal) int { return d.number.Cmp(o.number) }

// Float is the nearest float64; it is always finite.
func (d Decimal) Float() float64 {
	f, _ := d.number.Float64()
	return f
}

// IsInteger reports whether nothing but zeros stands behind the point.
func (d Decimal) IsInteger() bool { return d.number.IsInteger() }

// String is the number in plain notation, with the places it was written with.
func (d Decimal) String() string {
	return d.number.StringFixed(max(0, -d.number.Exponent()))
}

// Fixed is the number in plain notation with so many places, which are not negative; halves
// are rounded away from zero.
func (d Decimal) Fixed(places int) string { return d.number.StringFixed(int32(places)) }

// number is how a number's text is made up.
type number struct {
	digits   int    // before and behind the point
	integer  bool   // neither a point nor an exponent
	exponent string // its digits with their sign, or ""
}

// scanNumber checks the grammar of JSON's numbers, leading zeros allowed. It is
// stricter than strconv, which also takes hex, underscores, "inf" and "nan".
func scanNumber(text string) (number, bool) {
	n := number{integer: true}
	rest := strings.TrimPrefix(text, "-")
	whole := countDigits(rest)
	if whole == 0 {
		return n, false
	}
	n.digits, rest = whole, rest[whole:]
	if strings.HasPrefix(rest, ".") {
		places := countDigits(rest[1:])
		if places == 0 {
			return n, false
		}
		n.integer, n.digits, rest = false, n.digits+places, rest[1+places:]
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		n.integer, n.exponent = false, rest[1:]
		sign := 0
		if n.exponent != "" && (n.exponent[0] == '+' || n.exponent[0] == '-') {
			sign = 1
		}
		size := countDigits(n.exponent[sign:])
		if size == 0 {
			return n, false
		}
		rest = n.exponent[sign+size:]
	}
	return n, rest == ""
}

func countDigits(text string) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

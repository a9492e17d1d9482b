package schema

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends a value as JSON (RFC 8259) without white space: the fields of
// an object in their order, a decimal as a string, a duration as Go prints it, a
// datetime as RFC 3339 with as many places as it needs, bytes as base64 (RFC 4648,
// section 4), Raw as it is. Invalid UTF-8 becomes U+FFFD; nothing is escaped for
// HTML. A Go type that is no value (see the package's doc) panics.
func AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case float64:
		return appendFloat(dst, v)
	case string:
		return appendString(dst, v)
	case *Object:
		return appendObject(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case Raw:
		if len(v) == 0 {
			return append(dst, "null"...)
		}
		return append(dst, v...)
	}
	return append(appendText(append(dst, '"'), v), '"')
}

func appendObject(dst []byte, o *Object) []byte {
	if o == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	for i, name := range o.shape.names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		dst = append(dst, ':')
		dst = AppendJSON(dst, o.values[i])
	}
	return append(dst, '}')
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // the error says that invalid UTF-8 was replaced, as wanted
	return dst
}

// appendFloat writes the shortest text that reads back as the same float. From 1e15
// on there is always an exponent: without one the text would read back as an int,
// and past 2^53 as another number.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e15 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, 64)
}

// appendText writes those values that are texts in JSON; none of them needs escapes.
func appendText(dst []byte, v any) []byte {
	switch v := v.(type) {
	case Decimal:
		return append(dst, v.String()...)
	case time.Time:
		return v.AppendFormat(dst, time.RFC3339Nano)
	case time.Duration:
		return append(dst, v.String()...)
	case []byte:
		return base64.StdEncoding.AppendEncode(dst, v)
	}
	panic(fmt.Sprintf("schema: %T is no value", v))
}

// Text is a value inside a text, as a template or an expression puts it there: null
// is nothing, a string itself, lists and objects are JSON, everything else is what
// stands between the quotes of its JSON.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, int, float64, []any, *Object, Raw:
		return string(AppendJSON(nil, v))
	}
	return string(appendText(nil, v))
}

package database

import (
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"
	"time"

	"cloudlet/engine/language/schema"
	"github.com/go-json-experiment/json/jsontext"
)

// bindable is a value of schema's universe as SQLite stores it. What has no
// storage class of its own is kept as text; lists and objects as JSON text.
func bindable(v any) (driver.Value, error) {
	switch v := v.(type) {
	case nil, float64, string, bool, int64:
		return v, nil
	case int:
		return int64(v), nil
	case []byte:
		if v == nil {
			return []byte{}, nil // to the driver nil is NULL
		}
		return v, nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	case schema.Decimal, time.Duration:
		return schema.Text(v), nil
	case []any, *schema.Object, schema.Raw:
		return string(schema.AppendJSON(nil, v)), nil
	}
	return nil, ErrFailed.CausedBy(fmt.Errorf("a %T cannot be bound to a statement", v))
}

// value checks what the driver read against its column, and makes it a value of
// schema's universe. Null is always let through: where a column cannot be null
// SQLite saw to that when the row was written.
func (c *Column) value(v driver.Value) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		return c.fromInt(v)
	case float64:
		return c.fromFloat(v)
	case string:
		return c.fromText(v)
	case time.Time:
		return c.fromTime(v)
	case []byte:
		if !c.Encoded && (c.Type.Kind == schema.Bytes || c.Type.Kind == schema.JSON) {
			if v == nil {
				v = []byte{}
			}
			return v, nil
		}
	}
	return nil, c.unexpected(v)
}

func (c *Column) fromInt(v int64) (any, error) {
	switch c.Type.Kind {
	case schema.Int, schema.JSON:
		return int(v), nil
	case schema.Float:
		return float64(v), nil
	case schema.DecimalK:
		return schema.FromInt(int(v)), nil
	case schema.Bool:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	}
	return nil, c.unexpected(v)
}

func (c *Column) fromFloat(v float64) (any, error) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil, c.unexpected(v) // SQLite stores infinity, the language has none
	}
	switch c.Type.Kind {
	case schema.Float, schema.JSON:
		return v, nil
	case schema.DecimalK:
		// NUMERIC keeps 1.10 as a float; its shortest text is what was written.
		if d, err := schema.ParseDecimal(strconv.FormatFloat(v, 'g', -1, 64)); err == nil {
			return d, nil
		}
	}
	return nil, c.unexpected(v)
}

func (c *Column) fromText(v string) (any, error) {
	switch c.Type.Kind {
	case schema.String:
		return v, nil
	case schema.JSON:
		if !c.Encoded {
			return v, nil
		}
		if decoded, err := schema.DecodeAny([]byte(v)); err == nil {
			return decoded, nil
		}
	case schema.DecimalK:
		if d, err := schema.ParseDecimal(v); err == nil {
			return d, nil
		}
	case schema.Date:
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return t.Format(time.DateOnly), nil
		}
	case schema.DateTime:
		for _, layout := range [...]string{time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return nil, c.unexpected(v)
}

// fromTime takes what the driver already parsed in DATE, DATETIME and TIMESTAMP columns.
func (c *Column) fromTime(v time.Time) (any, error) {
	switch c.Type.Kind {
	case schema.DateTime, schema.JSON:
		return v.UTC(), nil
	case schema.Date:
		if h, m, s := v.Clock(); h == 0 && m == 0 && s == 0 && v.Nanosecond() == 0 {
			return v.Format(time.DateOnly), nil
		}
	}
	return nil, c.unexpected(v)
}

// unexpected names the column and what it holds, never the value itself.
func (c *Column) unexpected(v driver.Value) error {
	held := "a blob"
	switch v.(type) {
	case int64:
		held = "an integer"
	case float64:
		held = "a float"
	case string:
		held = "a text"
	case time.Time:
		held = "a date with a time"
	}
	return ErrUnexpectedType.CausedBy(fmt.Errorf("column %q holds %s that is no %s", c.Name, held, c.Type.NotNull()))
}

// append writes what the driver read as JSON: the same text as AppendJSON of
// value, without the value in between where it can be spared.
func (c *Column) append(dst []byte, v driver.Value) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case int64:
		if c.Type.Kind == schema.Int || c.Type.Kind == schema.JSON {
			return strconv.AppendInt(dst, x, 10), nil
		}
	case string:
		if c.Type.Kind == schema.String || c.Type.Kind == schema.JSON && !c.Encoded {
			return schema.AppendJSON(dst, v), nil
		}
		if c.Encoded {
			if !jsontext.Value(x).IsValid() {
				return dst, c.unexpected(v)
			}
			return append(dst, x...), nil
		}
	}
	converted, err := c.value(v)
	if err != nil {
		return dst, err
	}
	return schema.AppendJSON(dst, converted), nil
}

// weight is about how many bytes a value takes in memory.
func weight(v driver.Value) int {
	switch v := v.(type) {
	case string:
		return len(v) + 32
	case []byte:
		return len(v) + 40
	}
	return 24
}

package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var tooMuch = action.Outcome{Status: 500, Code: "too_large", When: fmt.Sprintf("the table has over %d rows or %d columns, or becomes larger than %d MiB", mostRows, mostColumns, mostCSV>>20)}

var noRow = action.Outcome{Status: 500, Code: "unexpected_type", When: "a row is neither an object nor a list"}

const mostCSV = 64 << 20 // bytes

// CSVFormat writes CSV (RFC 4180).
var CSVFormat = action.Define(action.Spec[csvFormatInputs, string]{
	Name: "csv.format", Summary: "Writes rows as CSV (RFC 4180).", Main: "rows",
	Doc: "Rows are objects, or lists of values. `columns` chooses and orders the fields, `headings` says what stands above them. A text that a spreadsheet would take for a formula, since it begins with = + - @, a tab or a line break, " +
		"gets a ' in front; numbers stay as they are. `formulas: keep` leaves all as it is, for programs. `bom: true` lets Excel see that it is UTF-8. " +
		"To answer with it: respond: {headers: {Content-Type: text/csv; charset=utf-8}, body: ${last}}.",
	Example:  "- csv.format: {rows: \"${films}\", columns: [title, price], headings: {title: \"Title of the film\"}}\n  as: table\n",
	Failures: []action.Outcome{tooMuch, noRow},
	Prepare:  prepareCSVFormat, Run: runCSVFormat,
})

type csvFormatInputs struct {
	Rows      action.Expr[[]any]      `doc:"Objects, or lists of values." class:"any"`
	Columns   []string                `doc:"The fields that are written; left out, all." optional:""`
	Headings  action.Expr[action.Map] `doc:"What stands above the fields, by field; left out, their names." optional:""`
	Separator string                  `doc:"What stands between cells." default:","`
	Header    bool                    `doc:"Whether the first line has the headings." default:"true"`
	Formulas  string                  `doc:"What becomes of texts that a spreadsheet would compute." enum:"guard,keep" default:"guard"`
	BOM       bool                    `name:"bom" doc:"Whether a byte order mark comes first." default:"false"`

	separator rune
}

func prepareCSVFormat(l action.Load, in *csvFormatInputs) action.Result {
	in.separator = checkSeparator(l, in.Separator)
	t := in.Rows.Type()
	if t.Kind == schema.List && t.Elem != nil {
		switch row := t.Elem; {
		case row.Kind == schema.ObjectK && !row.Open:
			for _, name := range in.Columns {
				if _, ok := row.Field(name); !ok {
					l.Problem(source.Problem{Span: l.At("columns"), Code: "unknown_field", Text: fmt.Sprintf("the rows have no field %q", name), Hint: source.DidYouMean(name, row.FieldNames())})
				}
			}
			if len(in.Columns) == 0 {
				in.Columns = row.FieldNames()
			}
		case row.Kind != schema.ObjectK && row.Kind != schema.List && row.Kind != schema.JSON:
			l.Problem(source.Problem{Span: l.At("rows"), Code: "wrong_type", Text: fmt.Sprintf("a row is an object or a list of values, and these are %s", row)})
		}
	}
	return gives(schema.StringType, t)
}

func runCSVFormat(c *action.Call, in *csvFormatInputs) (string, error) {
	rows, err := in.Rows.Value(c)
	if err != nil {
		return "", err
	}
	headings, _, err := in.Headings.Optional(c)
	if err != nil {
		return "", err
	}
	w := &csvWriter{separator: in.separator, guard: in.Formulas != "keep", columns: in.Columns}
	if len(w.columns) == 0 {
		w.columns = columnsOf(rows)
	}
	if len(rows) > mostRows || len(w.columns) > mostColumns {
		return "", muchCSV()
	}
	if in.BOM {
		w.out = append(w.out, "\ufeff"...)
	}
	if in.Header && len(w.columns) > 0 {
		w.header(headings)
	}
	for i, row := range rows {
		if i%patience == 0 && c.Context != nil {
			if err := c.Context.Err(); err != nil {
				return "", err
			}
		}
		if err := w.row(row); err != nil {
			return "", err
		}
	}
	return string(w.out), nil
}

func muchCSV() error {
	return &action.Failure{Status: tooMuch.Status, Code: tooMuch.Code, Detail: "The table is too large.", Reason: "csv.format has too many rows, columns or bytes"}
}

// columnsOf are the fields of all rows, in the order in which they first come.
func columnsOf(rows []any) []string {
	var names []string
	var last *schema.Shape
	seen := map[string]bool{}
	for _, row := range rows {
		o, ok := row.(*schema.Object)
		if !ok || o.Shape() == last {
			continue
		}
		last = o.Shape()
		for _, name := range last.Names() {
			if !seen[name] && len(names) <= mostColumns {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// csvWriter appends lines to out.
type csvWriter struct {
	out       []byte
	columns   []string
	separator rune
	guard     bool
	cells     int // of the present line
}

func (w *csvWriter) header(headings *schema.Object) {
	for _, name := range w.columns {
		text := name
		if headings != nil {
			if v, ok := headings.Lookup(name); ok {
				text = schema.Text(v)
			}
		}
		w.cell(text)
	}
	w.end()
}

func (w *csvWriter) row(row any) error {
	switch row := row.(type) {
	case *schema.Object:
		for i, name := range w.columns {
			v, _ := row.Near(name, i)
			w.cell(v)
		}
	case []any:
		if len(row) > mostColumns {
			return muchCSV()
		}
		for _, v := range row {
			w.cell(v)
		}
	default:
		return &action.Failure{Status: noRow.Status, Code: noRow.Code, Detail: "A value has an unexpected type.", Reason: "a row of csv.format is neither an object nor a list"}
	}
	w.end()
	if len(w.out) > mostCSV {
		return muchCSV()
	}
	return nil
}

func (w *csvWriter) end() { w.out, w.cells = append(w.out, "\r\n"...), 0 }

func (w *csvWriter) cell(v any) {
	if w.cells++; w.cells > 1 {
		w.out = utf8.AppendRune(w.out, w.separator)
	}
	switch v := v.(type) {
	case nil:
		if len(w.columns) == 1 { // an empty line is none
			w.out = append(w.out, `""`...)
		}
	case int:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
	case float64, bool, schema.Decimal:
		w.out = append(w.out, schema.Text(v)...)
	case string:
		w.text(v)
	default:
		w.text(schema.Text(v))
	}
}

func (w *csvWriter) text(s string) {
	guarded := w.guard && formula(s)
	special := func(r rune) bool { return r == '"' || r == '\r' || r == '\n' || r == w.separator }
	if !guarded && s != "" && s[0] != ' ' && !strings.ContainsFunc(s, special) {
		w.out = append(w.out, s...)
		return
	}
	w.out = append(w.out, '"')
	if guarded {
		w.out = append(w.out, '\'')
	}
	w.out = append(w.out, strings.ReplaceAll(s, `"`, `""`)...)
	w.out = append(w.out, '"')
}

// formulaStarts are what spreadsheets take for the begin of a formula (OWASP, CSV
// Injection), in full width too.
var formulaStarts = []rune{'=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'}

// formula reports whether a spreadsheet could take a text for a formula: some pass over
// what cannot be seen at its begin.
func formula(s string) bool {
	if s == "" || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z' || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for _, r := range s {
		if slices.Contains(formulaStarts, r) {
			return true
		}
		if r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return false
		}
	}
	return false
}

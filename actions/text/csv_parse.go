package text

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var invalidCSV = action.Outcome{Status: 400, Code: "invalid_csv", When: "the text is no CSV, or cells are not what `columns` says; `errors` names lines and columns"}

// CSVParse reads CSV (RFC 4180).
var CSVParse = action.Define(action.Spec[csvParseInputs, any]{
	Name: "csv.parse", Summary: "Reads CSV (RFC 4180) into rows.", Main: "text",
	Gives: "a list of objects of `columns`, else of texts",
	Doc: "With `header` the first line names the fields of each row; without `columns` they are all texts. `columns` declares fields as arguments are declared: their cells are converted, and mistakes are listed by line and column; other columns are left out. " +
		"`headings` says what stands above a field where that is not its name. An empty cell is null, or the default, where its field is optional. " +
		"Without a header rows are lists of texts, or objects of `columns` in their order.",
	Example:  "- csv.parse: {text: \"${args.text}\", columns: {title: string, year: \"int?\"}, headings: {title: Title}}\n  as: rows\n",
	Failures: []action.Outcome{invalidCSV, tooLarge},
	Prepare:  prepareCSVParse, Run: runCSVParse,
})

type csvParseInputs struct {
	Text      action.Expr[action.Text] `doc:"The text." class:"any"`
	Columns   action.Fields            `doc:"The fields of a row." optional:""`
	Headings  action.Expr[action.Map]  `doc:"What stands above the fields, by field." optional:""`
	Separator string                   `doc:"What stands between cells." default:","`
	Header    bool                     `doc:"Whether the first line has the headings." default:"true"`

	separator rune
	shape     *schema.Shape // of Columns
}

func prepareCSVParse(l action.Load, in *csvParseInputs) action.Result {
	in.separator = checkSeparator(l, in.Separator)
	row := &schema.Type{Kind: schema.ObjectK, Open: true}
	switch {
	case len(in.Columns.List) > 0:
		row = schema.ObjectOf(in.Columns.List...)
		in.shape = schema.NewShape(row.FieldNames()...)
	case !in.Header:
		row = schema.ListOf(schema.StringType)
	}
	if in.Headings.Given() && (len(in.Columns.List) == 0 || !in.Header) {
		l.Problem(source.Problem{Span: l.At("headings"), Code: "conflict", Text: "headings are for columns, under a header"})
	}
	for _, f := range in.Columns.List {
		if k := f.Type.Kind; k == schema.List || k == schema.ObjectK || k == schema.File {
			l.Problem(source.Problem{Span: l.At("columns"), Code: "wrong_type", Text: fmt.Sprintf("a cell is one value, and %s is %s", f.Name, f.Type)})
		}
	}
	return gives(schema.ListOf(row), in.Text.Type())
}

// csvReader is one text being read.
type csvReader struct {
	*csv.Reader
	in     *csvParseInputs
	shape  *schema.Shape // of the rows; nil: they are lists
	places []int         // the column of each field; -1: it is not there
	errors []any
	cells  int
}

func runCSVParse(c *action.Call, in *csvParseInputs) (any, error) {
	text, err := given(c, &in.Text, mostText)
	if err != nil {
		return nil, err
	}
	headings, _, err := in.Headings.Optional(c)
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(text) {
		return nil, notCSV("The CSV is not UTF-8.")
	}
	r := &csvReader{Reader: csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))), in: in}
	r.Comma, r.ReuseRecord = in.separator, true
	if err := r.begin(headings); err != nil {
		return nil, err
	}
	rows := []any{}
	for {
		if len(rows)%patience == 0 && c.Context != nil {
			if err := c.Context.Err(); err != nil {
				return nil, err
			}
		}
		cells, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if r.cells += len(cells); r.cells > mostCells || len(rows) == mostRows {
			return nil, tooManyRows()
		}
		rows = append(rows, r.row(cells))
		if len(r.errors) >= schema.MaxFaults {
			break
		}
	}
	if len(r.errors) > 0 {
		f := action.Fail(invalidCSV.Status, invalidCSV.Code, "The CSV is not valid.")
		f.Errors = r.errors[:min(len(r.errors), schema.MaxFaults)]
		return nil, f
	}
	return rows, nil
}

func notCSV(format string, args ...any) error {
	return action.Fail(invalidCSV.Status, invalidCSV.Code, fmt.Sprintf(format, args...))
}

// read is the next line's cells.
func (r *csvReader) read() ([]string, error) {
	cells, err := r.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, csv.ErrFieldCount):
		return nil, notCSV("Line %d of the CSV has %d cells, and the first one has %d.", wrong.Line, len(cells), r.FieldsPerRecord)
	case errors.As(err, &wrong):
		return nil, notCSV("Line %d of the CSV cannot be read: a quotation mark is missing, or stands where none may be.", wrong.Line)
	case len(cells) > mostColumns:
		return nil, tooManyRows()
	}
	return cells, err
}

// begin reads the header and finds out where each field stands.
func (r *csvReader) begin(headings *schema.Object) error {
	fields := r.in.Columns.List
	if r.shape = r.in.shape; !r.in.Header {
		r.places = make([]int, len(fields))
		for i := range fields {
			r.places[i] = i
		}
		return nil
	}
	header, err := r.read()
	if errors.Is(err, io.EOF) {
		header, err = nil, nil
	}
	if err != nil {
		return err
	}
	at := make(map[string]int, len(header))
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice && (name != "" || len(fields) == 0) {
			return notCSV("Two columns of the CSV have the same heading: column %d repeats another.", i+1)
		}
		if name == "" && len(fields) == 0 {
			return notCSV("Column %d of the CSV has no heading.", i+1)
		}
		at[name] = i
	}
	if len(fields) == 0 {
		names := make([]string, len(header))
		for i, name := range header {
			names[i] = strings.Clone(strings.TrimSpace(name))
		}
		r.shape = schema.NewShape(names...)
		return nil
	}
	for _, f := range fields {
		heading := f.Name
		if headings != nil {
			if v, ok := headings.Lookup(f.Name); ok {
				heading = schema.Text(v)
			}
		}
		place, there := at[heading]
		if !there {
			if place = -1; !f.Optional {
				return notCSV("The CSV has no column %q.", schema.ShortName(heading))
			}
		}
		r.places = append(r.places, place)
	}
	return nil
}

// row makes a row of cells, and notes what is wrong with them.
func (r *csvReader) row(cells []string) any {
	fields := r.in.Columns.List
	if len(fields) == 0 {
		values := make([]any, len(cells))
		for i, cell := range cells {
			values[i] = cell
		}
		if r.shape == nil {
			return values
		}
		return r.shape.New(values)
	}
	values := make([]any, len(fields))
	for i, f := range fields {
		place := r.places[i]
		if place < 0 || place >= len(cells) || cells[place] == "" && (f.Optional || !f.Type.Kind.Textual()) {
			switch {
			case f.HasDefault:
				values[i] = f.Default
			case !f.Optional:
				r.note(f.Name, "is missing")
			}
			continue
		}
		var faults []schema.Fault
		values[i] = f.Type.ReadText(cells[place], "", &faults)
		for _, fault := range faults {
			r.note(f.Name, fault.Message)
		}
	}
	return r.shape.New(values)
}

func (r *csvReader) note(column, message string) {
	line, _ := r.FieldPos(0)
	r.errors = append(r.errors, schema.NewObject("line", line, "column", column, "message", message))
}

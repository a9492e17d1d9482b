package text

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hostileHTML stands in a text as it is; hostileLinks are where links and pictures lead to.
var (
	hostileHTML = []string{
		"<script>alert(1)</script>", "<SCRIPT SRC=//a.example/x.js></SCRIPT>", "<scr<script>ipt>alert(1)</scr</script>ipt>", "<script\x00>alert(1)</script>", "<script/x>alert(1)</script/y>",
		"<img src=x onerror=alert(1)>", "<img src=x onerror\x0c=alert(1)>", "<img/src=x/onerror=alert(1)>", "<img src=`x` onerror=alert(1)>", "<IMG \"\"\"><SCRIPT>alert(1)</SCRIPT>\">",
		"<svg onload=alert(1)>", "<svg><script>alert&#40;1)</script>", "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>", "<svg><animate attributeName=href values=javascript:alert(1) />",
		"<svg><style><img src=x onerror=alert(1)></style>", "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=alert(1)&gt;\">",
		"<math href=javascript:alert(1)>x</math>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<template><img src=x onerror=alert(1)></template>",
		"<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=javascript:alert(1)>", "<embed src=data:text/html,x>", "<base href=//a.example/>",
		"<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<link rel=stylesheet href=//a.example/x.css>", "<style>@import'//a.example'</style>", "<form action=//a.example><button>x",
		"<input autofocus onfocus=alert(1)>", "<input type=image src=x onerror=alert(1)>", "<input type=password name=password>", "<select onfocus=alert(1) autofocus>", "<textarea onfocus=alert(1) autofocus>",
		"<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>", "<audio src=x onerror=alert(1)>", "<body onload=alert(1)>", "<marquee onstart=alert(1)>", "<a href=javascript:alert(1)>x</a>",
		"<a href=\"jav&#x09;ascript:alert(1)\">x</a>", "<div style=\"background:url(javascript:alert(1))\">", "<p id=attributes name=body>x", "<!--><img src=x onerror=alert(1)>-->", "<!--[if IE]><script>alert(1)</script>-->",
		"<![CDATA[<img src=x onerror=alert(1)>]]>", "<?xml-stylesheet href=\"javascript:alert(1)\"?>", "<!DOCTYPE x [<!ENTITY y \"<script>\">]>&y;", "</p><script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;",
		"&#60;script>alert(1)&#60;/script>", "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">", "<plaintext><script>", "<title></title><script>alert(1)</script>", "<x onclick=alert(1)>x</x>", "<a\nhref=javascript:alert(1)>x</a>",
	}
	hostileLinks = []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript&colon;alert(1)", "javascript&#58;alert(1)", "&#106;avascript:alert(1)", "jav&#x0A;ascript:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
		"<javascript:alert(1)>", "< javascript:alert(1)>", "<java\\script:alert(1)>", "javascript://a.example/%0aalert(1)", "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>", "data:image/svg+xml;base64,PHN2Zz4=",
		"data:text/html;base64,PHNjcmlwdD4=", "file:///etc/passwd", "blob:https://a.example/x", "filesystem:https://a.example/x", "view-source:javascript:alert(1)", "feed:javascript:alert(1)", "about:blank", "intent://a#Intent;end",
		"https://a.example/\"onmouseover=\"alert(1)", "https://a.example/'onmouseover='alert(1)", "https://a.example/\\\" onmouseover=alert(1)", "x \"a\\\" onmouseover=\\\"alert(1)\"", "x 'a\" onmouseover=\"alert(1)'",
		"x (a\" onmouseover=\"alert(1))", "https://a.example/><script>alert(1)</script>", "\u2028javascript:alert(1)", "\u00a0javascript:alert(1)", "java\\nscript:alert(1)", "ｊavascript:alert(1)", "%6aavascript:alert(1)", "tel:1;javascript:alert(1)",
	}
)

// hostileMarkdown puts what is hostile where Markdown takes it.
func hostileMarkdown() []string {
	list := []string{
		"```\"><script>alert(1)</script>\nx\n```", "``` a onmouseover=alert(1)\nx\n```", "`<script>alert(1)</script>`", "| a |\n|:-\" onmouseover=alert(1)|\n| b |", "# a {#x onclick=alert(1)}", "- [x] <input onfocus=alert(1)>",
		"<javascript:alert(1)>", "<data:text/html,x>", "<https://a.example/\"onmouseover=\"alert(1)>", "https://a.example/\"onmouseover=\"alert(1)", "www.a.example/<script>alert(1)</script>", "<a@b.example\"onmouseover=alert(1)>",
		"a@b.example?subject=<script>", "[a]\n\n[a]: javascript:alert(1)", "[a][b]\n\n[b]: <javascript:alert(1)> \"x\" onclick=alert(1)", "![a\" onerror=\"alert(1)](x)", "![<script>](x \"\\\"><script>alert(1)</script>\")",
		"[![a](javascript:alert(1))](javascript:alert(2))", "[a](https://a.example)](javascript:alert(1))", "[<img src=x onerror=alert(1)>](x)", "~~<s onclick=alert(1)>~~", "**<b onclick=alert(1)>**",
	}
	list = append(list, hostileHTML...)
	for _, text := range hostileHTML {
		list = append(list, "a "+text, "> - "+text, "| a |\n|---|\n| "+text+" |", "[a]("+text+")", "[a](x \""+text+"\")", "`"+text, "\\"+text)
	}
	for _, link := range hostileLinks {
		list = append(list, "[a]("+link+")", "![a]("+link+")", "[a]\n\n[a]: "+link, "<"+link+">", link)
	}
	return list
}

// Elements and attributes that Markdown can make.
var (
	harmlessElements = strings.Fields("html head body p h1 h2 h3 h4 h5 h6 a em strong del code pre blockquote ul ol li hr br img table thead tbody tr th td input")
	harmlessKeys     = strings.Fields("a.href a.title a.rel img.src img.alt img.title input.type input.checked input.disabled ol.start th.align td.align")
)

// unsafe says what of a document runs, looks up or asks what it should not, or "".
func unsafe(n *html.Node) string {
	if n.Type == html.ElementNode {
		if !slices.Contains(harmlessElements, n.Data) || n.Namespace != "" {
			return "<" + n.Data + ">"
		}
		for _, a := range n.Attr {
			if !slices.Contains(harmlessKeys, n.Data+"."+a.Key) || a.Namespace != "" {
				return n.Data + "." + a.Key
			}
			if a.Key == "href" || a.Key == "src" {
				if wrong := unsafeURL(a.Val); wrong {
					return a.Key + "=" + a.Val
				}
			}
			if a.Key == "type" && a.Val != "checkbox" {
				return "input of the type " + a.Val
			}
		}
	}
	if n.Type == html.CommentNode || n.Type == html.DoctypeNode {
		return "a comment: " + n.Data
	}
	for c := range n.ChildNodes() {
		if found := unsafe(c); found != "" {
			return found
		}
	}
	return ""
}

// unsafeURL reads an address as browsers do, which pass over line breaks, tabs and what is ahead.
func unsafeURL(text string) bool {
	text = strings.TrimLeftFunc(strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(text), func(r rune) bool { return r <= ' ' })
	u, err := url.Parse(text)
	return err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto"
}

// TestHostileMarkdown reads what comes out as browsers do: in a page, inside other elements, and
// again after it was taken from there.
func TestHostileMarkdown(t *testing.T) {
	t.Parallel()
	texts := hostileMarkdown()
	if len(texts) < 500 {
		t.Errorf("there are %d texts", len(texts))
	}
	for _, text := range []string{"<img src=x onerror=alert(1)>", "<a href='java\nscript:alert(1)'>", "<svg>", "<!--a-->", "<input type=text>"} {
		if page, err := html.Parse(strings.NewReader(text)); err != nil || unsafe(page) == "" {
			t.Errorf("%s is found safe", text)
		}
	}
	for _, text := range texts {
		out, err := render(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for again := range 2 {
			page, err := html.Parse(strings.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if found := unsafe(page); found != "" {
				t.Errorf("%q has %s (%d): %s", text, found, again, out)
			}
			for _, around := range []atom.Atom{atom.Div, atom.Td, atom.Li, atom.Button} {
				nodes, err := html.ParseFragment(strings.NewReader(out), &html.Node{Type: html.ElementNode, Data: around.String(), DataAtom: around})
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range nodes {
					if found := unsafe(n); found != "" {
						t.Errorf("%q inside %s has %s: %s", text, around, found, out)
					}
				}
			}
			var b strings.Builder
			if err := html.Render(&b, page); err != nil {
				t.Fatal(err)
			}
			out = b.String()
		}
	}
}

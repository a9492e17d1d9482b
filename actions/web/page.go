package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"

	"golang.org/x/net/html"
)

// Page answers with a rendered template.
var Page = action.Define(action.Spec[pageInputs, action.None]{
	Name: "page", Summary: "Ends the request with a page: a template that is rendered.", Main: "file", Ends: true,
	Doc: templateDoc + " The page may hold `<style>`, images of the app, and forms that are sent to the app; scripts, frames and whatever " +
		"comes from elsewhere are refused by its Content-Security-Policy, and it passes on no Referer, since its address may hold a token. " +
		"A `header` step ahead of it may set another policy.",
	Example:  "- page: {file: confirmed.html, data: {name: \"${user.name}\"}}\n",
	Failures: []action.Outcome{action.TemplateFailed},
	Prepare: func(l action.Load, in *pageInputs) action.Result {
		refuseInParallel(l, "page")
		in.template = prepareTemplate(l, in.File, "file", &in.Data)
		r := action.Response{Type: schema.StringType.WithClass(classOf(&in.Data)), Content: "text/plain", Headers: slices.Sorted(slices.Values(pageHeaders))}
		if in.template != nil && in.template.HTML {
			r.Content = "text/html"
		}
		n, known := in.Status.Constant()
		if r.Status = n; !known {
			r.Status = 0
			l.Fails(action.TemplateFailed, invalidStatus)
		}
		if known && !pageStatus(n) {
			l.Problem(source.Problem{Span: l.At("status"), Code: "out_of_range", Text: fmt.Sprintf("%d is no status from 200 to 599 of an answer with a body", n)})
		}
		l.Responds(r)
		return action.Result{Ends: true}
	},
	Run: runPage,
})

type pageInputs struct {
	File   string           `doc:"The template's file, such as confirmed.html."`
	Data   action.Expr[any] `doc:"What the template knows, as \".\"; fields are written {{.name}}." class:"token" leak:"would be sent to the requester" optional:""`
	Status action.Expr[int] `doc:"The status, 200 to 599." default:"200"`

	template *template.Template
}

// pageStatus reports whether an answer of a status has a body.
func pageStatus(n int) bool {
	return action.Status(n) && n != http.StatusNoContent && n != http.StatusResetContent && n != http.StatusNotModified
}

// pageHeaders are the headers that a page always has.
var pageHeaders = []string{"Content-Security-Policy", "Referrer-Policy", "X-Frame-Options"}

func runPage(c *action.Call, in *pageInputs) (action.None, error) {
	status, err := in.Status.Value(c)
	if err != nil {
		return action.None{}, err
	}
	if !pageStatus(status) {
		return action.None{}, &action.Failure{Status: 500, Code: "invalid_status", Detail: "The answer has no valid status.", Reason: fmt.Sprintf("%d is no status of a page", status)}
	}
	text, err := render(c, in.template, &in.Data)
	if err != nil {
		return action.None{}, err
	}
	a := &c.Answer
	content, policy := "text/plain; charset=utf-8", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
	if in.template.HTML {
		content, policy = "text/html; charset=utf-8", pagePolicy(text)
	}
	for _, h := range []struct{ name, value string }{
		{"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"}, {"X-Frame-Options", "DENY"}, {"X-Content-Type-Options", "nosniff"},
	} {
		if a.Header.Get(h.name) != "" {
			continue // the author's own
		}
		if err := a.SetHeader(h.name, h.value); err != nil {
			return action.None{}, err
		}
	}
	if err := a.SetHeader("Content-Type", content); err != nil {
		return action.None{}, err
	}
	a.Status, a.HasBody, a.Body, a.Text = status, true, text, []byte(text)
	a.Token = a.Token || classOf(&in.Data) >= schema.Token
	return action.None{}, action.Respond
}

// pagePolicy is the Content-Security-Policy (CSP Level 3) of a page. Its own <style>
// elements are let in by their hashes: a value cannot make one, since it is escaped.
func pagePolicy(page string) string {
	styles := "'self'"
	for _, text := range stylesOf(page) {
		sum := sha256.Sum256([]byte(text))
		styles += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + styles + "; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// mostStyles bounds the policy's length.
const mostStyles = 16

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// stylesOf are the texts of the <style> elements of a page.
func stylesOf(page string) []string {
	if !strings.Contains(page, "<") {
		return nil
	}
	var list []string
	z := html.NewTokenizer(strings.NewReader(page))
	inside := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return list
		case html.StartTagToken:
			name, _ := z.TagName()
			inside = string(name) == "style"
		case html.TextToken:
			// Browsers read every line break as one character.
			if text := lineBreaks.Replace(string(z.Raw())); inside && !slices.Contains(list, text) && len(list) < mostStyles {
				list = append(list, text)
			}
			inside = false
		default:
			inside = false
		}
	}
}

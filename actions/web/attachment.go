package web

import (
	"fmt"
	"io"
	"slices"

	"cloudlet/engine/action"
	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/mail"
)

var attachmentFields = []string{"name", "content", "content_type"}

// checkAttachments reports what is no attachment, as far as the type tells.
func (in *mailInputs) checkAttachments(l action.Load) {
	if !in.Attachments.Given() || in.Attachments.Type().Kind != schema.List {
		return
	}
	item := in.Attachments.Type().Elem
	if item == nil || item.Kind == schema.JSON || item.Kind == schema.File {
		return
	}
	problem := func(code, text, hint string) {
		l.Problem(source.Problem{Span: l.At("attachments"), Code: code, Text: text, Hint: hint})
	}
	if item.Kind != schema.ObjectK {
		problem("wrong_type", fmt.Sprintf("an attachment is {name, content, content_type}, and this is %s", item), "")
		return
	}
	for _, f := range item.Fields {
		if !slices.Contains(attachmentFields, f.Name) {
			problem("unknown_field", fmt.Sprintf("an attachment has no field %q", f.Name), source.DidYouMean(f.Name, attachmentFields))
		}
	}
	for _, name := range attachmentFields[:2] {
		if _, ok := item.Field(name); !ok && !item.Open {
			problem("missing_field", fmt.Sprintf("an attachment needs %q", name), "")
		}
	}
}

// attach fills in the attachments, of which no more is read than a mail may have.
func (in *mailInputs) attach(c *action.Call, m *mail.Message) error {
	list, _, err := in.Attachments.Optional(c)
	if err != nil {
		return err
	}
	room := int64(mail.MaxSize)
	for _, v := range list {
		a, err := attachment(c, v, room)
		if err != nil {
			return err
		}
		room -= int64(len(a.Content))
		m.Attachments = append(m.Attachments, a)
	}
	return nil
}

// attachment makes one of {name, content, content_type}, or of an upload; a missing name is
// Send's to refuse.
func attachment(c *action.Call, v any, room int64) (a mail.Attachment, err error) {
	o, ok := v.(*schema.Object)
	if !ok {
		return a, mail.ErrInvalidMail
	}
	if u, ok := schema.UploadOf(v); ok {
		return uploaded(c, u, room)
	}
	for name, value := range o.All() {
		text, isText := value.(string)
		switch {
		case name == "content":
			if a.Content, err = content(c, value, room); err != nil {
				return a, err
			}
		case !isText && value != nil:
			return a, mail.ErrInvalidMail
		case name == "name":
			a.Name = text
		case name == "content_type":
			a.ContentType = text
		}
	}
	return a, nil
}

// content is what an attachment holds: bytes, the file that a value stands for, or a text.
func content(c *action.Call, v any, room int64) ([]byte, error) {
	if u, ok := schema.UploadOf(v); ok {
		a, err := uploaded(c, u, room)
		return a.Content, err
	}
	if bytes, is := v.([]byte); is {
		return bytes, nil
	}
	return []byte(schema.Text(v)), nil
}

// uploaded is a file that came with the request, as an attachment.
func uploaded(c *action.Call, u *schema.Upload, room int64) (a mail.Attachment, err error) {
	if u.Size > room {
		return a, mail.ErrTooLarge
	}
	r := c.Received(u)
	if r == nil {
		return a, files.ErrFailed
	}
	f, err := r.Open()
	if err != nil {
		return a, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, u.Size))
	if err != nil {
		return a, files.ErrFailed
	}
	return mail.Attachment{Name: u.Name, ContentType: u.ContentType, Content: text}, nil
}

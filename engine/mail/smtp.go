package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"slices"
	"time"

	"cloudlet/engine/jobs"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Times that the server gets. RFC 5321, section 4.5.3.2, asks for patience above all
// where it has the whole message: who gives up there sends it twice.
const (
	connectTime = 30 * time.Second
	commandTime = 2 * time.Minute
	acceptTime  = 10 * time.Minute
)

// deliver hands a message over to the server. Where only some recipients are taken the
// job goes on with the others.
func (s *Service) deliver(ctx context.Context, c *SMTP, j *jobs.Job, l *letter) error {
	d, err := s.dial(ctx, c)
	if err != nil {
		return err
	}
	defer d.close()
	reached("connected")
	all := len(l.To)
	left, refusal, err := d.offer(l)
	if err != nil {
		return err
	}
	if err := d.data(l.text); err != nil {
		return err
	}
	reached("accepted")
	if len(left) == 0 {
		return nil
	}
	l.To = left
	args, metadata := s.seal(l)
	if err := j.Replace(ctx, args, metadata); err != nil {
		return &jobs.Failure{Reason: "some recipients have it, but that could not be noted"}
	}
	refusal.Reason = fmt.Sprintf("of %d recipients %d were refused: %s", all, len(left), refusal.Reason)
	return refusal
}

// delivery is one conversation with the server.
type delivery struct {
	client *smtp.Client
	conn   net.Conn
	stop   func() bool
}

// dial connects, encrypts and logs in. Nothing that fails here is the message's fault.
func (s *Service) dial(ctx context.Context, c *SMTP) (*delivery, error) {
	d := &delivery{stop: func() bool { return true }}
	config := &tls.Config{ServerName: c.Host, RootCAs: s.o.Roots, MinVersion: tls.VersionTLS12}
	at := config
	if c.TLS != "tls" {
		at = nil // later, or not at all
	}
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(connectTime), gomail.WithoutSMTPUTF8(), gomail.WithTLSConfig(config), gomail.WithTLSPolicy(policy(c.TLS)),
		gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			conn, err := connect(dialing, network, address, at)
			if err == nil {
				d.conn = conn
				d.stop = context.AfterFunc(ctx, func() { conn.Close() }) // nothing behind it looks at ctx
			}
			return conn, err
		}),
	}
	options = append(options, login(c)...)
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, &jobs.Failure{Reason: "the configuration of mail.smtp cannot be used: " + err.Error()}
	}
	// go-mail leaves the connection open where it fails after it.
	if d.client, err = client.DialToSMTPClientWithContext(ctx); err != nil {
		if d.stop(); d.conn != nil {
			d.conn.Close()
		}
		f := refused("the connection", err)
		f.Permanent = false
		return nil, f
	}
	return d, nil
}

func policy(tls string) gomail.TLSPolicy {
	if tls == "starttls" {
		return gomail.TLSMandatory
	}
	return gomail.NoTLS // encrypted already, or on this machine
}

// login says how to log in: a password goes over an encrypted connection, or to this machine.
func login(c *SMTP) []gomail.Option {
	if c.Username == "" {
		return nil
	}
	methods := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
	if c.TLS == "none" && loopback(c.Host) {
		methods = []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc, gomail.SMTPAuthCramMD5}
	}
	return []gomail.Option{gomail.WithUsername(c.Username), gomail.WithPassword(c.Password), gomail.WithOpportunisticSMTPAuth(methods...)}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// close says goodbye without waiting for the answer: whether the message was taken is
// known, and is to be noted now.
func (d *delivery) close() {
	d.stop()
	d.conn.SetDeadline(time.Now().Add(time.Second))
	_ = d.client.Text.PrintfLine("QUIT") // the connection ends either way
	d.conn.Close()
}

// offer says who sends and who is to get it. It fails where nobody is; refusal says why
// those who are left are not taken.
func (d *delivery) offer(l *letter) (left []string, refusal *jobs.Failure, err error) {
	if err := d.client.UpdateDeadline(commandTime); err != nil {
		return nil, nil, refused("the connection", err)
	}
	if err := d.client.Mail("<" + l.From + ">"); err != nil {
		return nil, nil, refused("the sender", err)
	}
	reached("sender taken")
	for _, to := range l.To {
		if err := d.client.UpdateDeadline(commandTime); err != nil {
			return nil, nil, refused("the connection", err)
		}
		err := d.client.Rcpt("<" + to + ">")
		if err == nil {
			continue
		}
		if codeOf(err) == 0 {
			return nil, nil, refused("a recipient", err)
		}
		left = append(left, to)
		if f := refused("a recipient", err); refusal == nil || !f.Permanent {
			refusal = f
		}
	}
	if len(left) == len(l.To) {
		return nil, nil, refusal
	}
	reached("recipients taken")
	return left, refusal, nil
}

// data sends the message itself.
func (d *delivery) data(text []byte) error {
	w, err := d.client.Data()
	if err != nil {
		return refused("the mail", err)
	}
	reached("data begun")
	if err := d.client.UpdateDeadline(acceptTime); err != nil {
		return refused("the connection", err)
	}
	half := len(text) / 2
	for i, part := range [][]byte{text[:half], text[half:]} {
		// Where this fails the end must not be written, or half a message would be taken.
		if _, err := w.Write(part); err != nil {
			return refused("the mail", err)
		}
		reached([]string{"half written", "written"}[i])
	}
	if err := w.Close(); err != nil {
		return refused("the mail", err)
	}
	return nil
}

// enhanced is a status code as RFC 3463 has it.
var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// ofUs are refusals of the client or its login, and not of the message: they end when
// the configuration is right.
var ofUs = []int{502, 503, 504, 521, 530, 534, 535, 538}

// refused says what the server said, in numbers: its words may hold addresses.
func refused(what string, err error) *jobs.Failure {
	var said *textproto.Error
	var timeout net.Error
	var unreachable *net.OpError
	var rubbish textproto.ProtocolError
	switch {
	case errors.As(err, &said):
		code := fmt.Sprint(said.Code)
		if detail := enhanced.FindString(said.Msg); detail != "" {
			code += " " + detail
		}
		return &jobs.Failure{Reason: fmt.Sprintf("the server refused %s (%s)", what, code), Permanent: said.Code >= 500 && !slices.Contains(ofUs, said.Code)}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &jobs.Failure{Reason: "the server did not answer in time"}
	case what == "the connection" && errors.As(err, &unreachable):
		return &jobs.Failure{Reason: "the server cannot be reached: " + err.Error()}
	case errors.As(err, &rubbish), errors.Is(err, errAnswers):
		return &jobs.Failure{Reason: "the server answers what is not SMTP"}
	case what == "the connection":
		return &jobs.Failure{Reason: "the server cannot be used as mail.smtp says: " + err.Error()}
	}
	return &jobs.Failure{Reason: "the connection to the server broke"}
}

func codeOf(err error) int {
	var said *textproto.Error
	if errors.As(err, &said) {
		return said.Code
	}
	return 0
}

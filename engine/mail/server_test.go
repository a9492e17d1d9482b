package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// taken is a message that the test's server has accepted.
type taken struct {
	from string
	to   []string
	raw  string
	msg  *mail.Message
}

// id is its Message-ID.
func (m *taken) id() string { return m.msg.Header.Get("Message-Id") }

// server is a real SMTP server. What it does to each message may be changed.
type server struct {
	t     *testing.T
	Port  int
	roots *x509.CertPool

	mu       sync.Mutex
	mail     []*taken
	seen     int    // messages that came to their end
	user     string // "": nobody has to log in
	password string
	logins   int
	rcpt     func(to string) error
	// verdict is asked of each whole message; "cut" cuts the connection.
	verdict func(n int) error
}

var errCut = errors.New("cut")

// serveSMTP starts a server with a certificate of its own authority for 127.0.0.1.
func serveSMTP(t *testing.T, mode string) *server {
	t.Helper()
	s := &server{t: t}
	cert, roots := authority(t)
	s.roots = roots
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	srv.Domain, srv.ErrorLog = "localhost", quietLog{}
	srv.MaxMessageBytes, srv.MaxRecipients = 0, 0
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Port = listener.Addr().(*net.TCPAddr).Port
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch mode {
	case "starttls":
		srv.TLSConfig = config
	case "tls":
		listener = tls.NewListener(listener, config)
	default:
		srv.AllowInsecureAuth = true
	}
	ended := make(chan struct{})
	go func() { defer close(ended); srv.Serve(listener) }()
	t.Cleanup(func() { srv.Close(); <-ended })
	return s
}

type quietLog struct{}

// Printf drops it.
func (quietLog) Printf(string, ...any) {}

// Println drops it.
func (quietLog) Println(...any) {}

func authority(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// smtp is the configuration that reaches the server.
func (s *server) smtp(mode string) *SMTP {
	return &SMTP{Host: "127.0.0.1", Port: s.Port, TLS: mode, Username: s.user, Password: s.password}
}

func (s *server) all() []*taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*taken(nil), s.mail...)
}

// session is one conversation.
type session struct {
	server *server
	conn   *smtp.Conn
	from   string
	to     []string
	known  bool
}

// Reset forgets the message.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends it.
func (*session) Logout() error { return nil }

// AuthMechanisms are those offered.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth checks a login.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		if user != s.server.user || password != s.server.password {
			return smtp.ErrAuthFailed
		}
		s.server.logins++
		s.known = true
		return nil
	}), nil
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.user != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt takes a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.rcpt != nil {
		if err := s.server.rcpt(to); err != nil {
			return err
		}
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.seen++
	if s.server.verdict != nil {
		if err := s.server.verdict(s.server.seen); err == errCut {
			s.conn.Conn().Close()
			return err
		} else if err != nil {
			return err
		}
	}
	msg, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		s.server.t.Errorf("the server got what is no mail: %v", err)
		return err
	}
	s.server.mail = append(s.server.mail, &taken{s.from, s.to, string(raw), msg})
	return nil
}

func status(code int, words string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: words}
}

// TestMain is a child process of the kill test where it is told so.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLOUDLET_MAIL_TEST_DIR"); dir != "" {
		port, _ := strconv.Atoi(os.Getenv("CLOUDLET_MAIL_TEST_PORT"))
		child(context.Background(), dir, port, os.Getenv("CLOUDLET_MAIL_TEST_POINT"))
		return
	}
	verify(m)
}

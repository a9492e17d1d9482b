package outgoing

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is a DNS server: names with their addresses, of which each look-up gets the next.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
	asked   map[string]int
}

func (z *zone) next(name string) string {
	z.mu.Lock()
	defer z.mu.Unlock()
	list := z.records[name]
	if len(list) == 0 {
		return ""
	}
	z.asked[name]++
	return list[min(z.asked[name], len(list))-1]
}

// resolver starts the server and gives what asks it alone.
func (z *zone) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.asked = map[string]int{}
	var done sync.WaitGroup
	done.Go(func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer := z.answer(packet[:n]); answer != nil {
				conn.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		done.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (z *zone) answer(packet []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(packet) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}
	m.Additionals = nil
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
	name := strings.TrimSuffix(q.Name.String(), ".")
	if six := strings.HasPrefix(name, "six"); six == (q.Type == dnsmessage.TypeAAAA) {
		if addr, err := netip.ParseAddr(z.next(name)); err == nil && six {
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}}}
		} else if err == nil {
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}}}
		}
	}
	text, err := m.Pack()
	if err != nil {
		return nil
	}
	return text
}

// TestPrivateAddresses: nobody inside is asked, by whatever form of an address, name or way.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	inside := httpServer(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1) })
	port := inside.URL[strings.LastIndexByte(inside.URL, ':'):]
	z := &zone{records: map[string][]string{
		"inside.example":   {"127.0.0.1"},
		"private.example":  {"10.0.0.7"},
		"metadata.example": {"169.254.169.254"},
		"zero.example":     {"0.0.0.0"},
		"shared.example":   {"100.64.0.1"},
		"six.example":      {"::1"},
		"six4.example":     {"::ffff:127.0.0.1"},
		"sixlocal.example": {"fe80::1"},
		"six64.example":    {"64:ff9b::7f00:1"},
		"sixto4.example":   {"2002:7f00:1::"},
		"localhost":        {"127.0.0.1"},
	}}
	tr := NewTransport(Dialing{Resolver: z.resolver(t)})
	t.Cleanup(tr.CloseIdleConnections)
	client := New(tr)
	hosts := []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.100.100.200",
		"192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "localhost", "LOCALHOST", "localhost.",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]",
		"[fec0::1]", "[ff02::1]", "[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[100::1]", "[0:0:0:0:0:ffff:169.254.169.254]",
		"2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "１２７.0.0.1", "[fe80::1%25lo]",
	}
	for name := range z.records {
		hosts = append(hosts, name)
	}
	for _, host := range hosts {
		for _, p := range []string{port, ""} {
			if got, err := ask(t.Context(), client, &Request{Follow: 5}, "http://"+host+p+"/"); got != "address_refused" {
				t.Errorf("%s gives %s (%v)", host+p, got, err)
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("a server inside was asked %d times", n)
	}
	for _, port := range []string{"22", "25", "587", "6667"} {
		if got, err := ask(t.Context(), client, &Request{}, "http://203.0.114.1:"+port+"/"); got != "address_refused" {
			t.Errorf("the port %s gives %s (%v)", port, got, err)
		}
	}
	if got, _ := ask(t.Context(), client, &Request{}, "http://nowhere.example/"); got != "unreachable" {
		t.Errorf("a name without an address gives %s", got)
	}
}

// TestRebinding: an address is judged when it is dialled, each time anew.
func TestRebinding(t *testing.T) {
	t.Parallel()
	var asked []string
	good := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		w.Header().Set("Connection", "close")
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/inside", http.StatusFound)
		}
	})
	port := good.URL[strings.LastIndexByte(good.URL, ':'):]
	z := &zone{records: map[string][]string{"flip.example": {"127.0.0.1", "127.0.0.2"}, "flop.example": {"127.0.0.1", "127.0.0.2"}}}
	tr := NewTransport(Dialing{Resolver: z.resolver(t), Allow: []string{"127.0.0.1" + port}}) // stands for an address outside
	t.Cleanup(tr.CloseIdleConnections)
	client := New(tr)
	for _, c := range []struct{ address, want string }{
		{"http://flip.example" + port + "/first", "200 "},
		{"http://flip.example" + port + "/second", "address_refused"},
		{"http://flop.example" + port + "/away", "address_refused"}, // by the second look-up
	} {
		if got, err := ask(t.Context(), client, &Request{Follow: 5}, c.address); got != c.want {
			t.Errorf("%s gives %s (%v)", c.address, got, err)
		}
	}
	if got := strings.Join(asked, " "); got != "/first /away" {
		t.Errorf("asked: %s", got)
	}
}

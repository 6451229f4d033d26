package probe_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
	"faultline/pace"
)

func resolver(t *testing.T, servers ...netip.AddrPort) *probe.Resolver {
	t.Helper()
	r, err := probe.NewResolver(servers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func kind(err error) string {
	var d *probe.DNSError
	if errors.As(err, &d) {
		return d.Kind
	}
	return fmt.Sprint(err)
}

func TestLongAnswersComeOverTCP(t *testing.T) {
	w := probetest.Start(t)
	var many []netip.Addr
	for i := range 100 {
		many = append(many, netip.AddrFrom4([4]byte{9, 9, 9, byte(i)}))
	}
	w.Put("many.net", probetest.Site{Addrs: many})
	a, err := resolver(t, w.Resolver).Lookup(t.Context(), "many.net")
	if err != nil || len(a.Addrs) < 20 || len(a.Addrs) > 40 || w.Asked("many.net") != 3 { // A, AAAA, A over TCP
		t.Errorf("%d addresses, asked %d times, %v", len(a.Addrs), w.Asked("many.net"), err)
	}
}

func TestManyQuestionsAtOnce(t *testing.T) {
	w := probetest.Start(t)
	for i := range 50 {
		w.Put(
			fmt.Sprintf("n%d.net", i),
			probetest.Site{Addrs: []netip.Addr{netip.AddrFrom4([4]byte{9, 9, 9, byte(i)})}},
		)
	}
	r := resolver(t, w.Resolver)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for range 40 { // many times the life of a socket
				a, err := r.Lookup(t.Context(), fmt.Sprintf("n%d.net", i))
				if err != nil || len(a.Addrs) != 1 || a.Addrs[0].As4()[3] != byte(i) {
					t.Errorf("n%d.net: %v, %v", i, a.Addrs, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestTheNextServerIsAsked(t *testing.T) {
	w := probetest.Start(t)
	w.Put("a.net", probetest.Site{})
	mute, err := net.ListenPacket("udp", "127.0.0.1:0") // takes questions and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone := netip.MustParseAddrPort("127.0.0.1:1") // nobody listens
	for _, first := range []netip.AddrPort{mute.LocalAddr().(*net.UDPAddr).AddrPort(), gone} {
		r := resolver(t, first, w.Resolver)
		if a, err := r.Lookup(t.Context(), "a.net"); err != nil || len(a.Addrs) != 1 || r.Faults() != 1 {
			t.Errorf("%s first: %v, %v, %d faults", first, a, err, r.Faults())
		}
		if _, err := r.Lookup(t.Context(), "b.net"); kind(err) != "nxdomain" || r.Faults() > 2 {
			t.Errorf("%s first: %v, %d faults", first, err, r.Faults())
		}
	}
	began := time.Now()
	if _, err := resolver(t, gone).Lookup(t.Context(), "a.net"); kind(err) != "timeout" ||
		time.Since(began) > pace.Scale(5*time.Second) {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestNamesThatCannotBeAsked(t *testing.T) {
	w := probetest.Start(t)
	for _, name := range []string{"", ".", "a..net", ".net", "a." + string(make([]byte, 64)) + ".net",
		string(make([]byte, 300))} {
		if _, err := resolver(t, w.Resolver).Lookup(t.Context(), name); kind(err) != "malformed" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestForgedAnswersAreNotBelieved has a server that answers in the right way and
// wrongly in every other one first.
func TestForgedAnswersAreNotBelieved(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		answer := func(ip byte, change func(*dns.Msg)) {
			m := new(dns.Msg)
			m.SetReply(q)
			if m.Question[0].Qtype == dns.TypeA {
				m.Answer = []dns.RR{
					&dns.A{
						Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
						A:   net.IPv4(9, 9, 9, ip),
					},
				}
			}
			if change != nil {
				change(m)
			}
			_ = rw.WriteMsg(m)
		}
		_, _ = rw.Write([]byte("nonsense"))
		_, _ = rw.Write(make([]byte, 12))
		answer(1, func(m *dns.Msg) { m.Id++ })
		answer(2, func(m *dns.Msg) { m.Response = false })
		answer(3, func(m *dns.Msg) { m.Question[0].Name = "other.example.net." })
		answer(4, func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeMX })
		answer(5, func(m *dns.Msg) { m.Question[0].Name = swapCase(m.Question[0].Name) })
		answer(42, nil)
	})}
	up := make(chan struct{})
	server.NotifyStartedFunc = func() { close(up) }
	go func() { _ = server.ActivateAndServe() }()
	<-up
	defer func() { _ = server.Shutdown() }()
	r := resolver(t, conn.LocalAddr().(*net.UDPAddr).AddrPort())
	for range 50 {
		a, err := r.Lookup(t.Context(), "a-name-of-many-letters.example.net")
		if err != nil || !slices.Equal(a.Addrs, []netip.Addr{netip.MustParseAddr("9.9.9.42")}) {
			t.Fatalf("%v, %v", a, err)
		}
	}
}

func swapCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte{1})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	defer conn.Close()
	answers := make(chan []byte, 1)
	go func() { // answers with the question's id and name, and then what the fuzzer wants
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			select {
			case tail := <-answers:
				msg := append(slices.Clone(buf[:n-11]), tail...)
				msg[2], msg[3], msg[7], msg[11] = 0x81, 0x80, 3, 0
				_, _ = conn.WriteTo(msg, from)
			default:
				reply := slices.Clone(buf[:n])
				reply[2] = 0x81
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	r, err := probe.NewResolver(conn.LocalAddr().(*net.UDPAddr).AddrPort())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, tail []byte) {
		if len(tail) > 1000 {
			return
		}
		select {
		case answers <- tail:
		default:
		}
		_, _ = r.Lookup(t.Context(), "a.example.net") // it returns, and nothing breaks
	})
}

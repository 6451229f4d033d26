package storetest

import (
	"net"
	"os"
	"strings"
	"testing"
)

// TestStopsWithTheTest: the server is gone, and its files, once the test is over.
func TestStopsWithTheTest(t *testing.T) {
	var socket string
	t.Run("inner", func(t *testing.T) {
		socket = strings.TrimPrefix(Start(t), "unix://")
		if got := ask(t, "unix", socket, "CONFIG GET appendfsync"); got != "*2" {
			t.Fatalf("answered %q", got)
		}
	})
	if conn, err := net.Dial("unix", socket); err == nil {
		conn.Close()
		t.Error("the server still answers")
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("its socket is still there: %v", err)
	}
}

package clip

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// joinMemory joins the clip once more and gives by how many bytes the process grew at most.
func (s *stage) joinMemory() int64 {
	s.Helper()
	t := s.timeline()
	heard, err := s.openSound("c", t)
	s.must(err)
	if heard != nil {
		defer heard.Close()
	}
	debug.FreeOSMemory()
	before := s.memory("VmRSS")
	s.must(os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // VmHWM begins anew, proc(5)
	heads, jobs, err := s.cache().missing(t, t.keys(), nil)
	if err != nil || len(jobs) > 0 {
		s.Fatal(len(jobs), err)
	}
	l, err := newLayout(t, heads, heard)
	s.must(err)
	_, err = join(context.Background(), l, s.cache(), filepath.Join(s.TempDir(), "joined.mp4"))
	s.must(err)
	runtime.KeepAlive(l)
	return s.peak() - before
}

// peak is the most memory in bytes that this process ever had.
func (s *stage) peak() int64 { return s.memory("VmHWM") }

// memory reads a line of /proc/self/status in bytes. What needs it is for Linux.
func (s *stage) memory(name string) int64 {
	s.Helper()
	if runtime.GOOS != "linux" {
		s.Skip("only Linux tells how much memory a process has had")
	}
	status, err := os.ReadFile("/proc/self/status")
	s.must(err)
	for line := range strings.Lines(string(status)) {
		var kB int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kB); err == nil {
			return kB << 10
		}
	}
	s.Fatalf("there is no %s", name)
	return 0
}

//go:build !linux

package ffmpeg

import (
	"os"
	"runtime"
	"syscall"
)

// attributes: only Linux ends a child together with its parent.
func attributes() *syscall.SysProcAttr { return nil }

// terminate asks politely where the system knows how to.
func terminate(p *os.Process) error {
	if runtime.GOOS == "windows" {
		return p.Kill()
	}
	return p.Signal(syscall.SIGTERM)
}

// beNice: only on Linux has a thread a niceness of its own.
func beNice(int) error { return nil }

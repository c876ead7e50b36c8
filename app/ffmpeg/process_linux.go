package ffmpeg

import (
	"os"
	"syscall"
)

// attributes give the child a process group of its own, so that Ctrl-C on a terminal
// reaches only us, and have the kernel kill it when we die, however we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

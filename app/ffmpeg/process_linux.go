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

// beNice sets the niceness of the thread that calls it, unless it is nicer already.
func beNice(n int) error {
	const most = 20 // the system call gives 20 less the niceness
	if was, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil && most-was >= n {
		return nil
	}
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, n)
}

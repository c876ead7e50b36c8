package publish

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// apart gives the program a process group, so that it ends with all that it started when
// its time is up, and has the kernel kill it when we die, however we die.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}

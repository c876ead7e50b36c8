// Package smalldisk gives tests a real disk that is soon full: a tmpfs, mounted in a
// process with user and mount namespaces of its own, as anybody may where the machine
// allows them.
package smalldisk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const folder = "ONEFRAME_TEST_SMALL_DISK"

// In runs the calling test once more, in a process that may mount, and f there with an
// empty folder. It skips the test, with the reason, where no user namespaces are allowed.
func In(t *testing.T, f func(dir string)) {
	t.Helper()
	if dir := os.Getenv(folder); dir != "" {
		f(dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), folder+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("this machine allows no user namespaces: %v", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Mount puts a disk of so many bytes into the folder, which it makes, until the test ends.
// What it returns makes room: 64 MB.
func Mount(t testing.TB, dir string, bytes int64) (room func()) {
	t.Helper()
	mount := func(flags uintptr, bytes int64) {
		if err := syscall.Mount("none", dir, "tmpfs", flags, fmt.Sprintf("size=%d", bytes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	mount(0, bytes)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func() { mount(syscall.MS_REMOUNT, 64<<20) }
}

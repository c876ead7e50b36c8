//go:build linux || darwin || freebsd

package web

import "syscall"

// freeBytes is how much the disk that the folder lies on can still take, -1 where it
// can't be told.
func freeBytes(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

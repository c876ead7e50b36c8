package fault

import (
	"errors"
	"strings"
	"syscall"
)

// Disk turns an error of writing a file or the database into Full where the disk or
// the quota is used up, and leaves every other error as it is.
func Disk(err error) error {
	if err == nil {
		return nil
	}
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.Contains(err.Error(), "database or disk is full") // SQLITE_FULL, which arrives as text
	if full {
		return Wrap(err, Full, "disk_full", "The site's disk is full. Nothing was lost; please try again later.")
	}
	return err
}

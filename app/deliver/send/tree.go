package send

import (
	"context"
	"errors"
	"io/fs"
)

// tree is a login at a server that keeps files by path, as FTP and SFTP do. Its errors are
// *Error: Refused stands for what the server says no to because of the path, as a folder
// that isn't there or may not be written into.
type tree interface {
	// put writes a file from its beginning, over one that is there.
	put(path string, s *source) error
	// size gives a file's size. Its error may be errNoSuchFile or errCantTell as well.
	size(path string) (int64, error)
	mkdir(path string) error
	// rename gives a file another name, over one that is there.
	rename(from, to string) error
	// remove deletes a file. Its error may be errNoSuchFile as well.
	remove(path string) error
	// answer is what the server said last.
	answer() string
	close() error
}

// over has rename give a file another name; where the server won't do that over one that
// is there, that one is deleted first.
func over(t tree, to string, rename func() error) error {
	err := rename()
	if err == nil || KindOf(err) != Refused {
		return err
	}
	if _, missing := t.size(to); missing != nil {
		return err
	}
	if err := t.remove(to); err != nil && !errors.Is(err, errNoSuchFile) {
		return err
	}
	return rename()
}

var (
	errNoSuchFile = fs.ErrNotExist
	errCantTell   = errors.New("the server doesn't tell")
)

// door is how one gets into a tree.
type door interface {
	// enter connects and logs in. Its error is an *Error.
	enter(ctx context.Context, w *wire) (tree, error)
}

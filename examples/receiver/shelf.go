package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
)

// notes is the folder, beside the pictures, with a note for each delivery.
const notes = ".deliveries"

// shelf is the folder with the pictures. os.Root keeps every name inside of it.
type shelf struct {
	root *os.Root
	mu   sync.Mutex
	busy map[string]chan struct{} // deliveries that somebody works at
}

// note is what became of a delivery.
type note struct {
	Message  string `json:"message"` // the last one's webhook-id
	Name     string `json:"name"`
	Sidecar  string `json:"sidecar,omitempty"`
	Recalled int64  `json:"recalled,omitempty"` // the recall's timestamp, once it is deleted
}

func openShelf(dir string) (*shelf, error) {
	if err := os.MkdirAll(filepath.Join(dir, notes), 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	return &shelf{root: root, busy: map[string]chan struct{}{}}, err
}

// lock waits until nobody else works at the delivery.
func (s *shelf) lock(delivery string) (release func()) {
	for {
		s.mu.Lock()
		other, taken := s.busy[delivery]
		if !taken {
			done := make(chan struct{})
			s.busy[delivery] = done
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.busy, delivery)
				s.mu.Unlock()
				close(done)
			}
		}
		s.mu.Unlock()
		<-other
	}
}

// named reports whether a delivery's id can name a file.
func named(delivery string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`).MatchString(delivery)
}

// read gives the note of a delivery; the zero one where there is none, or a power cut took
// what was in it: then the picture is stored again, in its own place.
func (s *shelf) read(delivery string) (n note, err error) {
	raw, err := s.root.ReadFile(path.Join(notes, delivery))
	if errors.Is(err, fs.ErrNotExist) || err == nil && json.Unmarshal(raw, &n) != nil {
		return note{}, nil
	}
	return n, err
}

// has reports whether the message is done with: it came before, or what it brings was
// recalled after it was sent.
func (s *shelf) has(delivery, message string, stamp int64) (bool, error) {
	n, err := s.read(delivery)
	if n.Recalled > 0 && stamp != n.Recalled {
		return stamp < n.Recalled, err
	}
	return n.Message == message, err
}

// keep notes what became of a delivery, and lets go of an older version's other names.
func (s *shelf) keep(delivery string, n note) error {
	old, err := s.read(delivery)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := s.write(delivery, path.Join(notes, delivery), bytes.NewReader(raw), false); err != nil {
		return err
	}
	for _, name := range []string{old.Name, old.Sidecar} {
		if name != n.Name && name != n.Sidecar {
			if err := s.drop(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// recall deletes what a delivery brought, and remembers that.
func (s *shelf) recall(delivery string, stamp int64) error {
	old, err := s.read(delivery)
	if err != nil {
		return err
	}
	return s.keep(delivery, note{Message: old.Message, Recalled: stamp})
}

func (s *shelf) drop(name string) error {
	if name == "" {
		return nil
	}
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// put stores a file that has the size and the SHA-256, or nothing.
func (s *shelf) put(delivery, name string, content io.Reader, size int64, sum string) error {
	if !filepath.IsLocal(name) || name == notes || path.Dir(path.Clean(name)) == notes {
		return fmt.Errorf("%w: the name %q", errBad, name)
	}
	h := sha256.New()
	n := int64(0)
	checked := func() error {
		if n != size || hex.EncodeToString(h.Sum(nil)) != sum {
			return fmt.Errorf("%w: %d bytes arrived of %d, or others than were sent", errBad, n, size)
		}
		return nil
	}
	counted := reading(func(b []byte) (int, error) {
		k, err := content.Read(b)
		n += int64(k)
		h.Write(b[:k])
		if err == io.EOF {
			if bad := checked(); bad != nil {
				return k, bad
			}
		}
		return k, err
	})
	return s.write(delivery, name, counted, true)
}

// write makes a file whole or not at all: a temporary name, fsync where it must outlast a
// power cut, and rename. A try again takes the same temporary name, so that none is left.
func (s *shelf) write(delivery, name string, content io.Reader, durable bool) (err error) {
	temporary := path.Join(path.Dir(name), "."+delivery+".part")
	err = s.root.MkdirAll(path.Dir(name), 0o755)
	var f *os.File
	if err == nil {
		f, err = s.root.Create(temporary)
	}
	if err != nil {
		return impossible(err)
	}
	gathered := bufio.NewWriterSize(f, 256<<10) // the parts of a form come in small pieces
	_, err = io.Copy(gathered, content)
	if err == nil {
		err = gathered.Flush()
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.root.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(impossible(err), s.drop(temporary))
	}
	return nil
}

// impossible says of a name that no file can have that it is the sender's fault.
func impossible(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) {
		return fmt.Errorf("%w: no file can have that name: %w", errBad, err)
	}
	return err
}

// reading is a Reader made of a function.
type reading func([]byte) (int, error)

func (r reading) Read(b []byte) (int, error) { return r(b) }

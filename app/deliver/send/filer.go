package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path"
	"strings"
	"time"

	"oneframe/app/outbound"
)

// filer is the Sender of servers that keep files. It holds one login, makes another where
// that one has died while nobody used it, and knows everything that is the same for all
// of them.
//
//	put NAME's folder/.DELIVERY.part ─► size? ─► rename to NAME
//	     │ refused: make the folders, put again
//	     └ refused again: nothing can be written there (Hopeless), or only not in that
//	       folder of this picture (Refused)
type filer struct {
	door   door
	place  string // the server, for messages
	base   string // the folder; "" for the one where the login leads to
	dialer *net.Dialer
	quiet  time.Duration // see wire

	wire  *wire
	tree  tree // nil: not logged in
	alive bool // the server answered in what is being done now
}

// open makes the Sender of a server and logs in.
func (f *filer) open(ctx context.Context, n Network) (Sender, error) {
	f.dialer, f.quiet = outbound.Dialer(n.Private), quiet
	if err := f.login(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *filer) login(ctx context.Context) error {
	w := &wire{dialer: f.dialer, place: f.place, quiet: f.quiet}
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	var t tree
	err := w.during(ctx, w.quiet, func() (err error) {
		t, err = f.door.enter(ctx, w)
		return err
	})
	if err != nil {
		w.cut(err, false)
		return err
	}
	f.wire, f.tree = w, t
	return nil
}

// Send implements Sender.
func (f *filer) Send(ctx context.Context, p Parcel) (Receipt, error) {
	r := Receipt{Remote: path.Join(f.base, p.Name)}
	if !fs.ValidPath(p.Name) || p.Sidecar != nil && !fs.ValidPath(p.Sidecar.Name) {
		return r, &Error{Kind: Ours, Message: "The file's name is not one that can be sent."}
	}
	temp := "." + p.Delivery + ".part"
	err := f.with(ctx, func(t tree) (err error) {
		r.Bytes = 0
		if p.Sidecar != nil {
			r.Sidecar = path.Join(f.base, p.Sidecar.Name)
			content := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.Sidecar.Data)), nil }
			if _, err := f.bring(t, r.Sidecar, temp, int64(len(p.Sidecar.Data)), content); err != nil {
				return err
			}
			r.Bytes += int64(len(p.Sidecar.Data))
		}
		r.Verified, err = f.bring(t, r.Remote, temp, p.Size, p.Open)
		r.Bytes += p.Size
		r.Answer = tidy(t.answer())
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// Recall implements Sender.
func (f *filer) Recall(ctx context.Context, r Recall) (Receipt, error) {
	if !r.Delete {
		return Receipt{Remote: r.Remote, Answer: notDeleted}, nil
	}
	if r.Remote == "" && fs.ValidPath(r.Name) {
		r.Remote = path.Join(f.base, r.Name)
	}
	done := Receipt{Remote: r.Remote, Sidecar: r.Sidecar}
	err := f.with(ctx, func(t tree) error {
		said := []string{}
		for i, name := range []string{r.Remote, r.Sidecar} {
			what := []string{"The picture", "The sidecar"}[i]
			if name == "" {
				continue
			}
			err := t.remove(name)
			f.alive = f.alive || !dead(err)
			if errors.Is(err, errNoSuchFile) {
				said = append(said, what+" was not there any more.")
			} else if err != nil {
				return err
			} else {
				said = append(said, what+" was deleted.")
			}
		}
		done.Answer = strings.Join(said, " ")
		return nil
	})
	if err != nil {
		return Receipt{}, err
	}
	if done.Answer == "" {
		done.Answer = "It is not known where it lies."
	}
	return done, nil
}

// Close implements Sender.
func (f *filer) Close() error {
	if f.tree == nil {
		return nil
	}
	_ = f.wire.during(context.Background(), quietKept, f.tree.close) // the server may have ended it long ago
	f.leave()
	return nil
}

// leave gives up the connection.
func (f *filer) leave() {
	f.wire.cut(net.ErrClosed, false)
	f.tree = nil
}

// with does something over the login that was kept, or a new one: one that has died in the
// meantime shows by failing before the server has said anything.
func (f *filer) with(ctx context.Context, do func(tree) error) error {
	kept := f.tree != nil
	err := f.once(ctx, kept, do)
	if kept && dead(err) && !f.alive && ctx.Err() == nil {
		err = f.once(ctx, false, do)
	}
	return err
}

func (f *filer) once(ctx context.Context, kept bool, do func(tree) error) error {
	first := f.quiet
	if kept {
		first = min(first, quietKept)
	} else if err := f.login(ctx); err != nil {
		return err
	}
	f.alive = false
	err := f.wire.during(ctx, first, func() error { return do(f.tree) })
	if err != nil && KindOf(err) != Refused {
		f.leave() // it may be anywhere in a dialogue
	}
	return err
}

// dead reports whether the failure may be that of a connection that has ended.
func dead(err error) bool { k := KindOf(err); return err != nil && (k == Down || k == Busy) }

// bring puts a file under a temporary name, compares its size and gives it its own name.
func (f *filer) bring(t tree, name, temp string, size int64, open func() (io.ReadCloser, error)) (verified string, err error) {
	part := path.Join(path.Dir(name), temp)
	if err := f.put(t, part, size, open); err != nil {
		return "", err
	}
	got, err := t.size(part)
	switch {
	case err == nil && got != size:
		_ = t.remove(part) // it is replaced by a repeat as well
		return "", &Error{Kind: Down, Message: fmt.Sprintf("%s kept %d bytes of %d.", f.place, got, size)}
	case err == nil:
		verified = "size"
	case dead(err):
		return "", err
	}
	if err := t.rename(part, name); err != nil {
		return "", f.undo(t, part, err)
	}
	return verified, nil
}

// put writes the file, and makes its folders where they are missing.
func (f *filer) put(t tree, part string, size int64, open func() (io.ReadCloser, error)) error {
	begun, err := f.try(t, part, size, open)
	if begun || KindOf(err) != Refused {
		return f.undo(t, part, err)
	}
	if err := f.mkdirs(t, path.Dir(part)); err != nil {
		return err
	}
	if begun, err = f.try(t, part, size, open); begun || KindOf(err) != Refused {
		return f.undo(t, part, err)
	}
	return f.locked(t, part, err)
}

// try writes the file once, and says whether any of it was asked for.
func (f *filer) try(t tree, part string, size int64, open func() (io.ReadCloser, error)) (begun bool, err error) {
	content, err := open()
	if err != nil {
		return false, &Error{Kind: Ours, Message: "The file could not be opened.", Cause: err}
	}
	s := &source{content: content, size: size, wire: f.wire}
	err = t.put(part, s)
	f.alive = f.alive || s.begun || !dead(err)
	if s.begun && (err == nil || s.err != nil) {
		err = s.whole()
	}
	if e := content.Close(); e != nil && err == nil {
		err = &Error{Kind: Ours, Message: "The file could not be read.", Cause: e}
	}
	return s.begun, err
}

// undo takes away what a failed try has left, as far as the server still listens.
func (f *filer) undo(t tree, part string, err error) error {
	if err == nil || dead(err) && KindOf(err) != Busy {
		return err
	}
	_ = t.remove(part) // the failure that led here is the one to tell; a repeat replaces the leftover
	return err
}

// mkdirs makes the folder and those above it. What the server says no to may be there
// already, or show when a file is to be put into it.
func (f *filer) mkdirs(t tree, dir string) error {
	if dir == "." || dir == "/" {
		return nil
	}
	if err := f.mkdirs(t, path.Dir(dir)); err != nil {
		return err
	}
	if err := t.mkdir(dir); dead(err) {
		return err
	}
	return nil
}

// locked tells a folder that takes nothing from a picture whose own folder can't be made:
// it tries an empty file in the destination's folder itself.
func (f *filer) locked(t tree, part string, err error) error {
	e, _ := errors.AsType[*Error](err)
	if probe := path.Join(f.base, path.Base(part)); probe != part {
		err := t.put(probe, &source{content: strings.NewReader(""), wire: f.wire})
		if err == nil {
			return f.undo(t, probe, &Error{Kind: Refused, Message: "The folder " + path.Dir(part) + " can't be made or written into.", Answer: e.Answer, Cause: e.Cause})
		}
		if dead(err) {
			return err
		}
	}
	where := "where the login leads to"
	if f.base != "" {
		where = "into the folder " + f.base
	}
	return &Error{Kind: Hopeless, Message: "Nothing can be written " + where + ".", Answer: e.Answer, Cause: e.Cause}
}

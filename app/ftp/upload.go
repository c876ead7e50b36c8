package ftp

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"oneframe/app/fault"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// stall is how long a transfer may bring nothing before it counts as broken.
const stall = time.Minute

// upload is one file on its way into the spool. For FTP it is written from its place
// on, for SFTP at offsets, by several goroutines.
type upload struct {
	s    *Server
	row  row
	hang *time.Timer // what becomes of a transfer that brings nothing
	done func()      // called once, when it has come to its end

	mu      sync.Mutex // guards what follows
	out     *os.File   // nil once it is closed
	at      int64      // where Write goes on
	run     int64      // there is no hole before this
	pieces  []piece    // beyond run
	trouble error      // why it can't come to a good end
}

// piece is a run of bytes that is there, with a hole before it.
type piece struct{ from, to int64 }

// open begins to receive a file, or goes on: from offset, or with offset < 0 at the end
// of what is there. cut is called when nothing comes any more; it should end the
// connection. Its errors: Denied, Unsupported not_a_picture, Conflict nothing_to_resume
// or name_taken, Busy too_much_today, too_fast or spool_full.
func (f *folder) open(ctx context.Context, p string, offset int64, cut func()) (*upload, error) {
	if shown(p) || p == "" {
		return nil, denied("/%s only shows what became of your files; send them into the folder above.", p)
	}
	if kindOf(p) == neither {
		return nil, notAPicture(p)
	}
	if err := f.allowed(ctx); err != nil {
		return nil, err
	}
	u := &upload{s: f.s, row: row{account: f.account.ID, path: p}}
	if before := f.s.senders.claim(u); before != nil {
		before.abandon()
	}
	err := f.s.DB.Write(ctx, func(tx *store.Tx) (err error) { u.row, err = begin(tx, u.row, offset, f.s.Limits.Spool); return err })
	if err == nil {
		err = u.start(offset)
	}
	if err != nil {
		f.s.senders.release(u)
		return nil, err
	}
	u.hang = time.AfterFunc(stall, cut)
	return u, nil
}

// allowed asks whether the account may still send, and this much.
func (f *folder) allowed(ctx context.Context) error {
	a, err := f.s.People.Get(ctx, f.account.ID)
	if err != nil {
		return err
	}
	if !maySend(a) {
		return denied("This account can't send pictures any more.")
	}
	return f.s.senders.begin(a.ID, f.s.Limits, f.s.DB.Now(), func(midnight time.Time) (n int64, err error) {
		err = f.s.DB.Read(ctx, func(tx *store.Tx) error { n, err = sent(tx, a.ID, midnight); return err })
		return n, err
	})
}

// begin makes the row of a file that is to arrive, or finds the one that goes on.
func begin(tx *store.Tx, r row, offset, spool int64) (row, error) {
	was, err := find(tx, r.account, r.path)
	if err != nil {
		return r, err
	}
	n, err := spooled(tx, r.account)
	if err != nil {
		return r, err
	}
	unfinished := was.state == part || was.state == held
	switch {
	case was.state == isFolder:
		return r, fault.New(fault.Conflict, "name_taken", "/%s is a folder.", r.path)
	case offset != 0 && was.state == taken:
		return r, fault.New(fault.Conflict, "nothing_to_resume", "%s was taken already; send it from its beginning to correct it.", path.Base(r.path))
	case offset > 0 && !unfinished:
		return r, fault.New(fault.Conflict, "nothing_to_resume", "There is nothing of %s here to go on with; send it from its beginning.", path.Base(r.path))
	case spool > 0 && n >= spool:
		return r, fault.New(fault.Busy, "spool_full", "Too many unfinished files; finish or delete some, or wait a day until they are swept.")
	}
	if !unfinished {
		was = row{id: store.NewID(), account: r.account, path: r.path}
	}
	was.state, was.modified, was.picture, was.reasons = part, tx.Now, "", nil
	return was, put(tx, was)
}

// start opens the spool's file and cuts off what is to be sent again.
func (u *upload) start(offset int64) (err error) {
	out, err := os.OpenFile(u.s.spool(u.row.id), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fault.Disk(err)
	}
	st, err := out.Stat()
	if err == nil && offset < 0 {
		offset = st.Size()
	}
	if err == nil && offset > st.Size() {
		err = fault.New(fault.Conflict, "nothing_to_resume", "Only %d bytes of %s are here; go on from there.", st.Size(), path.Base(u.row.path))
	}
	if err == nil {
		err = out.Truncate(offset)
	}
	if err != nil {
		return errors.Join(err, out.Close())
	}
	u.out, u.at, u.run = out, offset, offset
	return nil
}

// Write takes the next bytes.
func (u *upload) Write(b []byte) (int, error) {
	u.mu.Lock()
	at := u.at
	u.at += int64(len(b))
	u.mu.Unlock()
	return u.WriteAt(b, at)
}

// WriteAt takes bytes for a place. An error of it is the upload's end.
func (u *upload) WriteAt(b []byte, at int64) (int, error) {
	u.hang.Reset(stall)
	end := at + int64(len(b))
	if at < 0 || end > u.s.MaxBytes {
		return 0, u.fail(fault.New(fault.TooLarge, "too_many_bytes", "%s is too large: %d MB are taken.", path.Base(u.row.path), u.s.MaxBytes/1e6))
	}
	if err := u.s.senders.add(u.row.account, u.s.Limits, len(b)); err != nil {
		return 0, u.fail(err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out == nil || u.trouble != nil {
		return 0, say(u.trouble)
	}
	n, err := u.out.WriteAt(b, at)
	if err != nil {
		u.trouble = fault.Disk(err)
		return n, say(u.trouble)
	}
	u.note(piece{at, end})
	return n, nil
}

// note keeps account of what is there without a hole.
func (u *upload) note(p piece) {
	u.pieces = append(u.pieces, p)
	slices.SortFunc(u.pieces, func(a, b piece) int { return int(a.from - b.from) })
	for len(u.pieces) > 0 && u.pieces[0].from <= u.run {
		u.run = max(u.run, u.pieces[0].to)
		u.pieces = u.pieces[1:]
	}
}

// Seek is asked for by FTP's REST, and has been done by then.
func (u *upload) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart || offset != u.at {
		return 0, say(fault.New(fault.Invalid, "bad_offset", "Going on from there isn't possible."))
	}
	return offset, nil
}

// Read refuses: what is being sent can't be fetched.
func (u *upload) Read([]byte) (int, error) { return 0, say(denied("Nothing can be fetched here.")) }

// TransferError is told by the libraries that the transfer broke, before they Close.
func (u *upload) TransferError(err error) {
	_ = u.fail(fault.Wrap(err, fault.Invalid, "broken_transfer", "The connection broke; go on with the rest, or send it again.")) // the sender is gone
}

// abandon ends an upload whose file somebody else goes on with.
func (u *upload) abandon() {
	_ = u.fail(fault.New(fault.Conflict, "sent_elsewhere", "The file is being sent over another connection.")) // told by its next Write
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out != nil {
		_ = u.out.Close() // nothing of it was promised
		u.out = nil
	}
}

// fail notes the first trouble and gives it as it is told.
func (u *upload) fail(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.trouble == nil {
		u.trouble = err
	}
	return say(u.trouble)
}

// Close ends the upload. A nil error means that what was sent is kept for good: as a
// picture, or, under a temporary name, in the spool until it gets its own.
func (u *upload) Close() error {
	u.hang.Stop()
	if u.done != nil {
		defer u.done()
	}
	defer u.s.senders.release(u)
	err := safely(u.end)
	if f := fault.Of(err); f != nil && f.Kind == fault.Internal {
		u.s.Log.Error("an upload failed", "account", u.row.account, "file", u.row.path, "error", err)
	}
	return say(err)
}

// end keeps what was sent, as what it is.
func (u *upload) end() error {
	gone, err := u.finish()
	if gone {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // whoever sent it may be gone, and the site be stopping
	defer cancel()
	if err != nil {
		return errors.Join(err, u.s.keep(ctx, u.row, part))
	}
	if kindOf(u.row.path) == temporary {
		return u.s.keep(ctx, u.row, held)
	}
	return u.s.settle(ctx, u.row)
}

// finish closes the file and cuts off what lies behind a hole; gone means that the file
// is another upload's now, and nothing may be said about it.
func (u *upload) finish() (gone bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out == nil {
		return true, u.trouble
	}
	err = u.trouble
	if len(u.pieces) > 0 {
		err = errors.Join(err, u.out.Truncate(u.run))
		if u.trouble == nil {
			err = errors.Join(fault.New(fault.Invalid, "half_file", "Some of the file never came; go on from %d, or send it again.", u.run), err)
		}
	}
	if kindOf(u.row.path) == temporary && err == nil {
		err = fault.Disk(u.out.Sync())
	}
	if errClose := u.out.Close(); err == nil {
		err = fault.Disk(errClose)
	}
	u.out, u.row.size = nil, u.run
	return false, err
}

// keep writes down where an unfinished file stands. One that was held is promised: its
// entry in the spool's folder is durable before the row.
func (s *Server) keep(ctx context.Context, r row, as state) error {
	if as == held {
		if err := vault.SyncDir(s.spool("")); err != nil {
			return fault.Disk(err)
		}
	}
	r.state = as
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		was, err := find(tx, r.account, r.path)
		if err != nil || was.id != r.id {
			return err // deleted meanwhile
		}
		r.modified = was.modified
		return put(tx, r)
	})
}

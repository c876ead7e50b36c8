package deliver

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"oneframe/app/deliver/send"
	"oneframe/app/seal"
	"oneframe/app/store"
)

const crashFolder = "ONEFRAME_CRASH_FOLDER"

// TestMain is the crash test's other program too: with the variable set, it is a process
// that delivers out of the folder's database.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashFolder); dir != "" {
		if err := deliverFrom(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// deliverFrom delivers into folders, tells each delivery on standard output, and "done"
// when all are sent. It is killed before, or then.
func deliverFrom(dir string) error {
	db, err := store.Open(context.Background(), filepath.Join(dir, "x.db"))
	if err != nil {
		return err
	}
	box, err := seal.Open(filepath.Join(dir, "key"))
	if err != nil {
		return err
	}
	o := &Office{DB: db, Box: box, Log: slog.New(slog.DiscardHandler), Jitter: rand.Float64, Claim: 2 * time.Second, Make: bigParcel,
		Open: func(ctx context.Context, t send.Target) (send.Sender, error) {
			s, err := send.Open(ctx, t, send.Network{Folders: []string{dir}})
			return telling{s}, err
		}}
	go func() {
		for {
			changed := db.Changed()
			left := 0
			if err := db.Read(context.Background(), func(tx *store.Tx) error {
				return tx.QueryRow(`SELECT COUNT(*) FROM deliver_delivery WHERE state <> 'sent'`).Scan(&left)
			}); err == nil && left == 0 {
				fmt.Println("done")
			}
			<-changed
		}
	}()
	return o.Serve(context.Background())
}

// bigParcel makes a file that takes several writes, its bytes by its name.
func bigParcel(ctx context.Context, o Order) (send.Parcel, error) {
	p, err := parcel(ctx, o)
	text := big(p.Name)
	sum := sha256.Sum256([]byte(text))
	p.Size, p.SHA256 = int64(len(text)), hex.EncodeToString(sum[:])
	p.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	return p, err
}

func big(name string) string { return strings.Repeat(name, 16<<10/len(name)) }

// telling tells what its sender has brought.
type telling struct{ send.Sender }

func (n telling) Send(ctx context.Context, p send.Parcel) (send.Receipt, error) {
	r, err := n.Sender.Send(ctx, p)
	if err == nil {
		fmt.Println(p.Delivery, p.Name)
	}
	return r, err
}

// A process that delivers is killed again and again. In the end every picture is there,
// whole and once; what was sent twice had the same id and name both times.
func TestKilledWhileDeliveringNothingIsLost(t *testing.T) {
	t.Parallel()
	const pictures, subscribers, kills = 60, 5, 4
	dir := t.TempDir()
	seedCrash(t, dir, pictures, subscribers)
	names, repeats := map[string]string{}, 0
	for i := range kills + 1 {
		most := 20 + rand.IntN(2*pictures*subscribers/kills/2)
		if i == kills {
			most = 1 << 30 // to the end
		}
		for _, line := range untilKilled(t, dir, most) {
			id, name, _ := strings.Cut(line, " ")
			if was, known := names[id]; known {
				if repeats++; was != name {
					t.Errorf("delivery %s was called %s, then %s", id, was, name)
				}
			}
			names[id] = name
		}
	}
	if len(names) != pictures*subscribers {
		t.Errorf("%d deliveries were sent, of %d", len(names), pictures*subscribers)
	}
	for i := range subscribers {
		whole(t, filepath.Join(dir, "to", fmt.Sprint("s", i)), pictures)
	}
	t.Logf("%d deliveries in %d processes, %d of them twice", len(names), kills+1, repeats)
}

// seedCrash makes a database with something to do.
func seedCrash(t *testing.T, dir string, pictures, subscribers int) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.Open(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, DB: db}
	var all []string
	for i := range subscribers {
		name := fmt.Sprint("s", i)
		address := (&url.URL{Scheme: "file", Path: filepath.Join(dir, "to", name)}).String()
		write(t, db, func(tx *store.Tx) error {
			_, err := SetDestination(tx, box, name, NewDestination{URL: &address})
			return err
		})
		all = append(all, name)
	}
	s.queue(pictures, all...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// untilKilled runs a process that delivers, kills it after so many deliveries or when all
// is done, and gives what it told.
func untilKilled(t *testing.T, dir string, most int) (lines []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), crashFolder+"="+dir), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	for told := bufio.NewScanner(out); told.Scan(); { // to the end: what it sent while it was killed counts too
		if told.Text() == "done" {
			kill()
		} else if lines = append(lines, told.Text()); len(lines) == most {
			kill()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	return lines
}

// whole looks whether a subscriber has so many files, each of them whole, and nothing else.
func whole(t *testing.T, dir string, n int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || string(data) != big(f.Name()) {
			t.Errorf("%s has %d bytes, %v", f.Name(), len(data), err)
		}
	}
	if len(files) != n {
		t.Errorf("%s has %d files, want %d", dir, len(files), n)
	}
}

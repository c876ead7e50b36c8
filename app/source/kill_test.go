package source

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"oneframe/app/store"
	"oneframe/app/testdata"
)

// childEnv makes the test binary a program that imports: "command FILE" or "step", in
// the folder that childData names.
const childEnv, childData = "ONEFRAME_TEST_IMPORT", "ONEFRAME_TEST_DATA"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := child(what, os.Getenv(childData)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child imports and prints its progress, a share to a line.
func child(what, data string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(data, "oneframe.db"))
	if err != nil {
		return err
	}
	im := &Importer{DB: db, Tool: tool(), Library: Library{Dir: filepath.Join(data, "clips")}, Incoming: filepath.Join(data, "incoming")}
	fmt.Println(0.0)
	if file, ok := strings.CutPrefix(what, "command "); ok {
		_, err = im.Import(ctx, Request{File: file, Slug: "clip", Title: "A clip"}, func(share float64) { fmt.Println(share) })
	} else {
		_, err = im.Step(ctx)
	}
	fmt.Println("over")
	return err
}

// start runs the child.
func start(t *testing.T, data, what string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what, childData+"="+data)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// reach reads the child's progress up to a share.
func reach(t *testing.T, lines *bufio.Scanner, share float64) {
	t.Helper()
	for lines.Scan() {
		if s, err := strconv.ParseFloat(lines.Text(), 64); err == nil && s >= share {
			return
		}
	}
	t.Fatalf("the import ended before the share %v: %s", share, lines.Text())
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child was not killed")
	}
}

// programs gives the command lines of running programs that name the folder.
func programs(t *testing.T, folder string) (all []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(line), folder) {
			all = append(all, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return all
}

// A process that is killed at any moment takes its ffmpeg with it, and what it leaves is
// gone after the next sweep; the same import then succeeds.
func TestKilledImportsLeaveNothing(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	im := openImporter(t, data)
	file := testdata.Path(t, "video/this-week-nasa-10s.mp4")
	for _, share := range []float64{0, 0.02, 0.2, 0.5} {
		cmd, lines := start(t, data, "command "+file)
		reach(t, lines, share)
		kill(t, cmd)
		for deadline := time.Now().Add(10 * time.Second); len(programs(t, data)) > 0; {
			if time.Now().After(deadline) {
				t.Fatalf("killed at %v, these still run: %v", share, programs(t, data))
			}
		}
		if err := im.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rest := left(t, im); len(rest) > 0 {
			t.Errorf("killed at %v it leaves %v", share, rest)
		}
	}
	if i := latest(t, im); i.State != Failed || i.Code != "interrupted" {
		t.Errorf("its row is %+v", i)
	}
}

// A command that works beside a running server is not swept away by it.
func TestAnImportInAnotherProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	im := openImporter(t, data)
	cmd, lines := start(t, data, "command "+testdata.Path(t, "video/his-girl-friday-6s.mp4"))
	reach(t, lines, 0.01)
	for range 20 {
		if err := im.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		step(t, im, false)
	}
	for lines.Scan() {
		if err := im.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	err := im.DB.Read(t.Context(), func(tx *store.Tx) error { v, err := Get(tx, "clip"); checkVideo(t, im, v); return err })
	if err != nil {
		t.Error(err)
	}
}

// An upload whose server is killed is imported by the next one.
func TestAnUploadSurvivesItsServer(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	im := openImporter(t, data)
	id := queued(t, im, "video/his-girl-friday-6s.mp4")
	cmd, _ := start(t, data, "step")
	for deadline := time.Now().Add(20 * time.Second); row(t, im, id).Progress == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("the child does not begin: %+v", row(t, im, id))
		}
	}
	kill(t, cmd)
	step(t, im, true)
	if i := row(t, im, id); i.State != Done || i.Attempts != 2 {
		t.Errorf("its row is %+v", i)
	}
	if rest := left(t, im); len(rest) != 1 || rest[0] != "clip" {
		t.Errorf("there lie %v", rest)
	}
}

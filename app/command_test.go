package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"oneframe/app"
	"oneframe/app/clip"
	"oneframe/app/source"
	"oneframe/app/store"
	"oneframe/app/testdata"
)

// run does one command on the data folder and gives its exit code and what it wrote.
func run(t *testing.T, data, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = app.Main(t.Context(), app.Streams{In: strings.NewReader(in), Out: &o, Err: &e}, "1.2.3", args, []string{"ONEFRAME_DATA=" + data})
	return code, o.String(), e.String()
}

func TestCommandsTellSuccessFailureAndWrongUsageApart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	const password = "correct horse battery\n"
	for _, c := range []struct {
		in, args string
		code     int
		says     string // on standard output where the code is 0, else on standard error
	}{
		{"", "", 2, "say what to do"},
		{"", "help", 0, "oneframe serve"},
		{"", "version", 0, "1.2.3"},
		{"", "dance", 2, `no command "dance"`},
		{"", "backup", 2, `no command "backup"`},
		{"", "serve twice", 2, "serve takes no names"},
		{"", "import", 2, "one FILE"},
		{"", "import none.mp4", 2, "--slug and --title"},
		{"", "import none.mp4 --slug x --title x", 1, "none.mp4 can't be read"},
		{"", "import none.mp4 --slug x --title x --hold many", 2, "invalid value"},
		{"", "render --clip none", 1, `no clip "none"`},
		{"", "render --clop none", 2, "not defined: -clop"},
		{password, "account add ada", 2, "--role admin, moderator"},
		{password, "account add ada --role king", 1, "role"},
		{"", "account add ada --role admin", 1, "password"},
		{"short\n", "account add ada --role admin", 1, "at least 10"},
		{password, "account add ada --role admin", 0, "ada is admin now"},
		{password, "account add --role judge ada", 1, "has that name"},
		{"", "token add ada", 0, "of_"},
		{"", "token add bob", 1, "no such account"},
		{"", "check", 0, "database   ok"},
		{"", "check --config none.yaml", 1, "none.yaml"},
	} {
		code, out, errs := run(t, data, c.in, strings.Fields(c.args)...)
		said := errs
		if c.code == 0 {
			said = out
		}
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("oneframe %s: %d %q %q, want %d and %q", c.args, code, out, errs, c.code, c.says)
		}
		if c.code == 1 && (strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "oneframe: ")) {
			t.Errorf("oneframe %s says %q, want one sentence", c.args, errs)
		}
	}
}

func TestAnImportedClipAwaitsItsFirstRender(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, out, errs := run(t, data, "", "import", testdata.Path(t, "video/odd-dimensions-161x121-vp9.webm"), "--slug", "odd", "--title", "Odd")
	if code != 0 || !strings.HasPrefix(out, "odd: ") || !strings.Contains(errs, "100 %") {
		t.Fatalf("%d %q %q", code, out, errs)
	}
	db, err := store.Open(t.Context(), filepath.Join(data, "oneframe.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		all, err := clip.List(tx, "odd", 10)
		if len(all) != 1 || all[0].State != clip.Queued {
			t.Errorf("renders: %+v", all)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if code, out, errs := run(t, data, "", "check"); code != 0 {
		t.Errorf("check: %d %s %s", code, out, errs)
	}
	if err := os.Remove(source.Library{Dir: filepath.Join(data, "clips")}.Pose("odd", 7)); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(t, data, "", "check"); code != 1 || !strings.Contains(out, "clips      the clip odd needs") || strings.Count(errs, "\n") != 1 {
		t.Errorf("check without a pose: %d %s %s", code, out, errs)
	}
}

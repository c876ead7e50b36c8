package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"oneframe/app/fault"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// usage is what `oneframe help` prints.
const usage = `oneframe serves a music video that a crowd remakes, one webcam picture at a time.

  oneframe serve                          serve the site
  oneframe import FILE --slug S --title T [--range 12.5-34,50-61] [--hold 2]
                                          take a video as the source of a clip
  oneframe render [--clip S]              render a clip now, or every clip
  oneframe demo                           make the demo clip
  oneframe account add NAME --role R      admin, moderator, judge, photographer or subscriber;
                                          the password is asked for, or read from standard input
  oneframe token add NAME                 make an API token for an account; it is shown once
  oneframe key add NAME < id.pub          let an account in by an SSH key, for SFTP
  oneframe check                          try config, ffmpeg, database and disk
  oneframe version

All take --config FILE (config.yaml by default); config.yaml explains every key.
`

// wrongUsage is an error of how the command was called: exit code 2.
type wrongUsage struct{ error }

func usageError(format string, args ...any) error {
	return wrongUsage{fmt.Errorf(format+"; see oneframe help", args...)}
}

// command is one call of the program.
type command struct {
	Streams
	version string
	args    []string
	environ []string
}

// Main runs one command and gives the exit code: 0 on success, 1 on failure, 2 on
// wrong usage. Errors are one sentence on Err.
func Main(ctx context.Context, s Streams, version string, args, environ []string) int {
	c := &command{Streams: s, version: version, args: args, environ: environ}
	err := c.run(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(s.Err, "oneframe: %s\n", sentence(err))
	if errors.As(err, new(wrongUsage)) {
		return 2
	}
	return 1
}

// sentence is the error in one line: the message for people where there is one, with
// its cause where it is our own failure.
func sentence(err error) string {
	if f := fault.Of(err); f.Kind != fault.Internal {
		return f.Message
	}
	return strings.Join(strings.Split(strings.TrimSpace(err.Error()), "\n"), "; ")
}

func (c *command) run(ctx context.Context) error {
	if len(c.args) == 0 {
		fmt.Fprint(c.Err, usage)
		return usageError("say what to do")
	}
	name := c.args[0]
	if (name == "account" || name == "token" || name == "key") && len(c.args) > 1 {
		name += " " + c.args[1]
		c.args = c.args[1:]
	}
	c.args = c.args[1:]
	commands := map[string]func(context.Context) error{
		"serve": c.serve, "import": c.importVideo, "render": c.render, "demo": c.demo,
		"account add": c.accountAdd, "token add": c.tokenAdd, "key add": c.keyAdd, "check": c.check,
		"version": c.printVersion, "help": c.help, "--help": c.help, "-h": c.help,
	}
	f, ok := commands[name]
	if !ok {
		return usageError("there is no command %q", name)
	}
	return f(ctx)
}

func (c *command) help(context.Context) error {
	_, err := fmt.Fprint(c.Out, usage)
	return err
}

func (c *command) printVersion(context.Context) error {
	_, err := fmt.Fprintln(c.Out, "oneframe", c.version)
	return err
}

// flags makes a set with --config in it.
func (c *command) flags(name string) (fs *flag.FlagSet, config *string) {
	fs = flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs, fs.String("config", "", "")
}

// parse reads flags and names in any order and wants exactly n names.
func (c *command) parse(fs *flag.FlagSet, n int, what string) (names []string, err error) {
	rest := c.args
	for {
		if err := fs.Parse(rest); err != nil {
			return nil, usageError("%s: %v", fs.Name(), err)
		}
		if fs.NArg() == 0 {
			break
		}
		names, rest = append(names, fs.Arg(0)), fs.Args()[1:]
	}
	if len(names) != n {
		return nil, usageError("%s takes %s", fs.Name(), what)
	}
	return names, nil
}

// open parses what is left of the command line, reads the config and builds the house.
func (c *command) open(ctx context.Context, fs *flag.FlagSet, config *string, n int, what string) (*App, []string, error) {
	names, err := c.parse(fs, n, what)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := Load(*config, c.environ)
	if err != nil {
		return nil, nil, err
	}
	a, err := New(ctx, cfg, newLog(c.Err, cfg.Log))
	return a, names, err
}

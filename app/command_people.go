package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"oneframe/app/people"
)

func (c *command) accountAdd(ctx context.Context) (err error) {
	fs, config := c.flags("account add")
	role := fs.String("role", "", "")
	a, names, err := c.open(ctx, fs, config, 1, "one NAME, with --role")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if *role == "" {
		return usageError("account add takes --role admin, moderator, judge, photographer or subscriber")
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	account, err := a.People.Add(ctx, names[0], password, people.Role(*role))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s is %s now\n", account.Name, account.Role)
	return err
}

// password asks twice on a terminal, else reads one line.
func (c *command) password() (string, error) {
	f, ok := c.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(c.In).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("no password came on standard input")
		}
		return line, nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(c.Err, prompt)
		raw, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(c.Err)
		if err != nil {
			return "", err
		}
		typed[i] = string(raw)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}

func (c *command) tokenAdd(ctx context.Context) (err error) {
	fs, config := c.flags("token add")
	a, names, err := c.open(ctx, fs, config, 1, "one NAME")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	secret, err := a.People.AddToken(ctx, names[0])
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Out, secret)
	return err
}

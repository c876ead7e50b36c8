package app

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// maxKeyLine is more than any public key has, in bytes.
const maxKeyLine = 64 << 10

func (c *command) keyAdd(ctx context.Context) (err error) {
	fs, config := c.flags("key add")
	a, names, err := c.open(ctx, fs, config, 1, "one NAME, and the key's .pub file on standard input")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	line, err := io.ReadAll(io.LimitReader(c.In, maxKeyLine))
	if err != nil {
		return err
	}
	key, err := a.People.AddKey(ctx, names[0], string(line))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s %s lets %s in now\n", key.Fingerprint, key.Comment, names[0])
	return err
}

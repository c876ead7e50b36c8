package app

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"oneframe/app/metadata"
)

// sender is an FTP client that sends one file after the other, as a tool with its own
// connection pool does.
type sender struct {
	conn net.Conn
	in   *bufio.Reader
}

func newSender(address, user, password string) (*sender, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &sender{conn, bufio.NewReader(conn)}
	err = s.want("220")
	for _, c := range [][2]string{{"USER " + user, "331"}, {"PASS " + password, "230"}, {"TYPE I", "200"}} {
		if err == nil {
			err = s.do(c[0], c[1])
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", err, conn.Close())
	}
	return s, err
}

func (s *sender) answer() (string, error) {
	for {
		line, err := s.in.ReadString('\n')
		if err != nil || len(line) > 3 && line[3] == ' ' {
			return strings.TrimSpace(line), err
		}
	}
}

func (s *sender) want(code string) error {
	got, err := s.answer()
	if err == nil && !strings.HasPrefix(got, code) {
		err = fmt.Errorf("answered %q, want %s", got, code)
	}
	return err
}

func (s *sender) do(command, code string) error {
	if _, err := io.WriteString(s.conn, command+"\r\n"); err != nil {
		return err
	}
	return s.want(code)
}

// store sends a file and gives the moment when its last byte was handed over; a nil error
// is the server's 226.
func (s *sender) store(name string, data []byte) (last time.Time, err error) {
	c, err := s.passive()
	if err != nil {
		return last, err
	}
	if err := s.do("STOR "+name, "150"); err != nil {
		return last, err
	}
	if _, err := c.Write(data); err != nil {
		return last, err
	}
	if err := c.Close(); err != nil {
		return last, err
	}
	last = time.Now()
	return last, s.want("226")
}

// send is store with another command, as APPE.
func (s *sender) send(command, name string, data []byte) error {
	c, err := s.passive()
	if err != nil {
		return err
	}
	if err := s.do(command+" "+name, "150"); err != nil {
		return err
	}
	if _, err := c.Write(data); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	return s.want("226")
}

// list gives the names in a folder.
func (s *sender) list(folder string) (string, error) {
	c, err := s.passive()
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := s.do("NLST "+folder, "150"); err != nil {
		return "", err
	}
	listed, err := io.ReadAll(c)
	if err != nil {
		return "", err
	}
	return string(listed), s.want("226")
}

// passive opens a data connection.
func (s *sender) passive() (net.Conn, error) {
	if _, err := io.WriteString(s.conn, "EPSV\r\n"); err != nil {
		return nil, err
	}
	got, err := s.answer()
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(got, "(|||")
	port, _, ok := strings.Cut(rest, "|")
	if !ok {
		return nil, fmt.Errorf("EPSV: %s", got)
	}
	host, _, err := net.SplitHostPort(s.conn.RemoteAddr().String())
	if err != nil {
		return nil, err
	}
	return net.Dial("tcp", net.JoinHostPort(host, port))
}

// bigPhoto is a JPEG of 3000×2000 and about 3 MB, with all the words that a desk asks for.
func bigPhoto(t testing.TB) []byte { return photoOf(t, 3000, 2000) }

// smallPhoto is one of some hundred kilobytes.
func smallPhoto(t testing.TB) []byte { return photoOf(t, 800, 600) }

func photoOf(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			noise := uint8(seed >> 26)
			img.SetRGBA(x, y, color.RGBA{uint8(x*200/w) + noise, uint8(y*200/h) + noise, uint8((x+y)*200/(w+h)) + noise, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 91}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// captioned gives the picture with a caption of its own.
func captioned(t testing.TB, photo []byte, n int) []byte {
	t.Helper()
	r := metadata.Record{Headline: fmt.Sprintf("Headline %d", n), Caption: fmt.Sprintf("Caption %d", n), Byline: []string{"Ann"}, Credit: "Ann", Source: "Ann", City: "Basel", Country: "Switzerland",
		Taken: &metadata.Taken{At: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)}}
	out, err := metadata.Embed(photo, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

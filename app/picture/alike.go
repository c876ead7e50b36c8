package picture

import (
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"oneframe/app/store"
)

const (
	quarters    = 4
	quarterBits = 16
	plainBits   = 4 // a look with fewer bits set, or unset, is of an even surface and tells nothing
)

// Look notes how a photograph looks, a perceptual hash of 64 bits, and links it to the
// first one that looks the same: whose hash differs in at most so many bits (under 12).
func Look(tx *store.Tx, id ID, look uint64, most int) error {
	if err := unlook(tx, id); err != nil {
		return err
	}
	first, distance, found, err := Alike(tx, look, most, id)
	if err != nil {
		return err
	}
	for q := range quarters {
		if _, err := tx.Exec(`INSERT INTO picture_look (quarter, bits, picture, look) VALUES ($1, $2, $3, $4)`, q, quarter(look, q), id, lookText(look)); err != nil {
			return err
		}
	}
	if !found {
		return nil
	}
	_, err = tx.Exec(`INSERT INTO picture_alike (picture, first, distance) VALUES ($1, $2, $3)`, id, first, distance)
	return err
}

// unlook forgets how an earlier version looked.
func unlook(tx *store.Tx, id ID) error {
	if _, err := tx.Exec(`DELETE FROM picture_look WHERE picture = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM picture_alike WHERE picture = $1`, id)
	return err
}

func lookText(look uint64) string { return fmt.Sprintf("%016x", look) }

func quarter(look uint64, q int) int { return int(look >> (q * quarterBits) & (1<<quarterBits - 1)) }

// Alike gives the first photograph, other than the one named, that looks the same, and in
// how many bits it differs. Where that one was linked to an earlier one, it is the
// earlier. Two looks that differ in fewer than 12 bits differ in at most two of one
// quarter at least, so only those that are near in a quarter are compared.
func Alike(tx *store.Tx, look uint64, most int, except ID) (first ID, distance int, found bool, err error) {
	if n := bits.OnesCount64(look); n < plainBits || n > 64-plainBits {
		return "", 0, false, nil
	}
	for q := range quarters {
		near, err := nearIn(tx, q, look)
		if err != nil {
			return "", 0, false, err
		}
		for _, c := range near {
			d := bits.OnesCount64(look ^ c.look)
			if c.id != except && d <= most && (!found || c.id < first) {
				first, distance, found = c.id, d, true
			}
		}
	}
	if !found {
		return "", 0, false, nil
	}
	var root ID
	err = tx.QueryRow(`SELECT first FROM picture_alike WHERE picture = $1`, first).Scan(&root)
	if err == nil && root != except {
		first = root
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return first, distance, true, err
}

type candidate struct {
	id   ID
	look uint64
}

// nearIn gives the photographs whose look differs in at most two bits of the quarter.
func nearIn(tx *store.Tx, q int, look uint64) ([]candidate, error) {
	var in []string
	for _, v := range neighbours(quarter(look, q)) {
		in = append(in, strconv.Itoa(v))
	}
	return store.Each(tx, func(r *sql.Rows, c *candidate) error {
		var text string
		if err := r.Scan(&c.id, &text); err != nil {
			return err
		}
		v, err := strconv.ParseUint(text, 16, 64)
		c.look = v
		return err
	}, `SELECT l.picture, l.look FROM picture_look l JOIN picture p ON p.id = l.picture
		WHERE l.quarter = $1 AND l.bits IN (`+strings.Join(in, ", ")+`) AND p.state NOT IN ('withdrawn', 'failed')`, q)
}

// neighbours gives the number itself and all that differ in one or two of its 16 bits.
func neighbours(v int) []int {
	all := []int{v}
	for i := range quarterBits {
		all = append(all, v^1<<i)
		for j := range i {
			all = append(all, v^1<<i^1<<j)
		}
	}
	return all
}

// LooksLike gives the picture that looked the same before, "" where none did, and the
// later ones that look the same as this one or as that.
func LooksLike(tx *store.Tx, id ID) (first ID, others []ID, err error) {
	err = tx.QueryRow(`SELECT first FROM picture_alike WHERE picture = $1`, id).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err != nil {
		return "", nil, err
	}
	root := first
	if root == "" {
		root = id
	}
	others, err = store.Each(tx, func(r *sql.Rows, v *ID) error { return r.Scan(v) },
		`SELECT picture FROM picture_alike WHERE first = $1 AND picture <> $2 ORDER BY picture LIMIT 50`, root, id)
	return first, others, err
}

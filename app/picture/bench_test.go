package picture_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

// crowd is how many pictures the benchmark searches: a million, or as many as
// ONEFRAME_BENCH_PICTURES says.
func crowd(b *testing.B) int {
	if text := os.Getenv("ONEFRAME_BENCH_PICTURES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 1_000_000
}

// fill makes pictures whose words are as unevenly common as words are (Zipf's law, over
// 20,000 of them): twelve of caption, five keywords, a person of 5,000, a city of 2,000, a
// country of 200, 100 accounts, nineteen of twenty accepted.
func fill(b *testing.B, db *store.DB, pictures int) {
	b.Helper()
	const word = `' w' || CAST(EXP(ABS(RANDOM() / 9223372036854775808.0) * 9.9) AS INTEGER)`
	words := func(n int) (sql string) {
		for i := range n {
			if i > 0 {
				sql += " || "
			}
			sql += word
		}
		return sql
	}
	some := func(n int) string { return fmt.Sprintf("ABS(RANDOM() %% %d)", n) }
	const batch = 50_000
	for from := 0; from < pictures; from += batch {
		to := min(from+batch, pictures)
		numbers := fmt.Sprintf(`WITH RECURSIVE v (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM v WHERE n < %d)`, from+1, to)
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			for _, sql := range []string{
				numbers + ` INSERT INTO picture (id, origin, account, secret_hash, state, original, type, width, height, received_at, large, medium, thumb, file_name)
					SELECT PRINTF('%032d', n), 'ftp', PRINTF('a%d', n % 100), PRINTF('%064d', n), CASE WHEN n % 20 = 0 THEN 'waiting' ELSE 'accepted' END, PRINTF('%064d', n), 'image/jpeg', 3000, 2000, n * 1000,
						PRINTF('%064d', n), PRINTF('%064d', n), PRINTF('%064d', n), PRINTF('DSC_%d.jpg', n) FROM v`,
				numbers + ` INSERT INTO picture_number (n, picture, received_at, taken_at) SELECT n, PRINTF('%032d', n), n * 1000, n * 1000 - 500 FROM v`,
				numbers + ` INSERT INTO picture_words (rowid, caption, keywords, people, city, country, file, facts)
					SELECT n, ` + words(12) + `, ` + words(5) + `, 'person p' || ` + some(5000) + `, 'city' || ` + some(2000) + `, 'country' || ` + some(200) + `, PRINTF('DSC_%d.jpg', n),
						'every1picture kind1photos origin1ftp state1' || CASE WHEN n % 20 = 0 THEN 'waiting' ELSE 'accepted' END || PRINTF(' account1a%d', n % 100) FROM v`,
			} {
				if _, err := tx.Exec(sql); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// searches are what people look for: common words and rare ones, in fields, narrowed to
// a state, an account or dates, and nothing but the newest.
func searches(pictures int) []picture.Search {
	at := func(share float64) time.Time { return time.UnixMilli(int64(share*float64(pictures)) * 1000) }
	return []picture.Search{
		{}, {Text: "w1"}, {Text: "w7 w90"}, {Text: "w4000"}, {Text: "w350 w1200"}, {Text: `"w3 w5"`}, {Text: "caption:w2 keywords:w9"}, {Text: "people:p77"}, {Text: "city:city12 country:country3"},
		{Text: "w1 -w2"}, {Text: "w900*"}, {State: picture.Waiting}, {State: picture.Waiting, Text: "w30"}, {Account: "a42"}, {Account: "a42", Text: "keywords:w8", State: picture.Waiting},
		{From: at(.3), To: at(.31)}, {Text: "w40", From: at(.5), To: at(.6)}, {Text: "w6", TakenFrom: at(.9)}, {Text: "DSC_777"}, {Text: "nothing at all", Kind: picture.Photos},
	}
}

// BenchmarkSearch looks through a million pictures as the register's page does, 50 to a page.
func BenchmarkSearch(b *testing.B) {
	db, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	pictures := crowd(b)
	began := time.Now()
	fill(b, db, pictures)
	b.Logf("%d pictures made in %v", pictures, time.Since(began))
	all := searches(pictures)
	var took []time.Duration
	for b.Loop() {
		for _, q := range all {
			began := time.Now()
			err := db.Read(context.Background(), func(tx *store.Tx) error { _, _, err := picture.Find(tx, q); return err })
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1e3, "p95-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1e3, "max-ms")
}

// BenchmarkWords writes the words of a picture with all its metadata, as every event does.
func BenchmarkWords(b *testing.B) {
	db, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	fill(b, db, 1000)
	var r metadata.Record
	for _, f := range metadata.Fields() {
		if f.Name != "place" && f.Name != "taken" && f.Name != "release" && f.Name != "urgency" && f.Name != "rating" {
			if err := f.Set(&r, "ten words of text, as they are common in captions"); err != nil {
				b.Fatal(err)
			}
		}
	}
	err = db.Write(context.Background(), func(tx *store.Tx) error {
		for b.Loop() {
			if err := picture.Describe(tx, picture.ID(fmt.Sprintf("%032d", 500)), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

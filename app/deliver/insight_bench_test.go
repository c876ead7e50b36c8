package deliver

import (
	"fmt"
	"testing"

	"oneframe/app/store"
)

// BenchmarkInsight reads what the board and one subscriber's page ask, with a million
// deliveries waiting for 300 subscribers and two days of totals.
func BenchmarkInsight(b *testing.B) {
	s := newSite(b)
	s.fill(300, 3334)
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprint("s", i))
	}
	write(b, s.DB, func(tx *store.Tx) error {
		hour := store.Millis(tx.Now)
		_, err := tx.Exec(`WITH RECURSIVE h (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM h WHERE i < 47), w (j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM w WHERE j < 19),
			s (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM s WHERE k < 299)
			INSERT INTO deliver_hour (subscriber, hour, what, n) SELECT 's' || k, $1 - ($1 % 3600000) - i * 3600000, CASE j WHEN 0 THEN 'sent' ELSE 'latency ' || (10 + j) END, 5 FROM s, h, w`, hour)
		return err
	})
	b.ResetTimer()
	for name, ask := range map[string]func(*store.Tx) error{
		"board": func(tx *store.Tx) error { _, err := Glances(tx, ids, GlancesMost); return err },
		"page": func(tx *store.Tx) error {
			if _, err := GlanceAt(tx, "s7"); err != nil {
				return err
			}
			_, err := History(tx, "s7", 48)
			return err
		},
	} {
		before := cpu(b)
		for range b.N {
			if err := s.DB.Read(b.Context(), ask); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), name+"-cpu-ms")
	}
}

package picture_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"oneframe/app/fault"
	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
	"oneframe/app/vault"
)

// photo records a photograph that is ready, with what its metadata says.
func (r *register) photo(account, file string, m metadata.Record) picture.ID {
	id := picture.ID(store.NewID())
	k := vault.KeyOf([]byte(id))
	r.write(func(tx *store.Tx) error {
		_, err := picture.Record(tx, picture.New{ID: id, Origin: "ftp", Account: account, FileName: file, Original: k, Type: "image/jpeg", Width: 30, Height: 20})
		if err != nil {
			return err
		}
		if err := picture.Describe(tx, id, m); err != nil {
			return err
		}
		return picture.Ready(tx, id, picture.Renditions{Large: k, Medium: k, Thumb: k, Width: 30, Height: 20})
	})
	return id
}

func TestFind(t *testing.T) {
	r := newRegister(t)
	five := 5
	goal := r.photo("ann", "sport/DSC_0001.jpg", metadata.Record{Headline: "Löwe scores", Caption: "A goal in the rain. «Ein Tor»", Keywords: []string{"soccer", "final"}, People: []string{"Anna Löwe"},
		City: "Köln", Country: "Germany", CountryCode: "DEU", Rating: &five, Taken: &metadata.Taken{At: time.Date(2026, 5, 30, 20, 0, 0, 0, time.UTC)}})
	tokyo := r.photo("ben", "b.jpg", metadata.Record{Caption: "東京の雨", Keywords: []string{"rain"}, City: "Tokyo", Byline: []string{"Ben O'Neill"}, Urgency: 1})
	plain := r.photo("ann", "c.jpg", metadata.Record{})
	r.write(func(tx *store.Tx) error {
		_, err := picture.Settle(tx, tokyo, picture.Verdict{State: picture.Accepted, By: "mia"})
		return err
	})
	all := []picture.ID{plain, tokyo, goal}
	for _, c := range []struct {
		q    picture.Search
		want []picture.ID
	}{
		{picture.Search{}, all},
		{picture.Search{Text: "rain"}, []picture.ID{tokyo, goal}},
		{picture.Search{Text: "RAIN goal"}, []picture.ID{goal}},
		{picture.Search{Text: "lowe"}, []picture.ID{goal}},
		{picture.Search{Text: "people:lowe city:koln"}, []picture.ID{goal}},
		{picture.Search{Text: "city:lowe"}, nil},
		{picture.Search{Text: `caption:"in the rain"`}, []picture.ID{goal}},
		{picture.Search{Text: `"rain the in"`}, nil},
		{picture.Search{Text: "scor*"}, []picture.ID{goal}},
		{picture.Search{Text: "scor"}, nil},
		{picture.Search{Text: "-soccer"}, []picture.ID{plain, tokyo}},
		{picture.Search{Text: "rain -keywords:soccer"}, []picture.ID{tokyo}},
		{picture.Search{Text: "京の"}, []picture.ID{tokyo}},
		{picture.Search{Text: "雨"}, []picture.ID{tokyo}},
		{picture.Search{Text: `byline:"o'neill"`}, []picture.ID{tokyo}},
		{picture.Search{Text: "rating:5"}, []picture.ID{goal}},
		{picture.Search{Text: "urgency:1"}, []picture.ID{tokyo}},
		{picture.Search{Text: "DSC_0001"}, []picture.ID{goal}},
		{picture.Search{Text: "country:deu place:köln"}, []picture.ID{goal}},
		{picture.Search{Account: "ann"}, []picture.ID{plain, goal}},
		{picture.Search{State: picture.Accepted}, []picture.ID{tokyo}},
		{picture.Search{State: picture.Waiting, Account: "ann", Text: "goal"}, []picture.ID{goal}},
		{picture.Search{Origin: "api"}, nil},
		{picture.Search{Kind: picture.Frames}, nil},
		{picture.Search{Text: "state1accepted"}, nil},
		{picture.Search{TakenFrom: time.Date(2026, 5, 30, 0, 0, 0, 0, time.UTC)}, []picture.ID{goal}},
		{picture.Search{Text: "rain", TakenTo: time.Date(2026, 5, 30, 0, 0, 0, 0, time.UTC)}, nil},
		{picture.Search{Text: `" OR NEAR( {caption} : * ^`}, nil},
		{picture.Search{Text: `goal" OR "x`}, nil},
	} {
		var got []picture.ID
		r.read(func(tx *store.Tx) error {
			page, _, err := picture.Find(tx, c.q)
			for _, p := range page {
				got = append(got, p.ID)
			}
			return err
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v finds %v, want %v of %v", c.q, got, c.want, all)
		}
	}
	for _, bad := range []picture.Search{{Text: "mood:happy"}, {Text: strings.Repeat("a ", 40)}, {Text: strings.Repeat("a", 2000)}, {Cursor: "!"}} {
		r.read(func(tx *store.Tx) error {
			if _, _, err := picture.Find(tx, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
			return nil
		})
	}
}

// Pages follow on without a gap, and what arrives meanwhile doesn't shift them.
func TestFindGoesOn(t *testing.T) {
	r := newRegister(t)
	var want []picture.ID
	for range 7 {
		want = append([]picture.ID{r.photo("ann", "a.jpg", metadata.Record{Caption: "rain"})}, want...)
	}
	for _, text := range []string{"", "rain"} {
		var got []picture.ID
		q := picture.Search{Text: text, Limit: 3, Account: "ann"}
		for first := true; first || q.Cursor != ""; first = false {
			r.read(func(tx *store.Tx) (err error) {
				page, next, err := picture.Find(tx, q)
				for _, p := range page {
					got = append(got, p.ID)
				}
				q.Cursor = next
				return err
			})
			r.photo("ben", "b.jpg", metadata.Record{Caption: "rain"})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestFindByArrival(t *testing.T) {
	r := newRegister(t)
	a := r.photo("ann", "a.jpg", metadata.Record{Caption: "rain"})
	noon := r.now
	r.now = r.now.Add(time.Hour)
	b := r.photo("ann", "b.jpg", metadata.Record{Caption: "rain"})
	for _, c := range []struct {
		from, to time.Time
		want     []picture.ID
	}{{noon, time.Time{}, []picture.ID{b, a}}, {noon.Add(time.Minute), time.Time{}, []picture.ID{b}}, {time.Time{}, noon.Add(time.Minute), []picture.ID{a}}, {noon.Add(2 * time.Hour), time.Time{}, nil}, {time.Time{}, noon, nil}} {
		for _, text := range []string{"", "rain"} {
			r.read(func(tx *store.Tx) error {
				page, _, err := picture.Find(tx, picture.Search{Text: text, From: c.from, To: c.to})
				var got []picture.ID
				for _, p := range page {
					got = append(got, p.ID)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%v to %v: %v, want %v", c.from, c.to, got, c.want)
				}
				return err
			})
		}
	}
}

func TestLooksAlike(t *testing.T) {
	r := newRegister(t)
	const base = uint64(0x123456789abcdef0)
	flip := func(n int) uint64 { // n bits, spread over all quarters
		v := base
		for i := range n {
			v ^= 1 << (i * 13 % 64)
		}
		return v
	}
	looks := []uint64{base, flip(10), flip(11), flip(30), base}
	var ids []picture.ID
	for _, look := range looks {
		id := r.photo("ann", "a.jpg", metadata.Record{})
		r.write(func(tx *store.Tx) error { return picture.Look(tx, id, look, 10) })
		ids = append(ids, id)
	}
	r.read(func(tx *store.Tx) error {
		for i, want := range []picture.ID{"", ids[0], ids[0], "", ids[0]} {
			first, _, err := picture.LooksLike(tx, ids[i])
			if err != nil {
				return err
			}
			if i == 2 { // as near to the second as can be, which is linked to the first
				want = ids[0]
			}
			if first != want {
				t.Errorf("picture %d is linked to %q, want %q", i, first, want)
			}
		}
		_, others, err := picture.LooksLike(tx, ids[0])
		if len(others) != 3 {
			t.Errorf("%v", others)
		}
		_, _, found, err2 := picture.Alike(tx, 0, 10, "")
		if found || err2 != nil {
			t.Error("an even surface looks like something")
		}
		return err
	})
	r.write(func(tx *store.Tx) error { return picture.Look(tx, ids[4], flip(30), 10) })
	r.read(func(tx *store.Tx) error {
		first, _, err := picture.LooksLike(tx, ids[4])
		if first != ids[3] {
			t.Errorf("its new version is linked to %q", first)
		}
		return err
	})
}

func (r *register) read(f func(*store.Tx) error) {
	r.Helper()
	if err := r.db.Read(r.Context(), f); err != nil {
		r.Fatal(err)
	}
}

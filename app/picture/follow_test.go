package picture_test

import (
	"reflect"
	"testing"

	"oneframe/app/metadata"
	"oneframe/app/picture"
	"oneframe/app/store"
)

func TestAFollowerReadsOnFromItsOwnMark(t *testing.T) {
	r := newRegister(t)
	id, _ := r.record(1, "a")
	r.write(func(tx *store.Tx) error { return picture.Fail(tx, id, "broken") })

	follow := func(name string, n int) (all []picture.Event) {
		t.Helper()
		err := r.db.Read(t.Context(), func(tx *store.Tx) (err error) {
			all, err = picture.Follow(tx, name, n)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := follow("feed", 1)
	if len(first) != 1 || first[0].Kind != "received" {
		t.Fatalf("the first event is %+v", first)
	}
	r.write(func(tx *store.Tx) error { return picture.Mark(tx, "feed", first[0].Seq) })
	if rest := follow("feed", 9); len(rest) != 1 || rest[0].Kind != "failed" {
		t.Errorf("after the mark come %+v", rest)
	}
	if other := follow("judging", 9); len(other) != 2 {
		t.Errorf("another follower reads %+v", other)
	}
	r.write(func(tx *store.Tx) error { return picture.Mark(tx, "feed", follow("feed", 9)[0].Seq) })
	if rest := follow("feed", 9); len(rest) != 0 {
		t.Errorf("after the end come %+v", rest)
	}
}

func TestAPicturesMetadataIsKeptWhole(t *testing.T) {
	r := newRegister(t)
	id, _ := r.record(1, "a")
	want := metadata.Record{Caption: "Zoë", Keywords: []string{"a", "b"}, Place: &metadata.Place{Latitude: 52.37, Longitude: 4.9}}
	var none, got metadata.Record
	r.write(func(tx *store.Tx) (err error) { none, err = picture.Metadata(tx, id); return err })
	for range 2 {
		r.write(func(tx *store.Tx) error { return picture.Describe(tx, id, want) })
	}
	r.write(func(tx *store.Tx) (err error) { got, err = picture.Metadata(tx, id); return err })
	if !reflect.DeepEqual(none, metadata.Record{}) || !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v, before %+v", got, none)
	}
}

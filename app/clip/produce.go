package clip

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"oneframe/app/fault"
)

// write makes the render's file out of units, of which it encodes those that are missing,
// and checks it. It fills in r's numbers.
func (s *Studio) write(ctx context.Context, r *Render, t Timeline, m *meter) (err error) {
	heard, err := s.openSound(r.Clip, t)
	if err != nil {
		return err
	}
	if heard != nil {
		defer func() { err = errors.Join(err, heard.Close()) }()
	}
	made := map[Key]bool{}
	for range 3 { // a unit may turn out damaged only while it is joined
		var l *layout
		if l, err = s.gather(ctx, r.Clip, t, heard, made, m); err != nil {
			return err
		}
		r.count(t, made)
		m.joining()
		var file joined
		file, err = join(ctx, l, s.cache(), s.File(*r))
		var missing *lost
		if errors.As(err, &missing) {
			delete(made, missing.key)
			continue
		}
		if err != nil {
			return fault.Wrap(fault.Disk(err), fault.Of(fault.Disk(err)).Kind, "join_failed", "The clip's file could not be written.")
		}
		r.Hash, r.Bytes = file.Hash, file.Bytes
		m.checking()
		return s.check(ctx, l, s.File(*r), changed(t, made))
	}
	return fault.Wrap(err, fault.Internal, "join_failed", "The encoded parts of the clip vanish while they are joined.")
}

// openSound opens the source's sound; nil where it has none.
func (s *Studio) openSound(clip string, t Timeline) (*sound, error) {
	if !t.Sound {
		return nil, nil
	}
	heard, err := openSound(s.Library.Sound(clip), lengthOf(t))
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "no_sound", "The source's sound can't be read.")
	}
	return heard, nil
}

// count sets how many units were encoded and how many were there.
func (r *Render) count(t Timeline, made map[Key]bool) {
	r.UnitsEncoded = len(made)
	r.UnitsReused = 0
	for _, k := range t.keys() {
		if !made[k] {
			r.UnitsReused++
		}
	}
}

// changed gives the frames of the units that were made, as spans.
func changed(t Timeline, made map[Key]bool) (all []span) {
	for i, k := range t.keys() {
		if made[k] {
			all = add(all, span{t.Units[i].First, t.Units[i].First + t.Units[i].Frames})
		}
	}
	return all
}

// gather sees to it that every unit is in the cache, and lays them out. What it encodes
// it adds to made. Units may turn out to need another round: those of another libx264,
// whose decoder configuration differs from that of the ones made now.
func (s *Studio) gather(ctx context.Context, clip string, t Timeline, heard *sound, made map[Key]bool, m *meter) (*layout, error) {
	keys := t.keys()
	if err := s.cache().touch(keys, time.Now()); err != nil {
		return nil, err
	}
	for range 4 {
		heads, jobs, err := s.cache().missing(t, keys, made)
		if err != nil {
			return nil, err
		}
		if len(jobs) == 0 {
			return fitting(t, heads, heard)
		}
		if err := s.encode(ctx, clip, t, keys, jobs, m); err != nil {
			return nil, err
		}
		for _, j := range jobs {
			made[j.key] = true
		}
	}
	return nil, fault.New(fault.Internal, "join_failed", "The encoded parts of the clip vanish while others are made.")
}

func fitting(t Timeline, heads []head, heard *sound) (*layout, error) {
	l, err := newLayout(t, heads, heard)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "join_failed", "The encoded parts of the clip don't fit together.")
	}
	return l, nil
}

func (s *Studio) encode(ctx context.Context, clip string, t Timeline, keys []Key, jobs []job, m *meter) error {
	total, missing := 0, map[Key]bool{}
	for _, j := range jobs {
		total += j.frames()
		missing[j.key] = true
	}
	there := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return missing[k] })
	m.encoding(total, len(there))
	return s.encoder(clip).encode(ctx, t, jobs, m)
}

func (s *Studio) encoder(clip string) encoder {
	return encoder{tool: s.Tool, pictures: s.Renditions, mezzanine: s.Library.Mezzanine(clip),
		pose: func(slot int) string { return s.Library.Pose(clip, slot) }, cache: s.cache(), workers: s.workers(), nice: s.nice}
}

// missing reads the heads of all units, and gives as jobs those that can't be used: not
// there, damaged, or with another decoder configuration than the rest.
func (c cache) missing(t Timeline, keys []Key, made map[Key]bool) (heads []head, jobs []job, err error) {
	heads = make([]head, len(keys))
	configs := map[string]int{} // how many units have it; what was made now outweighs the rest
	for i, k := range keys {
		h, err := c.head(k)
		if errors.Is(err, errCorrupt) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		heads[i] = h
		configs[string(h.Config)]++
		if made[k] {
			configs[string(h.Config)] += len(keys)
		}
	}
	best := ""
	for config, n := range configs {
		if n > configs[best] || n == configs[best] && config > best {
			best = config
		}
	}
	asked := map[Key]bool{}
	for i, k := range keys {
		usable := heads[i].Frames == t.Units[i].Frames && (made[k] || string(heads[i].Config) == best)
		if !usable && !asked[k] {
			asked[k] = true
			jobs = append(jobs, job{k, t.Units[i]})
		}
	}
	return heads, jobs, nil
}

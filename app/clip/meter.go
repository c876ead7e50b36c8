package clip

import "sync"

// The shares of a render's work that its stages take, of 1; encoding has the rest.
const (
	joinShare  = 0.04
	checkShare = 0.08
)

// reach is how far a render is.
type reach struct {
	share           float64 // of 1
	encoded, reused int     // units
}

// meter knows how far a render is. Its methods may be called from any goroutine.
type meter struct {
	tell func(float64) // hears of each step, one at a time; may be nil

	mu     sync.Mutex // guards what follows
	frames int        // to encode
	done   int
	base   float64 // reached by the stages before
	last   reach
}

// encoding begins the encoding of so many frames; so many units are there.
func (m *meter) encoding(frames, reused int) {
	m.set(func() { m.frames, m.done, m.last.reused = frames, 0, reused })
}

// kept hears of units that have come into the cache.
func (m *meter) kept(units int) { m.set(func() { m.last.encoded += units }) }

func (m *meter) encoded(frames int) { m.set(func() { m.done += frames }) }

func (m *meter) joining() { m.set(func() { m.frames, m.base = 0, 1-checkShare-joinShare }) }

func (m *meter) checking() { m.set(func() { m.frames, m.base = 0, 1-checkShare }) }

// set changes the meter and tells where it stands, which never goes back.
func (m *meter) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
	now := m.base
	if m.frames > 0 {
		now = (1 - joinShare - checkShare) * min(1, float64(m.done)/float64(m.frames))
	}
	if now > m.last.share {
		m.last.share = now
		if m.tell != nil {
			m.tell(now)
		}
	}
}

func (m *meter) now() reach {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

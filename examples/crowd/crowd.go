package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	"oneframe/app/webhook"
)

// job is the data of a frame.ready message.
type job struct {
	Frame        string `json:"frame"`
	PictureURL   string `json:"picture_url"`
	ReferenceURL string `json:"reference_url"`
}

// judgment is one worker's answer.
type judgment struct {
	Frame    string `json:"frame"`
	Worker   string `json:"worker"`
	Nudity   bool   `json:"nudity"`
	Trying   bool   `json:"trying"`
	Likeness int    `json:"likeness"` // 1 to 5; 0 where there is nothing to compare
}

// crowd keeps everything in memory; a real one uses a database.
type crowd struct {
	site    string
	secrets []webhook.Secret
	poll    bool
	robots  int
	wake    chan struct{} // there is something to deliver

	mu    sync.Mutex // guards what follows
	jobs  map[string]job
	order []string           // of the jobs' frames
	given []judgment         // all there ever were
	by    map[[2]string]bool // frame and worker: who judged what
	sent  int                // how many of given were delivered; push
}

func newCrowd(site string, secrets []webhook.Secret, poll bool, robots int) *crowd {
	return &crowd{site: site, secrets: secrets, poll: poll, robots: robots, wake: make(chan struct{}, 1),
		jobs: map[string]job{}, by: map[[2]string]bool{}}
}

func (c *crowd) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /jobs", c.receive)
	m.HandleFunc("GET /judgments", c.collected)
	m.HandleFunc("GET /{$}", c.page)
	m.HandleFunc("POST /{$}", c.answered)
	return m
}

// receive takes a message. The signature comes first; the same message may come twice,
// and after frame.closed nothing of the frame is kept.
func (c *crowd) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if _, err := webhook.Verify(r.Header, body, time.Now(), c.secrets...); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	var m struct {
		Type string `json:"type"`
		Data job    `json:"data"`
	}
	if err := json.Unmarshal(body, &m); err != nil || m.Data.Frame == "" {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	switch m.Type {
	case "frame.ready":
		c.open(m.Data)
	case "frame.closed":
		c.close(m.Data.Frame)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (c *crowd) open(j job) {
	c.mu.Lock()
	if _, known := c.jobs[j.Frame]; !known {
		c.order = append(c.order, j.Frame)
	}
	c.jobs[j.Frame] = j
	c.mu.Unlock()
	if c.robots == 0 {
		return
	}
	if err := look(j.PictureURL); err != nil {
		log.Printf("frame %s: %v", j.Frame, err)
		return
	}
	for n := range c.robots {
		c.judge(judgment{Frame: j.Frame, Worker: "robot-" + strconv.Itoa(n+1), Trying: true, Likeness: 4})
	}
}

func (c *crowd) close(frame string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.jobs, frame)
}

// judge keeps a worker's first judgment of a frame.
func (c *crowd) judge(j judgment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := [2]string{j.Frame, j.Worker}; !c.by[key] {
		c.by[key] = true
		c.given = append(c.given, j)
	}
	select {
	case c.wake <- struct{}{}:
	default: // it is awake already
	}
}

// look fetches a picture, as a worker's browser would.
func look(url string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n == 0 || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the picture came with %d, %d bytes: %v", res.StatusCode, n, err)
	}
	return nil
}

// collected answers GET /judgments?since=N: those after the first N, and where it ends.
func (c *crowd) collected(w http.ResponseWriter, r *http.Request) {
	if _, err := webhook.Verify(r.Header, nil, time.Now(), c.secrets...); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	since, _ := strconv.Atoi(r.URL.Query().Get("since")) // "" is the beginning
	c.mu.Lock()
	since = min(max(since, 0), len(c.given))
	end := min(since+500, len(c.given))
	page := append([]judgment{}, c.given[since:end]...)
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"judgments": page, "next": strconv.Itoa(end)}); err != nil {
		log.Print(err)
	}
}

// deliver posts new judgments to the site, in batches, each until it is taken.
func (c *crowd) deliver(ctx context.Context) {
	for !c.poll {
		c.mu.Lock()
		batch := append([]judgment{}, c.given[c.sent:min(c.sent+500, len(c.given))]...)
		c.mu.Unlock()
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-c.wake:
			}
			continue
		}
		id := "judgments-" + rand.Text() // the same over all attempts
		for failed := 1; ; failed++ {
			err := c.post(ctx, id, batch)
			if err == nil {
				break
			}
			wait, more := webhook.Delay(failed, 0)
			log.Printf("%d judgments were not taken: %v", len(batch), err)
			if !more {
				break
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		c.mu.Lock()
		c.sent += len(batch)
		c.mu.Unlock()
	}
}

func (c *crowd) post(ctx context.Context, id string, batch []judgment) error {
	body, err := webhook.Body("frame.judged", time.Now(), map[string]any{"judgments": batch})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.site+"/hooks/judgments", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	webhook.Sign(req.Header, id, time.Now(), body, c.secrets...)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("%s: %s", res.Status, why)
	}
	return nil
}

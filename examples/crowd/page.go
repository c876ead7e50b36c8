package main

import (
	"html/template"
	"log"
	"net/http"
	"net/url"
	"strconv"
)

const pageHTML = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Judge</title><style>body{font:1rem system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}img{width:49%}button{padding:.6rem 1rem;margin:.2rem}</style>
{{with .Job}}<h1>Is somebody trying the pose, and how alike is it?</h1>
<p>{{with .ReferenceURL}}<img src="{{.}}" alt="The original pose">{{end}} <img src="{{.PictureURL}}" alt="The frame"></p>
<form method="post" action="/?worker={{$.Worker}}"><input type="hidden" name="frame" value="{{.Frame}}">
<button name="answer" value="nudity">nudity</button> <button name="answer" value="nobody">nobody posing</button>
{{range $.Likeness}}<button name="answer" value="{{.}}">{{.}}</button> {{end}}</form>
{{else}}<h1>Nothing to judge, {{.Worker}}</h1><p>Come back later.</p>{{end}}</html>`

// page shows a worker the oldest job that they have not judged.
func (c *crowd) page(w http.ResponseWriter, r *http.Request) {
	view := struct {
		Worker   string
		Job      *job
		Likeness []int
	}{r.URL.Query().Get("worker"), nil, []int{1, 2, 3, 4, 5}}
	if view.Worker == "" {
		http.Error(w, "Say who you are: /?worker=your-name", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	for _, frame := range c.order {
		if j, open := c.jobs[frame]; open && !c.by[[2]string{frame, view.Worker}] {
			view.Job = &j
			break
		}
	}
	c.mu.Unlock()
	if err := template.Must(template.New("").Parse(pageHTML)).Execute(w, view); err != nil {
		log.Print(err)
	}
}

// answered takes what a worker chose.
func (c *crowd) answered(w http.ResponseWriter, r *http.Request) {
	worker, answer := r.URL.Query().Get("worker"), r.FormValue("answer")
	j := judgment{Frame: r.FormValue("frame"), Worker: worker, Nudity: answer == "nudity", Trying: answer != "nobody"}
	j.Likeness, _ = strconv.Atoi(answer) // 0 for the two answers in words
	if worker == "" || j.Frame == "" {
		http.Error(w, "no worker, or no frame", http.StatusBadRequest)
		return
	}
	c.judge(j)
	http.Redirect(w, r, "/?worker="+url.QueryEscape(worker), http.StatusSeeOther)
}

// Package browsertest drives a headless Chromium through the pages a person uses, with
// a webcam that plays faces. Only tests import it.
//
//	b := browsertest.Open(t, browsertest.Options{Camera: browsertest.Faces(t)})
//	b.Go(site + "/shoot")
//	b.Click("#start")
//	b.Wait(`!document.querySelector("#shoot-it").closest("[hidden]")`)
//
// Every method fails the test where the page doesn't do what was asked within Patience.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a page may take for one thing.
const Patience = 90 * time.Second

// Options say what sort of browser it is.
type Options struct {
	Camera string // file that the webcam plays, from Faces; "" means that there is none
	Deny   bool   // the visitor says no when the page asks for the camera
	Width  int64  // of the window, in CSS pixels; 0 means 1280
	Height int64  // 0 means 800
}

// Browser is one browser with one tab. One goroutine uses it.
type Browser struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex // guards problems
	problems []string
}

// Open starts a browser with a fresh profile; it ends with the test.
func Open(t testing.TB, o Options) *Browser {
	t.Helper()
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("mute-audio", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("use-fake-ui-for-media-stream", fakeUI(o)))
	if o.Camera != "" {
		flags = append(flags, chromedp.Flag("use-fake-device-for-media-stream", true),
			chromedp.Flag("use-file-for-fake-video-capture", o.Camera))
	}
	alloc, end := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &Browser{TB: t, ctx: ctx}
	b.start(o)
	return b
}

// fakeUI is the answer to the question whether the page may use the camera.
func fakeUI(o Options) any {
	if o.Deny {
		return "deny"
	}
	return true
}

func (b *Browser) start(o Options) {
	b.Helper()
	if o.Width == 0 {
		o.Width = 1280
	}
	if o.Height == 0 {
		o.Height = 800
	}
	if err := chromedp.Listen(b.ctx, b.heard); err != nil {
		b.Fatalf("the browser doesn't start: %v", err)
	}
	b.Size(o.Width, o.Height)
}

// heard notes what a developer would see in red: exceptions, refused policies and
// requests that failed. A question that a page asks with confirm() is answered yes.
func (b *Browser) heard(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.note("exception: " + thrown(ev.ExceptionDetails))
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			b.note(fmt.Sprintf("%s: %s %s", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL))
		}
	case *page.EventJavascriptDialogOpening:
		go func() { // a listener must not wait for the browser
			if _, err := chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}); err != nil {
				b.note("the dialog could not be answered: " + err.Error())
			}
		}()
	}
}

func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

func (b *Browser) note(problem string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, problem)
}

// Problems gives what went wrong in the pages so far, and forgets it.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.problems
	b.problems = nil
	return all
}

// Do runs actions that chromedp knows and this package doesn't.
func (b *Browser) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("%s: %v%s", what, err, b.where())
	}
}

// where says what the page shows, for the message of a failure.
func (b *Browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main")?.innerText ?? "")`))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("\nthe page is %s\nproblems: %q", text, b.Problems())
}

// Go opens an address and waits until it is loaded.
func (b *Browser) Go(url string) { b.Helper(); b.Do("open "+url, chromedp.Navigate(url)) }

// Size makes the window so large, in CSS pixels.
func (b *Browser) Size(width, height int64) {
	b.Helper()
	b.Do("resize", chromedp.EmulateViewport(width, height))
}

// Click clicks the element, once it is visible.
func (b *Browser) Click(css string) {
	b.Helper()
	b.Do("click "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// Type types the text into the element.
func (b *Browser) Type(css, text string) {
	b.Helper()
	b.Do("type into "+css, chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible))
}

// Key presses keys wherever the focus is; see chromedp's kb for those without a letter.
func (b *Browser) Key(keys string) { b.Helper(); b.Do("press "+keys, chromedp.KeyEvent(keys)) }

// Choose gives files to a file field, hidden or not.
func (b *Browser) Choose(css string, paths ...string) {
	b.Helper()
	b.Do("choose a file in "+css, chromedp.SetUploadFiles(chromedp.CSS(css), paths))
}

// Text is what a person reads in the element.
func (b *Browser) Text(css string) string {
	b.Helper()
	return strings.TrimSpace(Eval[string](b, fmt.Sprintf("document.querySelector(%q).innerText", css)))
}

// Eval gives the value of a JavaScript expression in the page; of a promise, what it
// comes to.
func Eval[T any](b *Browser, js string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v%s", js, err, b.where())
	}
	return v
}

// Wait waits until the JavaScript expression is true, over navigations too.
func (b *Browser) Wait(js string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+js+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatalf("waited in vain for %s (%v)%s", js, err, b.where())
		}
	}
}

// Until waits until f is true, of something outside the browser.
func (b *Browser) Until(what string, f func() bool) {
	b.Helper()
	deadline := time.Now().Add(Patience)
	for !f() {
		if time.Now().After(deadline) {
			b.Fatalf("waited in vain until %s%s", what, b.where())
		}
		<-time.After(40 * time.Millisecond)
	}
}

// WaitPath waits until the address's path begins so and the page is loaded.
func (b *Browser) WaitPath(prefix string) {
	b.Helper()
	b.Wait(fmt.Sprintf("location.pathname.startsWith(%q) && document.readyState === 'complete'", prefix))
}

// Path is the present address without scheme and host.
func (b *Browser) Path() string {
	b.Helper()
	return Eval[string](b, "location.pathname + location.search")
}

// Login logs in on the site's own page and ends up on the account's first page.
func (b *Browser) Login(site, name, password string) {
	b.Helper()
	b.Go(site + "/login")
	b.Type("input[name=name]", name)
	b.Type("input[name=password]", password)
	b.Click("main button")
	b.Wait("location.pathname !== '/login' && document.readyState === 'complete'")
}

// Shot writes what the window shows, or with whole the whole page, to a PNG file.
func (b *Browser) Shot(file string, whole bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(ctx, take)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	if err != nil {
		b.Fatalf("screenshot: %v", err)
	}
}

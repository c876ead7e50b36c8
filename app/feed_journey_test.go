package app

import (
	"os"
	"strings"
	"testing"

	"oneframe/app/browsertest"
	"oneframe/app/testdata"
)

// The feed's way in a real browser against the real program: an admin adds a subscriber,
// builds a rule in the form, tries it on a picture that came by FTP, saves it, and sees
// the next picture land in the subscriber's queue.
func TestARuleIsBuiltAndAPictureSentByFTPLandsInTheQueue(t *testing.T) {
	t.Parallel()
	binary, data := buildProgram(t), t.TempDir()
	for name, role := range map[string]string{"anna": "admin", "pat": "photographer"} {
		oneframe(t, binary, data, password+"\n", "account", "add", name, "--role", role)
	}
	p := startProgram(t, binary, data, "ONEFRAME_FTP_ADDRESS=127.0.0.1:0", "ONEFRAME_PROFILE_TRUSTED=true")
	camera, err := newSender(p.door(t), "pat", password)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := os.ReadFile(testdata.Path(t, "photos/lightroom-every-iptc-field.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := camera.store("first.jpg", photo); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, browsertest.Options{})
	b.Login(p.url, "anna", password)
	b.Go(p.url + "/admin/subscribers")
	b.Type("input[name=name]", "Race Weekly")
	b.Click("form.panel .btn")
	b.WaitPath("/admin/subscribers/0")
	b.Click(`a[href$="/rules/new"]`)
	buildRule(b)
	b.Until("the first picture is tried", func() bool {
		b.Click("#try")
		b.Wait(`!document.querySelector("#try").disabled`)
		return browsertest.Eval[bool](b, `document.querySelector("#tried").textContent.startsWith("1 of 1 picture matched") && document.querySelector("#found").textContent.includes("first.jpg")`)
	})
	b.Click("#save")
	b.Wait(`document.querySelector(".rules")?.textContent.includes("Motor Sports")`)
	if _, err := camera.store("second.jpg", append(photo, 0)); err != nil {
		t.Fatal(err)
	}
	b.Until("the second picture is queued", func() bool {
		b.Go(p.url + "/admin/deliveries")
		return browsertest.Eval[bool](b, `document.querySelector("tbody")?.textContent.includes("second.jpg") ?? false`)
	})
	if shown := b.Text("tbody"); browsertest.Eval[int](b, `document.querySelectorAll("tbody tr").length`) != 1 {
		t.Errorf("the rule counts from the next picture on; queued are %s", shown)
	}
	for _, problem := range b.Problems() {
		if !strings.Contains(problem, "/api/v1/rules/read") { // where the text was half written, as it should be
			t.Errorf("the pages had a problem: %s", problem)
		}
	}
	p.stop(t)
}

// buildRule fills the form in and goes over to the text and back.
func buildRule(b *browsertest.Browser) {
	b.Helper()
	b.Wait(`document.querySelector("#builder")?.dataset.ready === "true"`)
	b.Type(".values input", "Motor Sports")
	b.Wait(`document.querySelector("#text").value === 'keyword = "Motor Sports"'`)
	b.Click(".clause .link")
	b.Wait(`document.querySelectorAll(".term").length === 2 && document.activeElement.matches(".values input")`)
	browsertest.Eval[bool](b, `(() => { const s = document.querySelectorAll(".term")[1].querySelector("select"); s.value = "caption"; return s.dispatchEvent(new Event("change")); })()`)
	browsertest.Eval[bool](b, `(() => { const s = document.querySelectorAll(".term")[1].querySelectorAll("select")[1]; s.value = "is present"; return s.dispatchEvent(new Event("change")); })()`)
	b.Wait(`document.querySelector("#text").value === 'keyword = "Motor Sports" and caption is present'`)
	b.Type("#text", ` or city = "`)
	b.Wait(`document.querySelector("#problem").textContent.includes("never closed")`)
	b.Type("#text", `Nowhere"`)
	b.Wait(`document.querySelectorAll(".clause").length === 2 && document.querySelectorAll(".term").length === 3`)
}

package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"oneframe/app/people"
)

// routes is the one list of what the site answers. Pages stand first, then files,
// then the API, which openapi.yaml describes.
func (s *Server) routes(e *echo.Echo) {
	judge, moderator, admin := s.need(people.Judge), s.need(people.Moderator), s.need(people.Admin)
	get := func(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, h, m...)
	}

	// Pages. What a form changes it sends by POST.
	get("/", s.home, s.remember)
	get("/shoot", s.shoot, s.remember)
	get("/f/:id", s.frame, s.remember)
	get("/m/:secret", s.manage)
	get("/m/:secret/picture.jpg", s.ownPicture)
	e.POST("/m/:secret/delete", s.takeBack)
	get("/login", s.login)
	e.POST("/login", s.enter)
	e.POST("/logout", s.logout)
	get("/setup", s.setup)
	e.POST("/setup", s.found)
	get("/judge", s.judging, judge)
	e.POST("/judge", s.judged, judge)
	get("/admin", s.overview, admin)
	get("/admin/frames", s.frames, moderator)
	get("/admin/frames/:id", s.oneFrame, moderator)
	e.POST("/admin/frames/:id/verdict", s.settleFrame, moderator)
	e.POST("/admin/frames/:id/undo", s.undoFrame, moderator)
	e.POST("/admin/frames/:id/withdraw", s.removeFrame, moderator)
	get("/admin/clips", s.clips, admin)
	e.POST("/admin/clips/:slug/rename", s.renameClip, admin)
	e.POST("/admin/clips/:slug/feature", s.featureClip, admin)
	e.POST("/admin/clips/:slug/render", s.renderClip, admin)
	e.POST("/admin/imports/:id/stop", s.stopImport, admin)
	get("/admin/renders", s.renders, admin)
	e.POST("/admin/mirrors/:host/:slug/resume", s.resumeMirror, admin)
	get("/admin/crowds", s.crowds, admin)
	e.POST("/admin/crowds", s.addCrowd, admin)
	e.POST("/admin/crowds/:id/rotate", s.rotateCrowd, admin)
	e.POST("/admin/crowds/:id/:act", s.changeCrowd, admin)
	get("/admin/accounts", s.accounts, admin)
	e.POST("/admin/accounts", s.addAccount, admin)
	e.POST("/admin/accounts/:id", s.changeAccount, admin)
	e.POST("/admin/accounts/:id/tokens", s.addToken, admin)
	e.POST("/admin/accounts/:id/tokens/:token/revoke", s.revokeToken, admin)

	// Files.
	get("/static/*", s.asset)
	get("/media/:file", s.media)
	get("/clips/:slug/clip.mp4", s.clipFile)
	get("/clips/:slug/poster.jpg", s.poster)
	get("/clips/:slug/poses/:file", s.pose)
	get("/media/crowd/:crowd/:file", s.crowdPicture)
	get("/healthz", s.healthz)
	get("/readyz", s.readyz)

	// Messages that programs post of their own accord.
	e.POST("/hooks/judgments", s.hookJudgments)

	// The API.
	const v1 = "/api/v1"
	get(v1+"/openapi.yaml", s.openapi)
	get(v1+"/clips", s.listClips, s.remember)
	e.POST(v1+"/clips", s.uploadClip, admin)
	get(v1+"/clips/:slug", s.getClip, s.remember)
	get(v1+"/clips/:slug/timeline", s.timeline, s.remember)
	get(v1+"/clips/:slug/frames", s.listFrames)
	e.POST(v1+"/clips/:slug/leases", s.takeLease)
	e.PATCH(v1+"/leases/:token", s.renewLease)
	e.DELETE(v1+"/leases/:token", s.releaseLease)
	e.POST(v1+"/leases/:token/frame", s.sendFrame)
	get(v1+"/frames/:id", s.getFrame)
	e.POST(v1+"/frames/:id/verdict", s.giveVerdict, moderator)
	e.POST(v1+"/frames/:id/undo", s.undoVerdict, moderator)
	e.DELETE(v1+"/manage/:secret", s.withdrawFrame)
	get(v1+"/judgments/next", s.nextToJudge, judge)
	e.POST(v1+"/judgments", s.giveJudgments, judge)
	e.POST(v1+"/pictures", s.sendPicture, s.needPhotographer)
	get(v1+"/pictures", s.findPictures, s.needPhotographer)
	get(v1+"/pictures/:id", s.getPicture, s.needPhotographer)
	e.POST(v1+"/renders", s.requestRender, admin)
	get(v1+"/renders/:id", s.getRender, admin)
	get(v1+"/imports/:id", s.getImport, admin)
	e.DELETE(v1+"/imports/:id", s.cancelImport, admin)
	get(v1+"/subscribers", s.listSubscribers, admin)
	e.POST(v1+"/subscribers", s.addSubscriber, admin)
	get(v1+"/subscribers/:id", s.getSubscriber, admin)
	e.PUT(v1+"/subscribers/:id", s.changeSubscriber, admin)
	e.DELETE(v1+"/subscribers/:id", s.endSubscriber, admin)
	get(v1+"/subscribers/:id/changes", s.listChanges, admin)
	get(v1+"/subscribers/:id/rules", s.listRules, admin)
	e.POST(v1+"/subscribers/:id/rules", s.addRule, admin)
	get(v1+"/subscribers/:id/rules/:rule", s.getRule, admin)
	e.PUT(v1+"/subscribers/:id/rules/:rule", s.changeRule, admin)
	e.DELETE(v1+"/subscribers/:id/rules/:rule", s.removeRule, admin)
	get(v1+"/rules", s.searchRules, admin)
	get(v1+"/rules/fields", s.listFields, admin)
	get(v1+"/rules/findings", s.findRules, admin)
	e.POST(v1+"/rules/read", s.readRule, admin)
	e.POST(v1+"/rules/try", s.tryRule, admin)
	e.POST(v1+"/rules/rename", s.renameValue, admin)
	get(v1+"/rules/:rule/explain", s.explainRule, admin)
	get(v1+"/deliveries", s.listDeliveries, admin)
}

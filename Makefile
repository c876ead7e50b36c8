# make run   serve the site at http://localhost:8080, with everything it needs
# make test  run every test, with everything they need
# make fuzz  throw mangled files at what reads strangers' bytes, ten minutes a test
# make bench measure the figures and write docs/benchmarks.md

export CGO_ENABLED = 0
GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
PACKAGES ?= ./...
FUZZTIME ?= 10m

.PHONY: run build test fuzz bench check tools-run tools-test clean

run: tools-run build
	./bin/oneframe serve

build:
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/oneframe .

test: tools-run tools-test
	$(GO) test -timeout 40m $(PACKAGES)

# Every fuzz test, FUZZTIME each: 'make fuzz FUZZTIME=1h' is for nights.
fuzz:
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' app | while IFS=: read -r file func; do \
		echo "== $${func#func } in $$(dirname $$file), $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s -parallel 2 ./$$(dirname $$file) || exit 1; \
	done

bench: tools-run tools-test
	$(GO) run ./app/bench

# What CI asks beyond the tests.
check:
	@out=$$(gofmt -l main.go app examples templates static); [ -z "$$out" ] || { echo "gofmt would change: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) mod tidy -diff

# install: $(call install,COMMAND,PACKAGES) makes sure that the command is there; Debian keeps servers in /usr/sbin.
define install
@PATH="$$PATH:/usr/sbin" command -v $(1) >/dev/null || { \
	if command -v apt-get >/dev/null; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		echo "installing $(2) ($(1) is missing)"; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	else \
		echo "oneframe needs $(1). Please install it first: $(3)"; exit 1; \
	fi; }
endef

tools-run:
	$(call install,ffmpeg,ffmpeg,'brew install ffmpeg' on macOS, or https://ffmpeg.org/download.html)
	$(call install,ffprobe,ffmpeg,it comes with ffmpeg)

tools-test:
	$(call install,chromium,chromium fonts-dejavu-core,https://www.chromium.org)
	$(call install,exiftool,libimage-exiftool-perl,https://exiftool.org)
	$(call install,curl,curl,https://curl.se)
	$(call install,lftp,lftp,https://lftp.yar.ru)
	$(call install,sftp,openssh-client,https://www.openssh.com)
	$(call install,sshd,openssh-server,https://www.openssh.com)
	$(call install,vsftpd,vsftpd,https://security.appspot.com/vsftpd.html)

clean:
	rm -rf bin

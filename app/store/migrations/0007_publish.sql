-- +goose Up
-- Room: publish. One row per clip: the render that the hosts are to show.
CREATE TABLE publish_clip (
  clip      TEXT   NOT NULL PRIMARY KEY,
  render    TEXT   NOT NULL,
  hash      TEXT   NOT NULL CHECK (hash <> ''), -- SHA-256 of the file, in hex
  path      TEXT   NOT NULL,
  title     TEXT   NOT NULL,
  wanted_at BIGINT NOT NULL
);

-- One row per clip and host: the video there, and the upload under way.
CREATE TABLE publish_video (
  clip          TEXT    NOT NULL,
  host          TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('idle', 'sending', 'settling', 'paused')),
  remote        TEXT    NOT NULL DEFAULT '', -- the video's id at the host; '' before the first publication
  page          TEXT    NOT NULL DEFAULT '', -- its address for viewers
  hash          TEXT    NOT NULL DEFAULT '', -- what the host shows
  refused       TEXT    NOT NULL DEFAULT '', -- the file that the host couldn't use
  job_render    TEXT    NOT NULL DEFAULT '', -- the upload under way: what is sent
  job_hash      TEXT    NOT NULL DEFAULT '',
  job_path      TEXT    NOT NULL DEFAULT '',
  job_title     TEXT    NOT NULL DEFAULT '',
  job_bytes     BIGINT  NOT NULL DEFAULT 0,
  upload        TEXT    NOT NULL DEFAULT '', -- how far it has come, JSON
  waits         TEXT    NOT NULL DEFAULT '', -- what for, where the host is at work
  error         TEXT    NOT NULL DEFAULT '', -- the last
  error_at      BIGINT  NOT NULL DEFAULT 0,
  tries         INTEGER NOT NULL DEFAULT 0,  -- failed in a row
  begun_at      BIGINT  NOT NULL DEFAULT 0,  -- the last upload
  published_at  BIGINT  NOT NULL DEFAULT 0,
  next_at       BIGINT  NOT NULL DEFAULT 0,
  claim         TEXT    NOT NULL DEFAULT '', -- names who works on it
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (clip, host),
  CHECK (state IN ('idle', 'paused') OR job_hash <> '')
);
CREATE INDEX publish_video_due ON publish_video (host, state, next_at);

-- +goose Up
-- Room: clip. One row per file that is made of a clip's versions beside its renders: a
-- version joined again, the stills of a version (a poster and a moving preview, two files of
-- one name), the film of the clip's growth up to a version.
CREATE TABLE clip_print (
  id            TEXT    NOT NULL PRIMARY KEY,
  clip          TEXT    NOT NULL,
  kind          TEXT    NOT NULL CHECK (kind IN ('version', 'stills', 'growth')),
  version       INTEGER NOT NULL CHECK (version >= 1),
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'gone')),
  wanted_by     TEXT    NOT NULL DEFAULT '',
  file          TEXT    NOT NULL DEFAULT '', -- its name without extension; '' unless it is done
  hash          TEXT    NOT NULL DEFAULT '', -- SHA-256 of the file or files, in hex
  bytes         BIGINT  NOT NULL DEFAULT 0,
  shows         TEXT    NOT NULL DEFAULT '', -- of stills: the pictures in them, a JSON list of ids
  progress      DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress >= 0 AND progress <= 1),
  error         TEXT    NOT NULL DEFAULT '',
  tries         INTEGER NOT NULL DEFAULT 0,
  claim         TEXT    NOT NULL DEFAULT '', -- names who makes it
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  queued_at     BIGINT  NOT NULL,
  finished_at   BIGINT  NOT NULL DEFAULT 0,
  UNIQUE (clip, kind, version),
  CHECK ((state = 'done') = (file <> '')),
  CHECK (state <> 'done' OR hash <> '')
);
CREATE INDEX clip_print_open ON clip_print (state, queued_at) WHERE state IN ('queued', 'running');
CREATE INDEX clip_print_file ON clip_print (file) WHERE file <> '';

-- A clip's versions in order, each with the render that made it.
CREATE INDEX clip_render_version ON clip_render (clip, version, id);

-- +goose Up
-- Room: clip. One row per wish to render a clip, with what came of it.
CREATE TABLE clip_render (
  id            TEXT    NOT NULL PRIMARY KEY,
  clip          TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  wanted_by     TEXT    NOT NULL DEFAULT '',
  plan          TEXT    NOT NULL DEFAULT '', -- hash of the timeline
  fit           TEXT    NOT NULL DEFAULT '',
  version       INTEGER NOT NULL DEFAULT 0,  -- of the clip; 1 is its first file
  file          TEXT    NOT NULL DEFAULT '', -- its name without .mp4; '' once it is removed
  current       INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1)),
  hash          TEXT    NOT NULL DEFAULT '', -- SHA-256 of the file, in hex
  bytes         BIGINT  NOT NULL DEFAULT 0,
  frames        INTEGER NOT NULL DEFAULT 0,
  slots_filled  INTEGER NOT NULL DEFAULT 0,
  units_encoded INTEGER NOT NULL DEFAULT 0,
  units_reused  INTEGER NOT NULL DEFAULT 0,
  progress      DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress >= 0 AND progress <= 1),
  error         TEXT    NOT NULL DEFAULT '',
  tries         INTEGER NOT NULL DEFAULT 0,
  claim         TEXT    NOT NULL DEFAULT '', -- names who runs it
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  queued_at     BIGINT  NOT NULL,
  started_at    BIGINT  NOT NULL DEFAULT 0,
  finished_at   BIGINT  NOT NULL DEFAULT 0,
  CHECK (state = 'done' OR current = 0),
  CHECK (state <> 'done' OR hash <> '')
);
CREATE UNIQUE INDEX clip_render_queued ON clip_render (clip) WHERE state = 'queued';
CREATE UNIQUE INDEX clip_render_running ON clip_render (clip) WHERE state = 'running';
CREATE UNIQUE INDEX clip_render_current ON clip_render (clip) WHERE current = 1;
CREATE INDEX clip_render_recent ON clip_render (clip, id);
CREATE INDEX clip_render_file ON clip_render (file) WHERE file <> '';

-- Which picture a slot showed, from version since of the clip up to, but without, version
-- until (0: to this day): a row per change, so that any version's plan can be made again.
CREATE TABLE clip_choice (
  clip    TEXT    NOT NULL,
  number  INTEGER NOT NULL,
  picture TEXT    NOT NULL,
  large   TEXT    NOT NULL,
  since   INTEGER NOT NULL CHECK (since >= 1),
  until   INTEGER NOT NULL DEFAULT 0 CHECK (until = 0 OR until > since),
  PRIMARY KEY (clip, number, since)
);
CREATE UNIQUE INDEX clip_choice_standing ON clip_choice (clip, number) WHERE until = 0;
CREATE INDEX clip_choice_picture ON clip_choice (picture);
CREATE INDEX clip_choice_ended ON clip_choice (clip, until) WHERE until > 0;

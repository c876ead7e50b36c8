-- +goose Up
-- Room: source. One row per original video; its files lie in the library under its slug.
CREATE TABLE source_video (
  slug        TEXT    NOT NULL PRIMARY KEY,
  title       TEXT    NOT NULL,
  rate_num    BIGINT  NOT NULL CHECK (rate_num > 0),
  rate_den    BIGINT  NOT NULL CHECK (rate_den > 0),
  frames      INTEGER NOT NULL CHECK (frames > 0),
  width       INTEGER NOT NULL CHECK (width > 0),
  height      INTEGER NOT NULL CHECK (height > 0),
  hold        INTEGER NOT NULL CHECK (hold > 0),
  slots       INTEGER NOT NULL CHECK (slots > 0),
  sound       INTEGER NOT NULL CHECK (sound IN (0, 1)),
  created_at  BIGINT  NOT NULL,
  featured_at BIGINT  NOT NULL
);

-- One row per import, kept when it is over.
CREATE TABLE source_import (
  id          TEXT    NOT NULL PRIMARY KEY,
  slug        TEXT    NOT NULL,
  title       TEXT    NOT NULL,
  file        TEXT    NOT NULL,
  ranges      TEXT    NOT NULL,
  hold        INTEGER NOT NULL CHECK (hold > 0),
  uploaded    INTEGER NOT NULL CHECK (uploaded IN (0, 1)),
  state       TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed', 'cancelled')),
  progress    DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress >= 0 AND progress <= 1),
  cancel      INTEGER NOT NULL DEFAULT 0 CHECK (cancel IN (0, 1)),
  attempts    INTEGER NOT NULL DEFAULT 0,
  code        TEXT    NOT NULL DEFAULT '',
  error       TEXT    NOT NULL DEFAULT '',
  queued_at   BIGINT  NOT NULL,
  started_at  BIGINT  NOT NULL DEFAULT 0,
  finished_at BIGINT  NOT NULL DEFAULT 0
);
-- A slug is imported by one at a time.
CREATE UNIQUE INDEX source_import_slug ON source_import (slug) WHERE state IN ('queued', 'running');
CREATE INDEX source_import_state ON source_import (state, queued_at);

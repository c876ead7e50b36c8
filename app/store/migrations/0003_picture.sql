-- +goose Up
-- Room: picture. One row per picture received from any door; rows are never deleted.
CREATE TABLE picture (
  id            TEXT    NOT NULL PRIMARY KEY,
  origin        TEXT    NOT NULL CHECK (origin IN ('webcam', 'upload', 'api', 'ftp', 'folder')),
  clip          TEXT    NOT NULL DEFAULT '',
  number        INTEGER NOT NULL DEFAULT 0,
  account       TEXT    NOT NULL DEFAULT '',
  name          TEXT    NOT NULL DEFAULT '',
  consent       TEXT    NOT NULL DEFAULT '',
  secret_hash   TEXT    NOT NULL UNIQUE,
  state         TEXT    NOT NULL CHECK (state IN ('received', 'waiting', 'accepted', 'rejected', 'undecided', 'withdrawn', 'failed')),
  reason        TEXT    NOT NULL DEFAULT '',
  score         DOUBLE PRECISION NOT NULL DEFAULT 0,
  judgments     INTEGER NOT NULL DEFAULT 0,
  original      TEXT    NOT NULL,
  type          TEXT    NOT NULL,
  width         INTEGER NOT NULL,
  height        INTEGER NOT NULL,
  large         TEXT    NOT NULL DEFAULT '',
  medium        TEXT    NOT NULL DEFAULT '',
  thumb         TEXT    NOT NULL DEFAULT '',
  large_width   INTEGER NOT NULL DEFAULT 0,
  large_height  INTEGER NOT NULL DEFAULT 0,
  error         TEXT    NOT NULL DEFAULT '',
  attempts      INTEGER NOT NULL DEFAULT 0,
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  received_at   BIGINT  NOT NULL,
  ready_at      BIGINT  NOT NULL DEFAULT 0,
  settled_at    BIGINT  NOT NULL DEFAULT 0,
  CHECK (state IN ('received', 'failed', 'withdrawn') OR large <> '')
);
CREATE INDEX picture_scaling ON picture (claimed_until) WHERE state = 'received';
CREATE INDEX picture_recent ON picture (clip, state, id);
CREATE INDEX picture_states ON picture (state, id);
CREATE INDEX picture_best ON picture (clip, state, score, id);
CREATE INDEX picture_slot ON picture (clip, number, id);
CREATE INDEX picture_original ON picture (original);
CREATE INDEX picture_large ON picture (large) WHERE large <> '';
CREATE INDEX picture_medium ON picture (medium) WHERE medium <> '';
CREATE INDEX picture_thumb ON picture (thumb) WHERE thumb <> '';

-- What happened to pictures, in order: the log that followers read on from their cursor.
CREATE TABLE picture_event (
  seq     BIGINT  NOT NULL PRIMARY KEY,
  picture TEXT    NOT NULL REFERENCES picture (id),
  kind    TEXT    NOT NULL CHECK (kind IN ('received', 'ready', 'accepted', 'rejected', 'undecided', 'reopened', 'withdrawn', 'failed')),
  actor   TEXT    NOT NULL DEFAULT '',
  detail  TEXT    NOT NULL DEFAULT '',
  at      BIGINT  NOT NULL
);
CREATE INDEX picture_event_picture ON picture_event (picture, seq);

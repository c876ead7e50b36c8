-- +goose Up
-- Room: picture. Followers' places in the log, what a picture's metadata says, and the
-- event of a picture that was replaced by a corrected version.
CREATE TABLE picture_cursor (
  name TEXT   NOT NULL PRIMARY KEY,
  seq  BIGINT NOT NULL
);

CREATE TABLE picture_metadata (
  picture TEXT NOT NULL PRIMARY KEY REFERENCES picture (id),
  record  TEXT NOT NULL
);

CREATE TABLE picture_event_new (
  seq     BIGINT  NOT NULL PRIMARY KEY,
  picture TEXT    NOT NULL REFERENCES picture (id),
  kind    TEXT    NOT NULL CHECK (kind IN ('received', 'ready', 'accepted', 'rejected', 'undecided', 'reopened', 'withdrawn', 'failed', 'updated')),
  actor   TEXT    NOT NULL DEFAULT '',
  detail  TEXT    NOT NULL DEFAULT '',
  at      BIGINT  NOT NULL
);
INSERT INTO picture_event_new SELECT seq, picture, kind, actor, detail, at FROM picture_event;
DROP TABLE picture_event;
ALTER TABLE picture_event_new RENAME TO picture_event;
CREATE INDEX picture_event_picture ON picture_event (picture, seq);

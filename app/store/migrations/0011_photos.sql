-- +goose Up
-- Room: picture. Photographs fill no slot; they have versions, look-alikes and a search.
ALTER TABLE picture ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
ALTER TABLE picture ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE picture ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE picture ADD COLUMN approver TEXT NOT NULL DEFAULT '';
ALTER TABLE picture ADD COLUMN approval TEXT NOT NULL DEFAULT '';
CREATE INDEX picture_photos ON picture (state, id) WHERE number = 0;
CREATE INDEX picture_frames ON picture (state, id) WHERE number > 0;

-- One row per version of a photograph. What a version looked like is written into its
-- row when the next one replaces it; the newest one's is in the table picture.
CREATE TABLE picture_version (
  picture      TEXT    NOT NULL REFERENCES picture (id),
  number       INTEGER NOT NULL,
  account      TEXT    NOT NULL,
  file_name    TEXT    NOT NULL,
  original     TEXT    NOT NULL,
  type         TEXT    NOT NULL,
  width        INTEGER NOT NULL,
  height       INTEGER NOT NULL,
  bytes        BIGINT  NOT NULL,
  received_at  BIGINT  NOT NULL,
  state        TEXT    NOT NULL DEFAULT '',
  reason       TEXT    NOT NULL DEFAULT '',
  settled_at   BIGINT  NOT NULL DEFAULT 0,
  large        TEXT    NOT NULL DEFAULT '',
  medium       TEXT    NOT NULL DEFAULT '',
  thumb        TEXT    NOT NULL DEFAULT '',
  large_width  INTEGER NOT NULL DEFAULT 0,
  large_height INTEGER NOT NULL DEFAULT 0,
  record       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (picture, number)
);
CREATE INDEX picture_version_bytes ON picture_version (account, original);
CREATE INDEX picture_version_file ON picture_version (account, file_name, received_at);
CREATE INDEX picture_version_original ON picture_version (original);
CREATE INDEX picture_version_large ON picture_version (large) WHERE large <> '';
CREATE INDEX picture_version_medium ON picture_version (medium) WHERE medium <> '';
CREATE INDEX picture_version_thumb ON picture_version (thumb) WHERE thumb <> '';

-- How photographs look: a perceptual hash of 64 bits, once whole and once in each of its
-- four quarters, by which others that nearly look like it are found.
CREATE TABLE picture_look (
  quarter INTEGER NOT NULL,
  bits    INTEGER NOT NULL,
  picture TEXT    NOT NULL REFERENCES picture (id),
  look    TEXT    NOT NULL,
  PRIMARY KEY (quarter, bits, picture)
);
CREATE INDEX picture_look_of ON picture_look (picture);
CREATE TABLE picture_alike (
  picture  TEXT    NOT NULL PRIMARY KEY REFERENCES picture (id),
  first    TEXT    NOT NULL REFERENCES picture (id),
  distance INTEGER NOT NULL
);
CREATE INDEX picture_alike_first ON picture_alike (first, picture);

-- The search: every picture has a number that grows, in the order of arrival, and a row
-- of words under it. The words are SQLite's own FTS5 and are only named in
-- app/picture/words.go, which says how PostgreSQL does the same.
CREATE TABLE picture_number (
  n           BIGINT NOT NULL PRIMARY KEY,
  picture     TEXT   NOT NULL UNIQUE REFERENCES picture (id),
  received_at BIGINT NOT NULL,
  taken_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX picture_number_received ON picture_number (received_at, n);
CREATE INDEX picture_number_taken ON picture_number (taken_at, n) WHERE taken_at <> 0;
CREATE VIRTUAL TABLE picture_words USING fts5 (
  title, headline, caption, keywords, people, category, event, byline, credit, source, copyright,
  city, state, country, other, file, facts,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO picture_number (n, picture, received_at) SELECT ROW_NUMBER() OVER (ORDER BY id), id, received_at FROM picture;
INSERT INTO picture_words (rowid, byline, facts)
  SELECT n.n, p.name, 'every1picture kind1frames state1' || p.state || ' origin1' || p.origin || CASE p.account WHEN '' THEN '' ELSE ' account1' || REPLACE(p.account, '-', '') END
  FROM picture p JOIN picture_number n ON n.picture = p.id;

-- Room: ingest. What photographs must be, which account's are held against which
-- profile, and those that were refused, kept for a while with the reasons.
CREATE TABLE ingest_profile (
  id         TEXT   NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL,
  folded     TEXT   NOT NULL UNIQUE,
  rules      TEXT   NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE ingest_account (
  account TEXT    NOT NULL PRIMARY KEY,
  profile TEXT    NOT NULL,
  trusted INTEGER NOT NULL CHECK (trusted IN (0, 1))
);
CREATE TABLE ingest_refused (
  id          TEXT    NOT NULL PRIMARY KEY,
  account     TEXT    NOT NULL,
  origin      TEXT    NOT NULL,
  file_name   TEXT    NOT NULL,
  original    TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  width       INTEGER NOT NULL,
  height      INTEGER NOT NULL,
  bytes       BIGINT  NOT NULL,
  record      TEXT    NOT NULL,
  reasons     TEXT    NOT NULL,
  profile     TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('held', 'accepted', 'refused')),
  picture     TEXT    NOT NULL DEFAULT '',
  received_at BIGINT  NOT NULL,
  settled_at  BIGINT  NOT NULL DEFAULT 0,
  settled_by  TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX ingest_refused_state ON ingest_refused (state, id);
CREATE INDEX ingest_refused_bytes ON ingest_refused (account, original);
CREATE INDEX ingest_refused_original ON ingest_refused (original) WHERE state = 'held';
CREATE INDEX ingest_refused_age ON ingest_refused (received_at);

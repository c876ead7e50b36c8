-- +goose Up
-- Room: deliver. Where a subscriber's pictures go, how they are made, and how fast they
-- may. A subscriber without a row has nowhere for them to go yet: they wait.
CREATE TABLE deliver_destination (
  subscriber TEXT    NOT NULL PRIMARY KEY,
  url        TEXT    NOT NULL, -- without a password
  secret     TEXT    NOT NULL DEFAULT '', -- sealed: a password, a private key, a signing key
  host_key   TEXT    NOT NULL DEFAULT '', -- SFTP: pinned at first use
  style      TEXT    NOT NULL DEFAULT 'multipart' CHECK (style IN ('multipart', 'link')), -- HTTP
  may_delete INTEGER NOT NULL DEFAULT 1 CHECK (may_delete IN (0, 1)), -- a recalled picture, over there
  made       TEXT    NOT NULL DEFAULT '{}', -- JSON: how its pictures are made; see order.Spec
  limits     TEXT    NOT NULL DEFAULT '{}', -- JSON: see Limits
  state      TEXT    NOT NULL CHECK (state IN ('open', 'failed')),
  reason     TEXT    NOT NULL DEFAULT '', -- why nothing is sent any more, where it failed
  failed_at  BIGINT  NOT NULL DEFAULT 0,
  changed_at BIGINT  NOT NULL
);

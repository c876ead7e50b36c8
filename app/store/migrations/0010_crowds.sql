-- +goose Up
-- Room: moderation. Outside crowds. Secrets are sealed; see the package seal.
CREATE TABLE moderation_crowd (
  id           TEXT    NOT NULL PRIMARY KEY,
  name         TEXT    NOT NULL,
  kind         TEXT    NOT NULL CHECK (kind IN ('http-push', 'http-poll')),
  url          TEXT    NOT NULL, -- where jobs are posted
  poll_url     TEXT    NOT NULL DEFAULT '', -- where judgments are collected; http-poll
  secret       TEXT    NOT NULL,
  old_secret   TEXT    NOT NULL DEFAULT '', -- the one before, valid until old_until
  old_until    BIGINT  NOT NULL DEFAULT 0,
  form_key     TEXT    NOT NULL DEFAULT '', -- of CrowdFlower-shaped webhooks; empty: none are taken
  state        TEXT    NOT NULL CHECK (state IN ('on', 'off', 'gone', 'removed')),
  trouble      TEXT    NOT NULL DEFAULT '', -- the last one, in words; empty after a success
  failures     INTEGER NOT NULL DEFAULT 0, -- in a row
  paused_until BIGINT  NOT NULL DEFAULT 0,
  since        TEXT    NOT NULL DEFAULT '', -- http-poll: how far its judgments are collected
  poll_at      BIGINT  NOT NULL DEFAULT 0, -- http-poll: when they are next; 0: when the clock says so
  taken        BIGINT  NOT NULL DEFAULT 0, -- judgments
  refused      BIGINT  NOT NULL DEFAULT 0, -- judgments
  refusal      TEXT    NOT NULL DEFAULT '', -- the last code
  heard_at     BIGINT  NOT NULL DEFAULT 0,
  created_at   BIGINT  NOT NULL,
  CHECK (kind <> 'http-poll' OR poll_url <> '')
);

-- What is to be posted to a crowd, and what was.
CREATE TABLE moderation_crowd_message (
  id            TEXT    NOT NULL PRIMARY KEY, -- the message's, the same over all attempts
  crowd         TEXT    NOT NULL REFERENCES moderation_crowd (id),
  kind          TEXT    NOT NULL CHECK (kind IN ('frame.ready', 'frame.closed')),
  frame         TEXT    NOT NULL,
  event         BIGINT  NOT NULL, -- that it tells of; 0: none, it is gold
  state         TEXT    NOT NULL CHECK (state IN ('due', 'sent', 'dead')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  next_at       BIGINT  NOT NULL,
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  error         TEXT    NOT NULL DEFAULT '',
  created_at    BIGINT  NOT NULL,
  done_at       BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX moderation_crowd_message_event ON moderation_crowd_message (crowd, event) WHERE event > 0;
CREATE INDEX moderation_crowd_message_frame ON moderation_crowd_message (crowd, frame);
CREATE INDEX moderation_crowd_message_due ON moderation_crowd_message (next_at) WHERE state = 'due';
CREATE INDEX moderation_crowd_message_done ON moderation_crowd_message (done_at) WHERE state <> 'due';

-- The ids of messages that crowds sent, so that each is taken once.
CREATE TABLE moderation_crowd_heard (
  crowd TEXT   NOT NULL REFERENCES moderation_crowd (id),
  id    TEXT   NOT NULL,
  at    BIGINT NOT NULL,
  PRIMARY KEY (crowd, id)
);
CREATE INDEX moderation_crowd_heard_at ON moderation_crowd_heard (at);

-- +goose Up
-- Room: deliver. One row per picture and subscriber, the queue of each subscriber; a
-- repeat on demand is a row of its own.
CREATE TABLE deliver_delivery (
  id            TEXT    NOT NULL PRIMARY KEY,
  picture       TEXT    NOT NULL,
  subscriber    TEXT    NOT NULL,
  repeat        INTEGER NOT NULL DEFAULT 0, -- 0 by rule; from 1 on demand
  kind          TEXT    NOT NULL CHECK (kind IN ('first', 'update', 'demand')),
  version       INTEGER NOT NULL, -- of the picture
  rules         TEXT    NOT NULL DEFAULT '[]', -- JSON: the ids of those that matched
  priority      INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 1000),
  state         TEXT    NOT NULL CHECK (state IN ('waiting', 'claimed', 'sent', 'due', 'dead', 'cancelled', 'recalled')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  next_at       BIGINT  NOT NULL DEFAULT 0, -- when one that is due again is tried
  error         TEXT    NOT NULL DEFAULT '',
  queued_at     BIGINT  NOT NULL,
  sent_at       BIGINT  NOT NULL DEFAULT 0,
  UNIQUE (picture, subscriber, repeat),
  CHECK (state <> 'claimed' OR claimed_until > 0),
  CHECK (state <> 'due' OR next_at > 0),
  CHECK (state <> 'sent' OR sent_at > 0)
);

-- Priority first, then age: what a sender claims next.
CREATE INDEX deliver_ready ON deliver_delivery (subscriber, priority DESC, queued_at, id) WHERE state = 'waiting';
CREATE INDEX deliver_due ON deliver_delivery (state, next_at) WHERE state = 'due';
CREATE INDEX deliver_claims ON deliver_delivery (state, claimed_until) WHERE state = 'claimed';
CREATE INDEX deliver_list ON deliver_delivery (subscriber, state, id);
CREATE INDEX deliver_rare ON deliver_delivery (state, id) WHERE state IN ('dead', 'cancelled', 'recalled');

-- A message that takes a delivered picture back, in a queue of its own: it goes before
-- everything else.
CREATE TABLE deliver_recall (
  id            TEXT    NOT NULL PRIMARY KEY,
  delivery      TEXT    NOT NULL REFERENCES deliver_delivery (id),
  picture       TEXT    NOT NULL,
  subscriber    TEXT    NOT NULL,
  reason        TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('waiting', 'claimed', 'done', 'due', 'dead', 'cancelled')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  claimed_until BIGINT  NOT NULL DEFAULT 0,
  next_at       BIGINT  NOT NULL DEFAULT 0,
  error         TEXT    NOT NULL DEFAULT '',
  asked_at      BIGINT  NOT NULL,
  done_at       BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX deliver_recall_ready ON deliver_recall (subscriber, id) WHERE state = 'waiting';
CREATE INDEX deliver_recall_delivery ON deliver_recall (delivery);

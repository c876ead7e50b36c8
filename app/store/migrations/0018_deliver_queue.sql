-- +goose Up
-- Room: deliver. What the senders' queues need beside the rows themselves.
ALTER TABLE deliver_delivery ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0 CHECK (ahead IN (0, 1)); -- on demand: before all others
ALTER TABLE deliver_delivery ADD COLUMN asked_by TEXT NOT NULL DEFAULT ''; -- on demand: who did
ALTER TABLE deliver_delivery ADD COLUMN release_at BIGINT NOT NULL DEFAULT 0; -- the embargo that holds it, or held it; it is due then
ALTER TABLE deliver_delivery ADD COLUMN failed TEXT NOT NULL DEFAULT '' CHECK (failed IN ('', 'down', 'busy', 'refused', 'hopeless', 'ours')); -- the last try
ALTER TABLE deliver_delivery ADD COLUMN remote TEXT NOT NULL DEFAULT ''; -- where it lies over there, and its sidecar
ALTER TABLE deliver_delivery ADD COLUMN sidecar TEXT NOT NULL DEFAULT '';
ALTER TABLE deliver_delivery ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0; -- that were sent
ALTER TABLE deliver_delivery ADD COLUMN done_at BIGINT NOT NULL DEFAULT 0; -- since when it is sent, dead, cancelled or recalled
UPDATE deliver_delivery SET ahead = 1 WHERE kind = 'demand';
UPDATE deliver_delivery SET done_at = CASE WHEN sent_at > 0 THEN sent_at ELSE queued_at END WHERE state IN ('sent', 'dead', 'cancelled', 'recalled');

-- On demand first, then priority, then age: what is claimed next. What is not ready (an
-- embargo, a try that comes later) isn't in it.
DROP INDEX deliver_ready;
CREATE INDEX deliver_ready ON deliver_delivery (subscriber, ahead DESC, priority DESC, queued_at, id) WHERE state = 'waiting';
CREATE INDEX deliver_done ON deliver_delivery (done_at) WHERE state IN ('sent', 'dead', 'cancelled', 'recalled');

ALTER TABLE deliver_recall ADD COLUMN answer TEXT NOT NULL DEFAULT ''; -- what could be done, as the sender says it
CREATE INDEX deliver_recall_due ON deliver_recall (state, next_at) WHERE state = 'due';
CREATE INDEX deliver_recall_claims ON deliver_recall (state, claimed_until) WHERE state = 'claimed';

-- Each try to send a delivery or a recall.
CREATE TABLE deliver_try (
  delivery TEXT    NOT NULL,
  at       BIGINT  NOT NULL, -- when it ended
  what     TEXT    NOT NULL CHECK (what IN ('picture', 'recall')),
  took_ms  BIGINT  NOT NULL,
  bytes    BIGINT  NOT NULL DEFAULT 0,
  kind     TEXT    NOT NULL CHECK (kind IN ('done', 'down', 'busy', 'refused', 'hopeless', 'ours')),
  message  TEXT    NOT NULL DEFAULT '', -- why it failed
  answer   TEXT    NOT NULL DEFAULT ''  -- what the server said last
);
CREATE INDEX deliver_try_delivery ON deliver_try (delivery, at);

-- Running totals, which outlive the rows: how often something was counted for a subscriber
-- on a day and in an hour. The days are those of the zone of the subscriber's limits, as
-- 2026-11-22; the hours are unix milliseconds of their begin, UTC, and are kept for a week.
-- Counted are 'sent', 'bytes', 'recalled', a failed try by its kind ('down' …), and of the
-- time from the picture's arrival until it was sent the buckets 'latency 00' …: see
-- pace.Histogram.
CREATE TABLE deliver_day (
  subscriber TEXT   NOT NULL,
  day        TEXT   NOT NULL,
  what       TEXT   NOT NULL,
  n          BIGINT NOT NULL,
  PRIMARY KEY (subscriber, day, what)
);
CREATE TABLE deliver_hour (
  subscriber TEXT   NOT NULL,
  hour       BIGINT NOT NULL,
  what       TEXT   NOT NULL,
  n          BIGINT NOT NULL,
  PRIMARY KEY (subscriber, hour, what)
);

CREATE INDEX deliver_day_day ON deliver_day (day);
CREATE INDEX deliver_hour_hour ON deliver_hour (hour);

-- Who gets nothing sent because the subscriber is paused or has ended. A row stays, with
-- paused = 0, when that is over; changed_at tells the scheduler, also of one that was
-- opened again after it had failed.
CREATE TABLE deliver_pause (
  subscriber TEXT    NOT NULL PRIMARY KEY,
  paused     INTEGER NOT NULL CHECK (paused IN (0, 1)),
  changed_at BIGINT  NOT NULL
);
CREATE INDEX deliver_pause_changed ON deliver_pause (changed_at);
CREATE INDEX deliver_destination_changed ON deliver_destination (changed_at);
INSERT INTO deliver_pause (subscriber, paused, changed_at) SELECT id, 1, changed_at FROM feed_subscriber WHERE state <> 'active';

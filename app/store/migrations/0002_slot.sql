-- +goose Up
-- Room: slot. One row per place in a clip's timeline that a picture can fill.
CREATE TABLE slot (
  clip        TEXT    NOT NULL,
  number      INTEGER NOT NULL CHECK (number >= 1),
  first_frame INTEGER NOT NULL CHECK (first_frame >= 0),
  hold        INTEGER NOT NULL CHECK (hold >= 1),
  start_us    BIGINT  NOT NULL CHECK (start_us >= 0),
  filled      INTEGER NOT NULL DEFAULT 0 CHECK (filled >= 0),
  leases      INTEGER NOT NULL DEFAULT 0 CHECK (leases >= 0),
  PRIMARY KEY (clip, number)
);
-- The queue's order: unleased first, then the emptiest, then clip order.
CREATE INDEX slot_queue ON slot (clip, leases, filled, number);

-- One row per lease, kept a while after its end so that a late comer learns why.
CREATE TABLE slot_lease (
  token_hash TEXT    NOT NULL PRIMARY KEY,
  clip       TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('held', 'filled', 'released', 'expired')),
  taken_at   BIGINT  NOT NULL,
  expires_at BIGINT  NOT NULL,
  FOREIGN KEY (clip, number) REFERENCES slot (clip, number) ON DELETE CASCADE
);
CREATE INDEX slot_lease_due ON slot_lease (expires_at) WHERE state = 'held';
CREATE INDEX slot_lease_slot ON slot_lease (clip, number);

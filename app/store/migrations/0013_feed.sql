-- +goose Up
-- Room: feed. Subscribers, and their rules, normalised: a rule has clauses, a clause
-- terms, a term values.
CREATE TABLE feed_subscriber (
  id         TEXT   NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL UNIQUE,
  contact    TEXT   NOT NULL DEFAULT '',
  state      TEXT   NOT NULL CHECK (state IN ('active', 'paused', 'ended')),
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);

CREATE TABLE feed_rule (
  id         TEXT    NOT NULL PRIMARY KEY,
  subscriber TEXT    NOT NULL REFERENCES feed_subscriber (id),
  name       TEXT    NOT NULL,
  text       TEXT    NOT NULL, -- as it was written
  active     INTEGER NOT NULL CHECK (active IN (0, 1)),
  priority   INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100), -- 0 leaves it to the picture
  problem    TEXT    NOT NULL DEFAULT '', -- why the engine set it aside
  created_at BIGINT  NOT NULL,
  changed_at BIGINT  NOT NULL
);
CREATE INDEX feed_rule_subscriber ON feed_rule (subscriber, id);
CREATE INDEX feed_rule_problem ON feed_rule (id) WHERE problem <> '';

CREATE TABLE feed_clause (
  rule   TEXT    NOT NULL REFERENCES feed_rule (id) ON DELETE CASCADE,
  clause INTEGER NOT NULL,
  PRIMARY KEY (rule, clause)
);

CREATE TABLE feed_term (
  rule    TEXT    NOT NULL,
  clause  INTEGER NOT NULL,
  term    INTEGER NOT NULL,
  field   TEXT    NOT NULL,
  op      TEXT    NOT NULL,
  negated INTEGER NOT NULL CHECK (negated IN (0, 1)),
  PRIMARY KEY (rule, clause, term),
  FOREIGN KEY (rule, clause) REFERENCES feed_clause (rule, clause) ON DELETE CASCADE
);
CREATE INDEX feed_term_field ON feed_term (field, op, rule);

CREATE TABLE feed_value (
  rule     TEXT    NOT NULL,
  clause   INTEGER NOT NULL,
  term     INTEGER NOT NULL,
  position INTEGER NOT NULL,
  value    TEXT    NOT NULL, -- as it was written
  folded   TEXT    NOT NULL, -- as it is compared
  PRIMARY KEY (rule, clause, term, position),
  FOREIGN KEY (rule, clause, term) REFERENCES feed_term (rule, clause, term) ON DELETE CASCADE
);
CREATE INDEX feed_value_folded ON feed_value (folded, rule);

-- How often a rule has matched, and when last.
CREATE TABLE feed_match (
  rule    TEXT   NOT NULL PRIMARY KEY REFERENCES feed_rule (id) ON DELETE CASCADE,
  matches BIGINT NOT NULL,
  picture TEXT   NOT NULL, -- the last one
  at      BIGINT NOT NULL
);

-- Every change of a subscriber or a rule: who, when, and how it was before and after.
-- The engine follows it, so that no rule is matched as it was before.
CREATE TABLE feed_change (
  seq        BIGINT NOT NULL PRIMARY KEY,
  kind       TEXT   NOT NULL CHECK (kind IN ('subscriber', 'rule')),
  subject    TEXT   NOT NULL,
  subscriber TEXT   NOT NULL,
  action     TEXT   NOT NULL CHECK (action IN ('added', 'changed', 'removed')),
  actor      TEXT   NOT NULL,
  was        TEXT   NOT NULL DEFAULT '', -- JSON
  now        TEXT   NOT NULL DEFAULT '', -- JSON
  at         BIGINT NOT NULL
);
CREATE INDEX feed_change_subject ON feed_change (subject, seq);
CREATE INDEX feed_change_subscriber ON feed_change (subscriber, seq);

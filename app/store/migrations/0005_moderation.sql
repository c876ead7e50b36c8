-- +goose Up
-- Room: moderation. One row per frame that anybody has judged or settled.
CREATE TABLE moderation_frame (
    frame   TEXT    NOT NULL PRIMARY KEY,
    owner   TEXT    NOT NULL, -- the account that sent it, or empty; it may not judge it
    given   INTEGER NOT NULL CHECK (given >= 0), -- judgments
    waiting INTEGER NOT NULL CHECK (waiting IN (0, 1)) -- for more of them
);
CREATE INDEX moderation_frame_begun ON moderation_frame (given DESC, frame) WHERE waiting = 1;

CREATE TABLE moderation_judgment (
    frame    TEXT    NOT NULL,
    judge    TEXT    NOT NULL,
    nudity   INTEGER NOT NULL CHECK (nudity IN (0, 1)),
    trying   INTEGER NOT NULL CHECK (trying IN (0, 1)),
    likeness INTEGER NOT NULL CHECK (likeness BETWEEN 0 AND 5), -- 0: not asked, as there was nothing to compare
    at       BIGINT  NOT NULL,
    PRIMARY KEY (frame, judge)
);
CREATE INDEX moderation_judgment_at ON moderation_judgment (at);

-- Who decided what, when: the crowd, or a moderator; with how the judgments stood then.
CREATE TABLE moderation_decision (
    seq       BIGINT  NOT NULL PRIMARY KEY,
    frame     TEXT    NOT NULL,
    actor     TEXT    NOT NULL, -- "crowd", or the moderator
    verdict   TEXT    NOT NULL CHECK (verdict IN ('accepted', 'rejected', 'undecided')),
    reason    TEXT    NOT NULL,
    score     DOUBLE PRECISION NOT NULL,
    judgments INTEGER NOT NULL,
    nudity    INTEGER NOT NULL,
    no_pose   INTEGER NOT NULL,
    fine      INTEGER NOT NULL,
    at        BIGINT  NOT NULL,
    undone_at BIGINT  NOT NULL DEFAULT 0,
    undone_by TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX moderation_decision_frame ON moderation_decision (frame, seq);

-- What lies open before which judge, so that others get something else meanwhile.
CREATE TABLE moderation_open (
    frame TEXT   NOT NULL,
    judge TEXT   NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (frame, judge)
);
CREATE INDEX moderation_open_judge ON moderation_open (judge);
CREATE INDEX moderation_open_until ON moderation_open (until);

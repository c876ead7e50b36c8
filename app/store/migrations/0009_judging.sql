-- +goose Up
-- Room: moderation. What lies open before whom is kept in memory from now on, and so is
-- the queue, which is made again of the register and the judgments.
DROP TABLE moderation_open;
DROP INDEX moderation_frame_begun;
ALTER TABLE moderation_frame DROP COLUMN owner;
ALTER TABLE moderation_frame DROP COLUMN waiting;
ALTER TABLE moderation_frame ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0; -- judgments, at least; 0 before the first
ALTER TABLE moderation_frame ADD COLUMN confidence DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE moderation_frame ADD COLUMN blurred INTEGER NOT NULL DEFAULT 0 CHECK (blurred IN (0, 1));
ALTER TABLE moderation_frame ADD COLUMN verdict TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'accepted', 'rejected', 'undecided')); -- in force
ALTER TABLE moderation_frame ADD COLUMN crowd INTEGER NOT NULL DEFAULT 0 CHECK (crowd IN (0, 1)); -- the verdict is the crowd's
CREATE INDEX moderation_frame_verdict ON moderation_frame (verdict, crowd);
CREATE INDEX moderation_judgment_judge ON moderation_judgment (judge, frame);

-- One row per judge, made by the first judgment or the link that was opened.
CREATE TABLE moderation_judge (
    judge         TEXT    NOT NULL PRIMARY KEY,
    link          TEXT    NOT NULL DEFAULT '', -- id of the link that let a volunteer in; '' for others
    judgments     INTEGER NOT NULL DEFAULT 0,  -- gold answers not counted
    likes         INTEGER NOT NULL DEFAULT 0,  -- judgments that said a likeness of a fine frame
    likeness      INTEGER NOT NULL DEFAULT 0,  -- their sum
    gold_seen     INTEGER NOT NULL DEFAULT 0,
    gold_right    INTEGER NOT NULL DEFAULT 0,
    timed         INTEGER NOT NULL DEFAULT 0,  -- answers of pages whose time is known
    spent         BIGINT  NOT NULL DEFAULT 0,  -- on them, in ms
    estimate      DOUBLE PRECISION NOT NULL DEFAULT 0, -- of the nightly re-estimate; 0 before the first
    estimated_at  BIGINT  NOT NULL DEFAULT 0,
    retally       INTEGER NOT NULL DEFAULT 0 CHECK (retally IN (0, 1)), -- their frames are to be tallied anew
    retally_after TEXT    NOT NULL DEFAULT '', -- up to this frame it is done
    first_at      BIGINT  NOT NULL,
    last_at       BIGINT  NOT NULL
);
CREATE INDEX moderation_judge_retally ON moderation_judge (judge) WHERE retally = 1;

-- One row: how alike frames are found on the whole.
CREATE TABLE moderation_site (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    likes    BIGINT  NOT NULL,
    likeness BIGINT  NOT NULL
);
INSERT INTO moderation_judge (judge, judgments, likes, likeness, first_at, last_at)
    SELECT judge, COUNT(*), SUM(CASE WHEN nudity = 0 AND trying = 1 THEN 1 ELSE 0 END),
        SUM(CASE WHEN nudity = 0 AND trying = 1 THEN likeness ELSE 0 END), MIN(at), MAX(at)
    FROM moderation_judgment GROUP BY judge;
INSERT INTO moderation_site (id, likes, likeness)
    SELECT 1, COALESCE(SUM(likes), 0), COALESCE(SUM(likeness), 0) FROM moderation_judge;
UPDATE moderation_frame SET
    verdict = COALESCE((SELECT d.verdict FROM moderation_decision d WHERE d.frame = moderation_frame.frame AND d.undone_at = 0 ORDER BY d.seq DESC LIMIT 1), ''),
    crowd = COALESCE((SELECT CASE WHEN d.actor = 'crowd' THEN 1 ELSE 0 END FROM moderation_decision d WHERE d.frame = moderation_frame.frame AND d.undone_at = 0 ORDER BY d.seq DESC LIMIT 1), 0);

-- Links that let volunteers judge without an account.
CREATE TABLE moderation_link (
    id         TEXT    NOT NULL PRIMARY KEY,
    digest     TEXT    NOT NULL UNIQUE, -- SHA-256 of the secret, in hex
    name       TEXT    NOT NULL,
    judges     INTEGER NOT NULL CHECK (judges >= 0),    -- at most so many; 0: as many as come
    judgments  INTEGER NOT NULL CHECK (judgments >= 0), -- at most so many; 0: no end
    ends_at    BIGINT  NOT NULL, -- 0: never
    opened     INTEGER NOT NULL DEFAULT 0, -- by so many volunteers
    given      INTEGER NOT NULL DEFAULT 0, -- judgments by them
    actor      TEXT    NOT NULL,
    made_at    BIGINT  NOT NULL,
    revoked_at BIGINT  NOT NULL DEFAULT 0
);

-- Two judges that are the same person: an account, and the browser that it was used in.
-- Each pair stands twice, once in each order.
CREATE TABLE moderation_alias (
    judge TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (judge, other)
);

-- Which volunteer sent a frame, where it was sent without an account.
CREATE TABLE moderation_sender (
    frame  TEXT NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL
);

-- Frames whose right answer is known.
CREATE TABLE moderation_gold (
    frame      TEXT    NOT NULL PRIMARY KEY,
    nudity     INTEGER NOT NULL CHECK (nudity IN (0, 1)),
    trying     INTEGER NOT NULL CHECK (trying IN (0, 1)),
    likeness   INTEGER NOT NULL CHECK (likeness BETWEEN 0 AND 5), -- 0: any
    reason     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    retired_at BIGINT  NOT NULL DEFAULT 0
);

-- What judges answered about gold.
CREATE TABLE moderation_answer (
    frame    TEXT    NOT NULL,
    judge    TEXT    NOT NULL,
    nudity   INTEGER NOT NULL CHECK (nudity IN (0, 1)),
    trying   INTEGER NOT NULL CHECK (trying IN (0, 1)),
    likeness INTEGER NOT NULL CHECK (likeness BETWEEN 0 AND 5),
    good     INTEGER NOT NULL CHECK (good IN (0, 1)), -- it was right
    at       BIGINT  NOT NULL,
    PRIMARY KEY (frame, judge)
);
CREATE INDEX moderation_answer_judge ON moderation_answer (judge, frame);

-- Who did what, beside judging.
CREATE TABLE moderation_act (
    seq     BIGINT NOT NULL PRIMARY KEY,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX moderation_act_subject ON moderation_act (subject);

-- How much waited, every quarter of an hour.
CREATE TABLE moderation_depth (
    at        BIGINT  NOT NULL PRIMARY KEY,
    waiting   INTEGER NOT NULL,
    undecided INTEGER NOT NULL
);

-- Verdicts of the crowd that the last re-estimate would not have given.
CREATE TABLE moderation_doubt (
    frame      TEXT   NOT NULL PRIMARY KEY,
    verdict    TEXT   NOT NULL,
    would      TEXT   NOT NULL CHECK (would IN ('accepted', 'rejected')),
    reason     TEXT   NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    run_at     BIGINT NOT NULL
);

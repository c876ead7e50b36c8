-- +goose Up

CREATE TABLE people_account (
    id       TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    folded   TEXT    NOT NULL UNIQUE, -- the name without upper and lower case
    role     TEXT    NOT NULL CHECK (role IN ('admin', 'moderator', 'judge', 'photographer', 'subscriber')),
    password TEXT    NOT NULL, -- argon2id as a PHC string
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created  BIGINT  NOT NULL
);

CREATE TABLE people_session (
    digest  TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the secret, in hex
    account TEXT   NOT NULL REFERENCES people_account (id),
    created BIGINT NOT NULL,
    used    BIGINT NOT NULL -- last use, at most an hour behind
);

CREATE INDEX people_session_account ON people_session (account);
CREATE INDEX people_session_used ON people_session (used);

CREATE TABLE people_token (
    id      TEXT   NOT NULL PRIMARY KEY,
    digest  TEXT   NOT NULL UNIQUE, -- SHA-256 of the secret, in hex
    hint    TEXT   NOT NULL, -- the secret's first characters, to tell tokens apart
    account TEXT   NOT NULL REFERENCES people_account (id),
    created BIGINT NOT NULL,
    used    BIGINT NOT NULL -- last use, at most an hour behind; 0 before the first
);

CREATE INDEX people_token_account ON people_token (account);

-- At most one row: the secret of the link that makes the first admin.
CREATE TABLE people_setup (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    digest  TEXT    NOT NULL,
    created BIGINT  NOT NULL
);

-- +goose Up
-- Room: people. SSH public keys that prove who somebody is, for SFTP.
CREATE TABLE people_key (
    account     TEXT   NOT NULL REFERENCES people_account (id),
    fingerprint TEXT   NOT NULL, -- SHA256:… as ssh-keygen -l prints it
    comment     TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    PRIMARY KEY (account, fingerprint)
);

-- Room: ftp. What stands in the photographers' folders: for about a day, never as a
-- record of the pictures, which is the room picture's.
--
--   part      is arriving, or the connection broke; the bytes lie in the spool
--   held      came whole under a temporary name, and waits for its own
--   taken     is a picture now
--   refused   was not taken, for reasons; the bytes are gone
--   folder    a folder that somebody made
CREATE TABLE ftp_file (
    id       TEXT   NOT NULL PRIMARY KEY, -- names the file in the spool
    account  TEXT   NOT NULL,
    path     TEXT   NOT NULL, -- from the folder's root, without a slash before it
    state    TEXT   NOT NULL CHECK (state IN ('part', 'held', 'taken', 'refused', 'folder')),
    size     BIGINT NOT NULL DEFAULT 0,
    modified BIGINT NOT NULL, -- as the sender says
    changed  BIGINT NOT NULL, -- when the state was last set
    picture  TEXT   NOT NULL DEFAULT '',
    reasons  TEXT   NOT NULL DEFAULT '', -- sentences, one a line
    UNIQUE (account, path)
);
CREATE INDEX ftp_file_changed ON ftp_file (changed);

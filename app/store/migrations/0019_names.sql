-- +goose Up
-- Room: deliver. The names that files have at a subscriber's: none twice, and the same
-- again whenever the same picture goes there. stem is the name without its extension, so
-- that a sidecar's is free as well.
CREATE TABLE deliver_name (
  subscriber TEXT    NOT NULL,
  picture    TEXT    NOT NULL,
  template   TEXT    NOT NULL, -- that it was made of, with version or kind where it asks for them
  stem       TEXT    NOT NULL,
  ext        TEXT    NOT NULL, -- of the file that the name was made for, as .jpg
  folded     TEXT    NOT NULL, -- the stem as file systems see it that make no difference of case
  wish       TEXT    NOT NULL, -- folded, before it got a number
  number     INTEGER NOT NULL, -- 1, or what was put behind it
  made_at    BIGINT  NOT NULL,
  PRIMARY KEY (subscriber, picture, template),
  UNIQUE (subscriber, folded)
);
CREATE INDEX deliver_name_wish ON deliver_name (subscriber, wish, number);

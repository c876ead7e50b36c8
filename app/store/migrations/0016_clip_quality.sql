-- +goose Up
-- Room: clip. The quality that a render was made in, as JSON ('' where only the column fit
-- knows something of it), and of how many units it consists.
ALTER TABLE clip_render ADD COLUMN quality TEXT NOT NULL DEFAULT '';
ALTER TABLE clip_render ADD COLUMN units INTEGER NOT NULL DEFAULT 0;

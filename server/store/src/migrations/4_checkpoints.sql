-- What files held before Aiex changed them. One row per change, which may be of several files.
CREATE TABLE checkpoints (
  id          INTEGER PRIMARY KEY,
  workspace   TEXT    NOT NULL,  -- its folder
  title       TEXT    NOT NULL,  -- what the change did, for people
  at          INTEGER NOT NULL,  -- when it was made: milliseconds since 1970, UTC
  restored_at INTEGER,           -- when the files were last brought back; NULL: never, or that was undone
  restores    INTEGER,           -- the id of the checkpoint that this change brought back; NULL for another change
  bytes       INTEGER NOT NULL   -- of all contents
) STRICT;

CREATE TABLE checkpoint_files (
  checkpoint INTEGER NOT NULL REFERENCES checkpoints (id) ON DELETE CASCADE,
  place      INTEGER NOT NULL,   -- counted from 0
  path       TEXT    NOT NULL,   -- absolute
  before     TEXT,               -- NULL: there was no such file
  after      TEXT,               -- NULL: there is none after the change
  PRIMARY KEY (checkpoint, place)
) STRICT, WITHOUT ROWID;

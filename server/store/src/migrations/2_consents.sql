-- Whether the user allowed that the code of a workspace is sent to an origin.
CREATE TABLE consents (
  workspace TEXT    NOT NULL,
  origin    TEXT    NOT NULL,
  allowed   INTEGER NOT NULL,  -- 1 or 0
  at        INTEGER NOT NULL,  -- when it was said: milliseconds since 1970, UTC
  PRIMARY KEY (workspace, origin)
) STRICT, WITHOUT ROWID;

-- What a review found and the user does not want to be told again.
CREATE TABLE dismissed (
    workspace TEXT NOT NULL,
    finding   TEXT NOT NULL,
    at        INTEGER NOT NULL, -- milliseconds since 1970, UTC
    PRIMARY KEY (workspace, finding)
) STRICT, WITHOUT ROWID;

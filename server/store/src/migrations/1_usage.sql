-- One row per request to a model. It is made before the request is sent, and completed when it has ended; one that
-- stays without an outcome belongs to a process that ended first.
CREATE TABLE usage (
  id               INTEGER PRIMARY KEY,
  at               INTEGER NOT NULL,            -- when it was planned: milliseconds since 1970, UTC
  provider         TEXT    NOT NULL,
  model            TEXT    NOT NULL,
  task             TEXT    NOT NULL,            -- explain, ask, …
  planned_nano_usd INTEGER,                     -- billionths of a US dollar; NULL where unknown
  cost_nano_usd    INTEGER,                     -- the same, for what it did cost
  input            INTEGER NOT NULL DEFAULT 0,  -- tokens, like the next four
  output           INTEGER NOT NULL DEFAULT 0,
  cached_input     INTEGER NOT NULL DEFAULT 0,
  cache_written    INTEGER NOT NULL DEFAULT 0,
  reasoning        INTEGER NOT NULL DEFAULT 0,
  estimated        INTEGER NOT NULL DEFAULT 0,  -- 1 where the tokens are an estimate
  outcome          TEXT CHECK (outcome IN ('done', 'failed', 'cancelled')),
  first_token_ms   INTEGER,
  total_ms         INTEGER
) STRICT;

CREATE INDEX usage_at ON usage (at);

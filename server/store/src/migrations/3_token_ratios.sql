-- What providers count for a token of ours, by model: how many tokens a prompt has there is not told beforehand.
CREATE TABLE token_ratios (
  model  TEXT NOT NULL PRIMARY KEY,  -- provider/model
  ratios TEXT NOT NULL               -- the last ones, as a JSON list of numbers
) STRICT, WITHOUT ROWID;

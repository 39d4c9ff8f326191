//! Secrets: found in what is about to leave, replaced by placeholders, and put back in what comes.
//!
//! A [`Redactor`] serves one request. It is fed the request's pieces one after the other and gives the same placeholder
//! for the same secret. What counts as one:
//!
//! - formats that say themselves what they are (`formats`): cloud and forge keys, JSON web tokens, private keys;
//! - what is assigned to a name that says so (`assigned`): `password`, `secret_key_base`, `api_key`, in code, headers
//!   and configuration; and passwords in URLs. `judge` then tells a real value from `changeme`, `${VAR}` or a name;
//! - the inside of a private key of which a piece shows only a part (`pem`).
//!
//! Hashes, UUIDs and long random strings under names that mean nothing are left alone: code is full of them.
//!
//! Not found: passwords with blanks in them, passwords of plain lower-case letters in code, secrets whose name stands
//! elsewhere, values of several lines other than keys in PEM. Lines of base64 that a piece begins with are taken for a
//! private key even if they are a certificate's, where neither mark is to be seen.
//!
//! About 220 MB/s on one core (1 MB in 5 ms) after 10 to 15 ms for the patterns at the first use; 1 MB made to be slow
//! takes under a second. Among 809 MB of published crates there are 213 redactions, 16 in Phoenix, 11 in Livebook, 3 in
//! Ecto, none in Elixir, tokio, syn or clap_builder: nearly all are keys and passwords of tests and examples.

mod assigned;
mod formats;
mod judge;
mod pem;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    ops::Range,
    sync::Arc,
};

use aho_corasick::AhoCorasick;
use zeroize::Zeroizing;

/// A secret that was replaced. Its value is not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// Of the file, as the caller named it.
    pub path: String,
    /// Where it begins, counted from 1, in the file.
    pub line: usize,
    /// What it is: `aws-access-key-id`, `private-key`, `password`, ….
    pub kind: &'static str,
    /// What stands in its place.
    pub placeholder: String,
}

/// Replaces the secrets of one request, and puts them back. Its `Debug` shows no values, and their memory is
/// overwritten when it is dropped.
pub struct Redactor {
    nonce: String,
    /// Number n of a placeholder is the n-th, counted from 1.
    values: Vec<Arc<Value>>,
    numbers: HashMap<Arc<Value>, usize>,
    redactions: Vec<Redaction>,
}

#[derive(PartialEq, Eq)]
struct Value(Zeroizing<String>);

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

/// A secret in a text: a half-open range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    range: Range<usize>,
    kind: &'static str,
}

/// What of a text says by itself that it is secret. Serves any number of redactors.
#[derive(Debug)]
pub struct Scan(Vec<Found>);

impl Scan {
    /// Looks through a piece, given as to [`Redactor::redact`].
    pub fn new(path: &str, first_line: usize, text: &str) -> Self {
        let mut found = pem::find(text, first_line > 1);
        found.extend(formats::find(text));
        found.extend(assigned::find(text, path));
        Self(found)
    }
}

const PREFIX: &str = "AIEX_SECRET_";
/// Values at least this long are also replaced where nothing around them says that they are secret.
const LEAST_TELLING: usize = 12;
/// Pieces of values at least this long, in bytes, are hidden from words about a text.
const LEAST_PIECE: usize = 8;

impl Redactor {
    /// For one request. `nonce` is a short random word of the caller's, such as 4 to 6 letters and digits, so that no
    /// text can foresee a placeholder; what is not a lower-case ASCII letter or digit is left out of it, and 16 of it
    /// suffice. A placeholder reads `AIEX_SECRET_1_k7f3`: plain inside a string of any language, one
    /// word, 9 tokens.
    ///
    /// A text that already holds a placeholder of this very nonce is no danger: that is replaced as well, and comes back.
    pub fn new(nonce: &str) -> Self {
        let is_plain = |char: &char| char.is_ascii_lowercase() || char.is_ascii_digit();
        let nonce: String = nonce.chars().filter(is_plain).take(16).collect();
        let nonce = if nonce.is_empty() { "0".to_owned() } else { nonce };
        Self { nonce, values: Vec::new(), numbers: HashMap::new(), redactions: Vec::new() }
    }

    /// The piece with its secrets replaced. `path` is the file's, with `/`, and tells configuration from code;
    /// `first_line` is the piece's first line in it, counted from 1: one over 1 says that the piece may begin in the
    /// middle of a private key. Linear in the text.
    pub fn redact(&mut self, path: &str, first_line: usize, text: &str) -> String {
        self.redact_scanned(path, first_line, text, &Scan::new(path, first_line, text))
    }

    /// The same with what was found in that very piece before.
    pub fn redact_scanned(&mut self, path: &str, first_line: usize, text: &str, scan: &Scan) -> String {
        let mut found = scan.0.clone();
        found.extend(self.placeholders(text).map(|(range, _)| Found { range, kind: "placeholder" }));
        let mut found = merged(found);
        let fresh: Vec<_> = found.iter().map(|found| text.get(found.range.clone()).unwrap_or_default()).collect();
        found.extend(self.known(text, &fresh));
        let found = merged(found);

        let mut out = String::with_capacity(text.len());
        let (mut done, mut line) = (0, first_line);
        for Found { range, kind } in found {
            let (Some(before), Some(value)) = (text.get(done..range.start), text.get(range.clone())) else { continue };
            line += lines(before);
            let placeholder = self.placeholder(value);
            out.push_str(before);
            out.push_str(&placeholder);
            self.redactions.push(Redaction { path: path.to_owned(), line, kind, placeholder });
            line += lines(value);
            done = range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// What was replaced so far, in order.
    pub fn redactions(&self) -> &[Redaction] {
        &self.redactions
    }

    /// `text` with every placeholder that this redactor gave replaced by its secret. The result of [`Redactor::redact`]
    /// becomes the text that it was made from. Others are left: see [`Redactor::unknown`].
    pub fn restore(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (range, number) in self.placeholders(text) {
            let value = number.checked_sub(1).and_then(|index| self.values.get(index));
            if let (Some(value), Some(before)) = (value, text.get(done..range.start)) {
                out.push_str(before);
                out.push_str(&value.0);
                done = range.end;
            }
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// A text with every secret that this redactor knows replaced: for words about a text that was put back. So are
    /// pieces of at least 8 bytes, blanks and the case of ASCII letters aside: a quotation may begin or end within a
    /// secret. What is quoted is hidden before it is cut, since less than that is not told from other words. Linear in
    /// the text and the secrets.
    pub fn hide(&self, text: &str) -> String {
        if self.values.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        let squeezed = |text: &str| -> Zeroizing<Vec<u8>> {
            let bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
            Zeroizing::new(bytes.map(|byte| byte.to_ascii_lowercase()).collect())
        };
        // What is too short for pieces counts as it is written; as does a placeholder that a text held already.
        let is_plain = |value: &Value| value.0.starts_with(PREFIX);
        let values: Vec<_> = self.values.iter().map(|value| squeezed(&value.0)).collect();
        let mut pieces: HashMap<&[u8], usize> = HashMap::new();
        for (index, (value, squeezed)) in self.values.iter().zip(&values).enumerate() {
            for piece in squeezed.windows(LEAST_PIECE).filter(|_| !is_plain(value)) {
                pieces.entry(piece).or_insert(index);
            }
        }
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        let starts: Vec<usize> =
            text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()).map(|(at, _)| at).collect();
        let own = squeezed(text);
        for (piece, at) in own.windows(LEAST_PIECE).zip(starts.windows(LEAST_PIECE)) {
            if let (Some(index), [first, .., last]) = (pieces.get(piece), at) {
                found.push((*first..last + 1, *index));
            }
        }
        for (index, value) in self.values.iter().enumerate() {
            if !value.0.is_empty() && (is_plain(value) || values.get(index).is_some_and(|v| v.len() < LEAST_PIECE)) {
                let hits = text.match_indices(value.0.as_str());
                found.extend(hits.map(|(at, hit)| (at..at + hit.len(), index)));
            }
        }
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        for (range, index) in found {
            match runs.last_mut() {
                Some((run, _)) if range.start < run.end => run.end = run.end.max(range.end),
                _ => runs.push((range, index)),
            }
        }
        let mut hidden = String::with_capacity(text.len());
        let mut done = 0;
        for (range, index) in runs {
            let start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0).max(done);
            let end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            hidden.push_str(text.get(done..start).unwrap_or_default());
            hidden.push_str(&format!("{PREFIX}{}_{}", index + 1, self.nonce));
            done = end;
        }
        hidden.push_str(text.get(done..).unwrap_or_default());
        hidden
    }

    /// The placeholders in a text that this redactor gave, each once, with the secrets that they stand for.
    pub fn used(&self, text: &str) -> Vec<(String, String)> {
        let mut used: Vec<(String, String)> = Vec::new();
        for (range, number) in self.placeholders(text) {
            let value = number.checked_sub(1).and_then(|index| self.values.get(index));
            if let (Some(value), Some(placeholder)) = (value, text.get(range))
                && !used.iter().any(|(known, _)| known == placeholder)
            {
                used.push((placeholder.to_owned(), value.0.to_string()));
            }
        }
        used
    }

    /// The placeholders in a text that look like this redactor's and are not: a model made them up, and an edit that
    /// has one would write it into the file.
    pub fn unknown<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let is_known = |number: usize| (1..=self.values.len()).contains(&number);
        let unknown = self.placeholders(text).filter(|(_, number)| !is_known(*number));
        unknown.filter_map(|(range, _)| text.get(range)).collect()
    }

    /// Where this nonce's placeholders stand, and their numbers; 0 for one that no redactor gives.
    fn placeholders<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (Range<usize>, usize)> + 'a {
        text.match_indices(PREFIX).filter_map(|(start, _)| {
            let rest = text.get(start + PREFIX.len()..)?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = rest.split_at_checked(digits)?;
            rest.strip_prefix('_')?.strip_prefix(self.nonce.as_str())?;
            let end = start + PREFIX.len() + digits + 1 + self.nonce.len();
            let is_plain = digits > 0 && !number.starts_with('0');
            (digits > 0).then(|| (start..end, number.parse().ok().filter(|_| is_plain).unwrap_or(0)))
        })
    }

    fn placeholder(&mut self, value: &str) -> String {
        let value = Value(Zeroizing::new(value.to_owned()));
        let number = self.numbers.get(&value).copied().unwrap_or_else(|| {
            let value = Arc::new(value);
            self.values.push(value.clone());
            self.numbers.insert(value, self.values.len());
            self.values.len()
        });
        format!("{PREFIX}{number}_{}", self.nonce)
    }

    /// Secrets that are known from elsewhere, where nothing says what they are.
    fn known(&self, text: &str, fresh: &[&str]) -> Vec<Found> {
        let known = self.values.iter().map(|value| value.0.as_str()).chain(fresh.iter().copied());
        let telling: HashSet<_> = known.filter(|value| value.len() >= LEAST_TELLING).collect();
        if telling.is_empty() {
            return Vec::new();
        }
        // Fails only for more than 2^31 patterns.
        let longest_first = aho_corasick::MatchKind::LeftmostLongest;
        let Ok(values) = AhoCorasick::builder().match_kind(longest_first).build(telling) else { return Vec::new() };
        values.find_iter(text).map(|hit| Found { range: hit.range(), kind: "known" }).collect()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("redactions", &self.redactions).finish_non_exhaustive()
    }
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// In order; those that overlap as one, which is called what the first is.
fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|found| !found.range.is_empty());
    found.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    let mut merged: Vec<Found> = Vec::new();
    for next in found {
        match merged.last_mut() {
            Some(last) if next.range.start < last.range.end => last.range.end = last.range.end.max(next.range.end),
            _ => merged.push(next),
        }
    }
    merged
}

#[cfg(test)]
mod tests;

//! What a model's reply holds: code blocks, and hunks of text to find and to put in its place.
//!
//! The documented form is a fenced block with whole definitions, or hunks:
//!
//! ```text
//! lib/shop/cart.ex
//! <<<<<<< SEARCH
//! old lines
//! =======
//! new lines
//! >>>>>>> REPLACE
//! ```
//!
//! Models also wrap it in talk, number their lines, answer with a diff, or forget a fence: what is meant is then still
//! clear, or it is refused later, since nothing here decides where code goes.

mod diff;
mod lines;

use super::Refusal;

/// The most blocks and hunks of one reply.
const MOST_PARTS: usize = 300;
const TOO_MANY: Refusal = Refusal::Malformed("it has more parts than any edit");

/// A part of a reply that is to become code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The file that was named before it or in it.
    pub(crate) path: Option<String>,
    /// The language that its fence names, in lower case; empty without one.
    pub(crate) language: String,
    pub(crate) body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Whole definitions. Lines end with LF.
    Code(String),
    /// Replacements, in order. Lines end with LF.
    Hunks(Vec<Hunk>),
}

/// A text to find and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) search: String,
    pub(crate) replace: String,
}

/// Reads a reply. `parses` says of a text whether it is code of the language that is asked for: where a block holds
/// fences of its own, that tells where it ends.
pub(crate) fn read(reply: &str, parses: &dyn Fn(&str) -> bool) -> Result<Vec<Block>, Refusal> {
    let reply = reply.replace("\r\n", "\n");
    let lines: Vec<&str> = reply.split('\n').collect();
    if lines.iter().any(|line| marker(line, '<', "SEARCH")) {
        return hunks(&lines, parses);
    }
    let mut blocks = Vec::new();
    let mut path: Option<String> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let Some(fence) = Fence::opening(line) else {
            if !line.trim().is_empty() {
                path = path_in(line);
            }
            at += 1;
            continue;
        };
        if blocks.len() == MOST_PARTS {
            return Err(TOO_MANY);
        }
        let end = fence.end(&lines, at + 1, parses);
        let inside: Vec<&str> = lines.get(at + 1..end.unwrap_or(lines.len())).unwrap_or_default().to_vec();
        // A block that is not closed at the end of an answer that was whole.
        let inside = lines::dedented(&inside, fence.indent);
        let named = fence.path().or(path.take());
        blocks.push(block(named, fence.language(), &lines::without_numbers(&inside)));
        at = end.map_or(lines.len(), |end| end + 1);
    }
    if blocks.is_empty() {
        let bare = lines::without_numbers(reply.trim_matches('\n'));
        if diff::is_diff(&bare) || parses(&bare) {
            return Ok(vec![block(None, String::new(), &bare)]);
        }
        return Err(Refusal::NoCode(reply));
    }
    Ok(blocks)
}

fn block(path: Option<String>, language: String, code: &str) -> Block {
    if matches!(language.as_str(), "diff" | "patch" | "udiff") || diff::is_diff(code) {
        let diff::Diff { path: own, hunks } = diff::read(code);
        return Block { path: own.or(path), language: String::new(), body: Body::Hunks(hunks) };
    }
    // A first line that is a comment with nothing but a path.
    let (first, rest) = code.split_once('\n').unwrap_or((code, ""));
    let comment = first.trim().trim_start_matches(['/', '#', '-']).trim();
    let own = (first.trim() != comment).then(|| path_in(comment)).flatten();
    match own {
        Some(own) => Block { path: Some(own), language, body: Body::Code(rest.to_owned()) },
        None => Block { path, language, body: Body::Code(code.to_owned()) },
    }
}

/// `<<<<<<< SEARCH` and its kin, with five to nine marks and words in any case.
fn marker(line: &str, mark: char, word: &str) -> bool {
    let line = line.trim();
    let marks = line.chars().take_while(|char| *char == mark).count();
    let rest = line.get(marks..).unwrap_or_default().trim();
    let is_word = rest.eq_ignore_ascii_case(word)
        || (word == "SEARCH" && ["original", "old", "before"].iter().any(|other| rest.eq_ignore_ascii_case(other)))
        || (word == "REPLACE" && ["updated", "new", "after"].iter().any(|other| rest.eq_ignore_ascii_case(other)));
    (5..=9).contains(&marks) && is_word
}

/// Hunks, and the blocks of code between them.
fn hunks(lines: &[&str], parses: &dyn Fn(&str) -> bool) -> Result<Vec<Block>, Refusal> {
    #[derive(PartialEq)]
    enum State {
        Outside,
        Search,
        Replace,
    }
    let mut blocks: Vec<Block> = Vec::new();
    let (mut state, mut path) = (State::Outside, None::<String>);
    let (mut search, mut replace) = (Vec::new(), Vec::new());
    let starts: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| marker(line, '<', "SEARCH")).map(|(at, _)| at).collect();
    if starts.len() > MOST_PARTS {
        return Err(TOO_MANY);
    }
    let (mut beyond, mut unclosed) = (0, 0);
    for (at, line) in lines.iter().enumerate() {
        if at < beyond {
            continue;
        }
        match state {
            State::Outside if marker(line, '<', "SEARCH") => {
                state = State::Search;
                (search, replace) = (Vec::new(), Vec::new());
            }
            State::Outside => {
                let fence = Fence::opening(line);
                let named = fence.as_ref().map_or_else(|| path_in(line), Fence::path);
                // A block without a hunk in it.
                let next = starts.get(starts.partition_point(|start| *start < at)).copied().unwrap_or(lines.len());
                let fence = fence.filter(|fence| !fence.info.is_empty() && unclosed <= at);
                let until = lines.get(..next).unwrap_or_default();
                let end = fence.as_ref().and_then(|fence| fence.end(until, at + 1, parses));
                if fence.is_some() && end.is_none() {
                    unclosed = next;
                }
                if let (Some(fence), Some(end)) = (fence, end) {
                    if blocks.len() > MOST_PARTS {
                        return Err(TOO_MANY);
                    }
                    let inside = lines::dedented(lines.get(at + 1..end).unwrap_or_default(), fence.indent);
                    blocks.push(block(named, fence.language(), &lines::without_numbers(&inside)));
                    beyond = end + 1;
                } else {
                    path = named.or(path);
                }
            }
            State::Search if marker(line, '=', "") => state = State::Replace,
            State::Search if marker(line, '<', "SEARCH") || marker(line, '>', "REPLACE") => {
                return Err(Refusal::Malformed("a hunk has no `=======` between its two parts"));
            }
            State::Search => search.push(*line),
            State::Replace if marker(line, '>', "REPLACE") => {
                state = State::Outside;
                let joined = |lines: &[&str]| lines::without_numbers(&lines.join("\n"));
                let hunk = Hunk { search: joined(&search), replace: joined(&replace) };
                match blocks.last_mut() {
                    Some(Block { path: last, body: Body::Hunks(hunks), .. }) if *last == path => hunks.push(hunk),
                    _ => blocks.push(Block {
                        path: path.clone(),
                        language: String::new(),
                        body: Body::Hunks(vec![hunk]),
                    }),
                }
            }
            State::Replace if marker(line, '<', "SEARCH") || marker(line, '=', "") => {
                return Err(Refusal::Malformed("a hunk has no `>>>>>>> REPLACE` at its end"));
            }
            State::Replace => replace.push(*line),
        }
    }
    match state {
        State::Outside => Ok(blocks),
        _ => Err(Refusal::Cut),
    }
}

/// The line that opens a fenced block.
struct Fence<'l> {
    indent: usize,
    mark: char,
    length: usize,
    info: &'l str,
}

impl<'l> Fence<'l> {
    fn opening(line: &'l str) -> Option<Self> {
        let rest = line.trim_start();
        let mark = rest.chars().next().filter(|char| matches!(char, '`' | '~'))?;
        let length = rest.chars().take_while(|char| *char == mark).count();
        let info = rest.get(length..)?.trim();
        (length >= 3 && !info.contains('`')).then_some(Self { indent: line.len() - rest.len(), mark, length, info })
    }

    /// The line that closes it: the first after which what is inside parses; else the first that closes no block inside.
    fn end(&self, lines: &[&str], from: usize, parses: &dyn Fn(&str) -> bool) -> Option<usize> {
        let fences = || {
            let inside = lines.iter().enumerate().skip(from);
            inside.filter_map(|(at, line)| {
                let fence = Fence::opening(line).filter(|fence| fence.mark == self.mark)?;
                (fence.length >= self.length).then_some((at, fence.info.is_empty()))
            })
        };
        let mut depth = 0_usize;
        let mut nested = None;
        for (at, is_bare) in fences() {
            match (is_bare, depth) {
                (false, _) => depth += 1,
                (true, 0) => {
                    nested = Some(at);
                    break;
                }
                (true, _) => depth -= 1,
            }
        }
        // Few candidates, so that no reply makes this slow.
        let candidates = fences().filter(|(_, is_bare)| *is_bare).map(|(at, _)| at).take(8);
        let inside = |end: usize| lines::dedented(lines.get(from..end).unwrap_or_default(), self.indent);
        candidates
            .into_iter()
            .find(|end| {
                let text = inside(*end);
                !text.trim().is_empty() && parses(&text)
            })
            .or(nested)
    }

    fn language(&self) -> String {
        let word = self.info.split([' ', ':', ',', '{', '=']).next().unwrap_or_default();
        if path_in(word).is_some() { String::new() } else { word.to_ascii_lowercase() }
    }

    /// `rust src/lib.rs`, `rust:src/lib.rs`, `src/lib.rs`, `rust title="src/lib.rs"`.
    fn path(&self) -> Option<String> {
        let words = self.info.split([' ', ':', '=', '"', '{', '}', '(', ')']);
        words.filter(|word| word.contains(['.', '/'])).find_map(path_in)
    }
}

/// The path that a line names, if it names nothing else: a heading, a bold word, code, with or without a colon.
fn path_in(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['#', '*', '-', '>', ' ']).trim();
    let line = ["File:", "file:", "Path:", "path:", "In ", "FILE:", "+++ b/", "Update "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))
        .unwrap_or(line);
    let word = line.trim().trim_matches(['*', '`', '"', '\'', ':', '(', ')', ' ']);
    let is_path = !word.is_empty()
        && word.len() < 300
        && !word.contains(char::is_whitespace)
        && !word.contains(['<', '>', '|', '{', '}', ';', ','])
        && !word.ends_with('.');
    let named = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let has_ending = named.rsplit_once('.').is_some_and(|(stem, ending)| {
        (1..=12).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && ending.bytes().any(|byte| byte.is_ascii_alphabetic())
            && (!stem.is_empty() || word.contains('/') || named.starts_with('.'))
    });
    // `Shop.Cart` is a module and `cart.total` a call.
    let is_known =
        word.contains(['/', '\\']) || named.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    (is_path && has_ending && is_known).then(|| word.to_owned())
}

const ENDINGS: [&str; 14] =
    ["ex", "exs", "rs", "heex", "eex", "leex", "toml", "md", "json", "yml", "yaml", "txt", "js", "py"];

#[cfg(test)]
mod tests;

//! [`ReviewReply`]: the findings of a model's reply, each at the code that it quotes.
//!
//! A model quotes the line of code that a finding is about. A quote can be looked up, in code that was shown with parts
//! left out as well, and one that cannot be found is no finding about this code. A number of a line alone could not be
//! checked; it only decides between places with the same code.

use std::{collections::HashSet, ops::Range};

use aiex_syntax::{Syntax, TokenClass};
use aiex_text::Text;

use super::{Finding, FindingKind, LONGEST, Severity};
use crate::prose::clean_text;

/// The most findings that are read of one reply.
const MOST: usize = 100;
/// The most places that are looked at for one quote.
const MOST_PLACES: usize = 64;
/// The most occurrences of a quote that are looked at, parts of words among them.
const MOST_LOOKED_AT: usize = 1024;
/// The most names and pieces of code of one text that are looked up.
const MOST_SPANS: usize = 4;
/// A quote that is in more places says nothing about which is meant, but for a line or a name beside it.
const FEW_PLACES: usize = 8;
/// Code with so many characters is looked up even where it is not set apart as a quote.
const LONG: usize = 8;
/// Words of prose that stand in code as well.
const SMALL: [&str; 12] = ["and", "are", "case", "else", "for", "not", "or", "return", "the", "use", "when", "with"];
/// How a reply has to look, as a model is told.
const FORM: &str = "Write one finding a line, as severity: `the line of code that it is about, copied`: what is wrong. The severity is error, warning or info. If there is nothing to report, answer none.";

/// What a model's reply says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewReply {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// How many others were left out, since their code is not in what was shown.
    pub dropped: usize,
}

impl ReviewReply {
    /// Reads a reply about `text`, of which the bytes `shown` were shown, in full or in part; secrets' placeholders are
    /// already put back. `none` is no finding.
    ///
    /// A finding is a line with a severity, code between backticks and what is wrong. List marks, bold, fences, a number of
    /// the line or `path:LINE` before it, other words for a severity, and the code before the severity are understood.
    /// Lines behind a finding go on with it, up to a blank one.
    ///
    /// # Errors
    /// A sentence for the model, which may then try once more: there is no finding that can be read, or none whose code is
    /// in what was shown.
    pub fn read(reply: &str, text: &Text, syntax: Option<&Syntax>, shown: &Range<usize>) -> Result<Self, String> {
        let reply = clean_text(after_thoughts(reply));
        let mut said: Vec<Said> = Vec::new();
        let mut goes_on = false;
        // Whether a block of code begins behind a finding: what it is about, if it quotes nothing.
        let mut awaits_code = false;
        let mut is_none = false;
        for line in reply.lines() {
            let line = line.trim();
            let is_fence = line.starts_with("```") || line.starts_with("~~~");
            if line.is_empty() || is_fence {
                awaits_code = is_fence && goes_on;
                goes_on = false;
            } else if let Some(one) = Said::read(line).filter(|_| said.len() < MOST) {
                said.push(one);
                goes_on = true;
                awaits_code = false;
            } else if let Some(last) = said.last_mut().filter(|last| awaits_code && last.quote.is_none()) {
                last.quote = Some(line);
            } else if is_nothing(line) {
                is_none = true;
            } else if let Some(last) = said.last_mut().filter(|last| goes_on && last.text.len() < 4 * LONGEST) {
                last.text.push(' ');
                last.text.push_str(line);
            }
        }
        if said.is_empty() {
            return if is_none {
                Ok(Self::default())
            } else {
                Err(format!("No line of the reply is a finding. {FORM}"))
            };
        }
        let places = Places::new(text, syntax, shown);
        let total = said.len();
        let mut findings: Vec<Finding> = Vec::new();
        let mut after = 0;
        for one in said {
            let Some((range, text)) = places.of(&one, after) else { continue };
            after = range.start;
            findings.push(Finding::new(range, one.severity, FindingKind::Model, &plain(text)));
        }
        let dropped = total - findings.len();
        if findings.is_empty() {
            return Err(format!("No finding of the reply quotes code that was shown. {FORM}"));
        }
        findings.sort_by(|a, b| (a.range.start, a.severity, &a.text).cmp(&(b.range.start, b.severity, &b.text)));
        findings.dedup_by(|a, b| a.range == b.range && a.text == b.text);
        Ok(Self { findings, dropped })
    }
}

/// What follows the thoughts that some models write down first.
fn after_thoughts(reply: &str) -> &str {
    reply.rsplit_once("</think>").map_or(reply, |(_, answer)| answer)
}

/// `none`, `No issues found.`
fn is_nothing(line: &str) -> bool {
    let words = line.trim_matches(|char: char| !char.is_alphanumeric()).to_lowercase();
    words == "none"
        || ["no findings", "no issues", "no problems", "nothing to report", "none found"]
            .iter()
            .any(|nothing| words.starts_with(nothing))
}

/// Without bold.
fn plain(text: &str) -> String {
    let text = text.replace("**", "");
    text.trim_matches(|char: char| char.is_whitespace() || matches!(char, ':' | '-' | '—' | '–' | '|')).to_owned()
}

/// A finding as the model wrote it.
struct Said<'a> {
    severity: Severity,
    quote: Option<&'a str>,
    /// 1-based.
    line: Option<usize>,
    text: String,
}

impl<'a> Said<'a> {
    /// Reads a line: places, quotes and the severity in any order, then the text.
    fn read(line: &'a str) -> Option<Self> {
        let mut rest = list_item(line);
        let (mut severity, mut quote, mut number) = (None, None, None);
        loop {
            rest = if severity.is_none() { without_marks(rest) } else { without_separators(rest) };
            if quote.is_none()
                && let Some((code, after)) = quoted(rest)
            {
                (quote, rest) = (Some(code), after);
            } else if severity.is_none()
                && let Some((found, after)) = severity_word(rest)
            {
                (severity, rest) = (Some(found), after);
            } else if number.is_none()
                && let Some((found, after)) = line_number(rest)
            {
                (number, rest) = (Some(found), after);
            } else {
                break;
            }
        }
        // Without a severity, prose could begin like this.
        let severity = severity?;
        (!rest.is_empty()).then(|| Self { severity, quote, line: number, text: rest.to_owned() })
    }
}

/// Without what may stand before and between places, quotes and the severity.
fn without_marks(rest: &str) -> &str {
    rest.trim_start_matches(|char: char| char.is_whitespace() || "*_:[](){}|-–—,>#".contains(char))
}

/// Without what may stand behind the severity. What begins the text may be code.
fn without_separators(rest: &str) -> &str {
    let mut rest = rest;
    loop {
        let trimmed = rest.trim_start_matches(|char: char| char.is_whitespace() || ":])|–—".contains(char));
        let trimmed = ["**", "__", "- "].iter().find_map(|mark| trimmed.strip_prefix(mark)).unwrap_or(trimmed);
        let is_place = |inside: &&str| line_number(inside).is_some();
        let trimmed = trimmed.strip_prefix(['(', '[']).filter(is_place).unwrap_or(trimmed);
        if trimmed.len() == rest.len() {
            return rest;
        }
        rest = trimmed;
    }
}

/// Without the mark of a list's item. `12:` is a line.
fn list_item(line: &str) -> &str {
    let line = line.trim_start_matches(['>', ' ']);
    let line =
        line.strip_prefix(['-', '*', '+', '•']).filter(|rest| rest.starts_with(' ')).unwrap_or(line).trim_start();
    let digits = line.trim_start_matches(|char: char| char.is_ascii_digit());
    let after = digits.strip_prefix(['.', ')']).filter(|rest| digits.len() < line.len() && rest.starts_with(' '));
    after.unwrap_or(line).trim_start()
}

/// A code span, and what follows it. One that goes on as a sentence is a part of the text.
fn quoted(rest: &str) -> Option<(&str, &str)> {
    let marks = rest.len() - rest.trim_start_matches('`').len();
    if marks == 0 {
        return None;
    }
    let fence = rest.get(..marks)?;
    let inside = rest.get(marks..)?;
    let is_end = |end: &usize| {
        let after = inside.get(end + marks..).unwrap_or_default().trim_start_matches('*').trim_start();
        after.is_empty()
            || [":", "- ", "— ", "– ", "|", ") ", "] ", "->", "=>"].iter().any(|mark| after.starts_with(mark))
    };
    // The code may hold backticks of its own; a sentence goes on behind a blank.
    let goes_on = |end: &usize| inside.get(end + marks..).is_some_and(|after| after.starts_with(char::is_whitespace));
    let end = inside.match_indices(fence).map(|(end, _)| end).find(|end| is_end(end) || goes_on(end)).filter(is_end)?;
    let code = inside.get(..end)?.trim();
    (!code.is_empty()).then(|| (code, inside.get(end + marks..).unwrap_or_default()))
}

/// The word for a severity, and what follows it: a mark, or the end of bold.
fn severity_word(rest: &str) -> Option<(Severity, &str)> {
    let end = rest.find(|char: char| !char.is_alphabetic()).unwrap_or(rest.len());
    let severity = match rest.get(..end)?.to_lowercase().as_str() {
        "error" | "critical" | "high" | "bug" => Severity::Error,
        "warning" | "warn" | "medium" => Severity::Warning,
        "info" | "information" | "note" | "hint" | "suggestion" | "low" => Severity::Info,
        _ => return None,
    };
    let after = rest.get(end..)?;
    let marked = after.trim_start();
    let is_marked = marked.is_empty() || marked.starts_with([':', ']', ')', '*', '|', '`', '—', '–', '-', '_']);
    is_marked.then_some((severity, after))
}

/// `12`, `12-14`, `12:5`, `L12`, `line 12`, `lib/cart.ex:12`, and what follows.
fn line_number(rest: &str) -> Option<(usize, &str)> {
    let token = rest.split([' ', '\t']).next()?;
    let path = token.trim_end_matches([':', ',', ']', ')', '*', '`']);
    let (before, number) = match path.split_once(':').filter(|(file, _)| file.contains(['.', '/'])) {
        Some((file, number)) => (file.len() + 1, number),
        None => {
            let lower = rest.to_lowercase();
            let word = ["lines ", "line ", "line:", "l"].into_iter().find(|word| lower.starts_with(word)).unwrap_or("");
            (word.len(), rest.get(word.len()..)?)
        }
    };
    let digits = number.len() - number.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    let line: usize = number.get(..digits).filter(|digits| !digits.is_empty())?.parse().ok()?;
    let mut after = rest.get(before + digits..)?;
    // The end of a range of lines, or a column.
    for mark in ['-', '–', ':'] {
        if let Some(more) = after.strip_prefix(mark) {
            let more = more.trim_start_matches(['L', 'l']);
            after = if more.starts_with(|char: char| char.is_ascii_digit()) {
                more.trim_start_matches(|char: char| char.is_ascii_digit())
            } else {
                after
            };
        }
    }
    let is_end = after.is_empty() || after.starts_with([':', ' ', ']', ')', ',', '*', '|', '`', '-']);
    is_end.then_some((line, after))
}

/// The code that was shown, without white space, and where each byte of it stands in the text.
struct Places<'t> {
    text: &'t Text,
    shown: Range<usize>,
    flat: String,
    at: Vec<usize>,
    /// Comments and documentation.
    prose: Vec<Range<usize>>,
    /// Names of definitions with their ranges.
    symbols: Vec<(String, Range<usize>)>,
}

impl<'t> Places<'t> {
    fn new(text: &'t Text, syntax: Option<&Syntax>, shown: &Range<usize>) -> Self {
        let shown = text.floor(shown.start)..text.floor(shown.end).max(text.floor(shown.start));
        let source = text.slice(shown.clone());
        let (mut flat, mut at) = (String::with_capacity(source.len()), Vec::with_capacity(source.len()));
        for (index, char) in source.char_indices().filter(|(_, char)| !char.is_whitespace()) {
            flat.push(char);
            at.extend((0..char.len_utf8()).map(|byte| shown.start + index + byte));
        }
        let (mut prose, mut symbols) = (Vec::new(), Vec::new());
        if let Some(syntax) = syntax {
            let whole = text.to_string();
            let is_prose = |class| matches!(class, TokenClass::Comment | TokenClass::Doc);
            prose = syntax
                .tokens(&whole)
                .into_iter()
                .filter(|token| is_prose(token.class))
                .map(|token| token.range)
                .collect();
            let named = syntax.symbols(&whole).into_iter();
            symbols = named.map(|symbol| (symbol.name, symbol.range)).collect();
        }
        Self { text, shown, flat, at, prose, symbols }
    }

    /// Where a finding belongs, and what it says; `after` is where the one before it is.
    fn of<'s>(&self, said: &'s Said, after: usize) -> Option<(Range<usize>, &'s str)> {
        let quoted = said.quote.map(|quote| self.find(quote)).unwrap_or_default();
        if !quoted.is_empty() {
            return Some((self.choose(quoted, said, after)?, &said.text));
        }
        // Code without backticks.
        for (end, mark) in [": ", " - ", " — "].into_iter().flat_map(|mark| said.text.match_indices(mark).take(3)) {
            let (code, text) = (said.text.get(..end)?, said.text.get(end + mark.len()..)?);
            if code.len() >= LONG && !text.trim().is_empty() && said.quote.is_none() {
                let places = self.find_form(code);
                if !places.is_empty() {
                    return Some((self.choose(places, said, after)?, text));
                }
            }
        }
        Some((self.of_text(said, after)?, &said.text))
    }

    /// Where a finding belongs by what its text names.
    fn of_text(&self, said: &Said, after: usize) -> Option<Range<usize>> {
        // Code that the text names may do, or confirm the line that the model counted.
        let spans: Vec<_> = said.text.split('`').skip(1).step_by(2).take(MOST_SPANS).chain(said.quote).collect();
        if let Some(line) = said.line.and_then(|line| line.checked_sub(1)) {
            let range = self.code_of(line);
            let own = self.text.slice(range.clone());
            let own: HashSet<&str> = words(&own).collect();
            let is_in = self.shown.start <= range.start && range.end <= self.shown.end && !range.is_empty();
            let mut named =
                words(&said.text).filter(|word| !SMALL.contains(word)).chain(spans.iter().flat_map(|span| words(span)));
            if is_in && named.any(|word| own.contains(word)) {
                return Some(range);
            }
        }
        let places = spans.into_iter().filter(|span| span.len() > 2).map(|span| (span.len() >= LONG, self.find(span)));
        let is_sure = |(is_long, places): &(bool, Vec<_>)| places.len() == 1 || *is_long && !places.is_empty();
        let (_, places) = places.into_iter().find(is_sure)?;
        self.choose(places, said, after)
    }

    /// A line without the blanks around its code.
    fn code_of(&self, line: usize) -> Range<usize> {
        let range = self.text.line_range(line);
        let source = self.text.slice(range.clone());
        let blank = source.len() - source.trim_start().len();
        range.start + blank..range.start + blank + source.trim().len()
    }

    /// The places of a quote, as it stands or without what a model leaves out or adds at its ends.
    fn find(&self, quote: &str) -> Vec<Range<usize>> {
        let longest = |mark: &str| quote.split(mark).max_by_key(|part| part.len()).unwrap_or_default();
        let opened = quote.trim_end().trim_end_matches(['{', ';', ',', ':']).trim_end();
        let opened = opened.strip_suffix(" do").unwrap_or(opened);
        let unquoted = quote.trim_matches(['"', '\'']);
        let forms = [opened, longest("…"), longest("..."), unquoted].into_iter().filter(|form| *form != quote);
        let found = std::iter::once(quote).chain(forms).map(|form| self.find_form(form));
        found.into_iter().find(|found: &Vec<_>| !found.is_empty()).unwrap_or_default()
    }

    fn find_form(&self, quote: &str) -> Vec<Range<usize>> {
        let flat: String = quote.chars().filter(|char| !char.is_whitespace()).collect();
        // A bracket or an `end` is everywhere.
        if !flat.chars().any(char::is_alphanumeric) || matches!(flat.as_str(), "end" | "do" | "else") {
            return Vec::new();
        }
        let byte = |at: usize| self.at.get(at).copied();
        let range = |(start, _): (usize, &str)| {
            let (first, last) = (byte(start)?, byte(start + flat.len() - 1)?);
            Some(first..last + 1)
        };
        let found = self.flat.match_indices(&flat).take(MOST_LOOKED_AT);
        let found = found.filter_map(range).filter(|range| self.is_whole(range));
        let found: Vec<_> = found.take(MOST_PLACES).collect();
        // A whole line is meant before a part of one.
        let lines: Vec<_> = found.iter().filter(|range| self.is_line(range)).cloned().collect();
        if lines.is_empty() { found } else { lines }
    }

    /// Whether a range cuts no word.
    fn is_whole(&self, range: &Range<usize>) -> bool {
        let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        let around = self.text.slice(range.start.saturating_sub(4)..range.start);
        let behind = self.text.slice(range.end..range.end.saturating_add(4));
        let own = self.text.slice(range.clone());
        let cuts_start = is_word(around.chars().next_back()) && is_word(own.chars().next());
        let cuts_end = is_word(behind.chars().next()) && is_word(own.chars().next_back());
        !cuts_start && !cuts_end
    }

    fn is_line(&self, range: &Range<usize>) -> bool {
        let first = self.code_of(self.text.line_of(range.start));
        let last = self.code_of(self.text.line_of(range.end - 1));
        first.start == range.start && last.end == range.end
    }

    /// Of several places: the one nearest to the line that the model names; else one in code before one in comments, in a
    /// definition that the text names before others, behind the finding before it rather than before that.
    fn choose(&self, places: Vec<Range<usize>>, said: &Said, after: usize) -> Option<Range<usize>> {
        let named: Vec<_> = words(&said.text).collect();
        let is_named = |place: &Range<usize>| {
            let around = self.symbols.iter().filter(|(_, range)| range.start <= place.start && place.end <= range.end);
            around.into_iter().any(|(name, _)| named.contains(&name.as_str()))
        };
        let is_prose = |place: &Range<usize>| {
            let until = self.prose.partition_point(|prose| prose.start <= place.start);
            until.checked_sub(1).and_then(|index| self.prose.get(index)).is_some_and(|prose| place.start < prose.end)
        };
        let distance =
            |place: &Range<usize>| said.line.map_or(0, |line| (self.text.line_of(place.start) + 1).abs_diff(line));
        let rank = |place: &Range<usize>| {
            (distance(place), is_prose(place), !is_named(place), place.start < after, place.start)
        };
        if places.len() > FEW_PLACES && said.line.is_none() && !places.iter().any(is_named) {
            return None;
        }
        places.into_iter().min_by_key(rank)
    }
}

/// The words of a text that may be names of code.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && !matches!(char, '_' | '?' | '!'))
        .filter(|word| word.chars().count() > 2)
        .map(|word| word.trim_end_matches(['?', '!']))
}

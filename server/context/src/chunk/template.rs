//! Templates: HTML with Elixir in it, by its tags and blocks.

use aiex_syntax::{Bond, Pieces};

use super::{lines::lines, merge::joint};

/// Tags that hold nothing (HTML, "Void elements").
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// How many open tags a closing one is looked for among.
const SEARCHED: usize = 64;

/// Lines, which part where the fewest tags are open. A line that goes on a tag, or closes one, stays with those before.
pub(super) fn pieces(source: &str) -> Pieces {
    let mut pieces = Vec::new();
    let mut reader = Reader { open: Vec::new(), state: State::Text };
    let mut depth_before = 0;
    for line in lines(source) {
        let depth = reader.open.len();
        let goes_on = !matches!(reader.state, State::Text | State::Raw(_));
        let closes = ["</", "<% end", "<%end", "/>", ">", "%>", "-->", "--%>", "}"]
            .iter()
            .any(|mark| line.text.starts_with(mark));
        // `else` and the clauses of a `case` stand in the block that they divide.
        let divides = line.text.starts_with("<%") && matches!(Block::of(line.text), Block::Divides);
        let bond = match () {
            () if goes_on => Bond::Token,
            () if closes => Bond::Wrap,
            () if depth > depth_before && !divides => Bond::Head,
            () if line.after_blank => Bond::Blank,
            () => Bond::Entry,
        };
        let shown = u16::try_from(depth.saturating_sub(usize::from(divides))).unwrap_or(u16::MAX);
        let joint = joint(bond, shown.saturating_mul(2).saturating_add(u16::from(!line.after_blank)), line.identity());
        pieces.push(line.piece(joint, None));
        depth_before = depth;
        reader.read(line.text);
    }
    Pieces { pieces, items: Vec::new() }
}

#[derive(Clone, Copy)]
enum State {
    Text,
    /// In a comment that ends with this.
    Comment(&'static str),
    /// In Elixir, between `<%` and `%>`.
    Code,
    /// In a tag, in so many braces, in a string with this quote.
    Tag {
        braces: usize,
        quote: Option<char>,
    },
    /// In a script or a style, up to this.
    Raw(&'static str),
}

struct Reader<'s> {
    /// The names of the open tags; a block of Elixir has none.
    open: Vec<&'s str>,
    state: State,
}

/// What a piece of Elixir does.
enum Block {
    Opens,
    Divides,
    Ends,
    Nothing,
}

impl Block {
    /// Of a text that begins with `<%`.
    fn of(text: &str) -> Self {
        let code = text.split("%>").next().unwrap_or_default().trim_start_matches(['<', '%', '=', '-']).trim();
        let first = code.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
        match first {
            "end" => Self::Ends,
            "else" | "rescue" | "catch" | "after" => Self::Divides,
            _ if code.ends_with("->") && code.contains("fn ") => Self::Opens,
            _ if code.ends_with("->") => Self::Divides,
            _ if code == "do" || code.ends_with(" do") => Self::Opens,
            _ => Self::Nothing,
        }
    }
}

impl<'s> Reader<'s> {
    fn read(&mut self, line: &'s str) {
        let mut rest = line;
        while !rest.is_empty() {
            rest = match self.state {
                State::Text => self.text(rest),
                State::Comment(end) => self.until(rest, end),
                State::Code => self.until(rest, "%>"),
                State::Raw(end) => match rest.find(end) {
                    Some(at) => {
                        self.state = State::Text;
                        rest.get(at..).unwrap_or_default()
                    }
                    None => "",
                },
                State::Tag { braces, quote } => self.tag(rest, braces, quote),
            };
        }
    }

    fn until<'t>(&mut self, rest: &'t str, end: &str) -> &'t str {
        match rest.find(end).and_then(|at| rest.get(at + end.len()..)) {
            Some(after) => {
                self.state = State::Text;
                after
            }
            None => "",
        }
    }

    fn text(&mut self, rest: &'s str) -> &'s str {
        let Some(rest) = rest.find('<').and_then(|at| rest.get(at..)) else { return "" };
        let comments = [("<!--", "-->"), ("<%!--", "--%>"), ("<%#", "%>")];
        if let Some((begin, end)) = comments.into_iter().find(|(begin, _)| rest.starts_with(begin)) {
            self.state = State::Comment(end);
            return rest.get(begin.len()..).unwrap_or_default();
        }
        if let Some(code) = rest.strip_prefix("<%") {
            match Block::of(rest) {
                Block::Opens => self.open.push(""),
                Block::Ends => self.close(""),
                Block::Divides | Block::Nothing => {}
            }
            self.state = State::Code;
            return code;
        }
        let inner = rest.get(1..).unwrap_or_default();
        let closing = inner.strip_prefix('/');
        let named = closing.unwrap_or(inner);
        let end = named.find(|char: char| !(char.is_alphanumeric() || "._:-@".contains(char))).unwrap_or(named.len());
        let (name, after) = named.split_at_checked(end).unwrap_or((named, ""));
        if name.is_empty() {
            return inner;
        }
        match closing {
            Some(_) => {
                self.close(name);
                after
            }
            None => {
                self.open.push(name);
                self.state = State::Tag { braces: 0, quote: None };
                after
            }
        }
    }

    /// What follows the next character of a tag.
    fn tag(&mut self, rest: &'s str, braces: usize, quote: Option<char>) -> &'s str {
        if braces == 0 && quote.is_none() && rest.starts_with("/>") {
            self.open.pop();
            self.state = State::Text;
            return rest.get(2..).unwrap_or_default();
        }
        let mut chars = rest.chars();
        let char = chars.next();
        self.state = match (char, quote) {
            (Some(char), Some(open)) if char == open => State::Tag { braces, quote: None },
            (_, Some(_)) => self.state,
            (Some(char @ ('"' | '\'')), None) => State::Tag { braces, quote: Some(char) },
            (Some('{'), None) => State::Tag { braces: braces + 1, quote },
            (Some('}'), None) => State::Tag { braces: braces.saturating_sub(1), quote },
            (Some('>'), None) if braces == 0 => self.opened(),
            _ => self.state,
        };
        chars.as_str()
    }

    /// At the end of an opening tag.
    fn opened(&mut self) -> State {
        match self.open.last().copied() {
            Some("script") => return State::Raw("</script"),
            Some("style") => return State::Raw("</style"),
            Some(name) if VOID.contains(&name) => {
                self.open.pop();
            }
            _ => {}
        }
        State::Text
    }

    /// Closes the innermost open tag of that name, and what is open in it.
    fn close(&mut self, name: &str) {
        let inner = self.open.iter().rev().take(SEARCHED).position(|open| *open == name);
        if let Some(inner) = inner {
            self.open.truncate(self.open.len().saturating_sub(inner + 1));
        }
    }
}

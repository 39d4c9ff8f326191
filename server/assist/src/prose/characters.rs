//! [`TextFilter`]: drops the characters that a reader cannot see but a terminal, an editor or a model obeys.

/// Cleans text that arrives in pieces. What it lets through, in one piece or many, is what [`clean_text`] lets through.
///
/// Dropped are the C0 and C1 controls except LF and TAB (so no escape sequence works, and CRLF becomes LF),
/// bidirectional controls, and invisible characters: zero-width ones, fillers, tags, variation selectors. Kept of
/// these are a variation selector right after an emoji, a ZWJ between two emoji, and a joiner between two letters of a
/// script that spells with it. The line and paragraph separators become LF.
#[derive(Clone, Debug, Default)]
pub struct TextFilter {
    previous: Option<char>,
    joiner: Option<char>,
}

impl TextFilter {
    /// What is left of the next piece. A joiner at its end waits for the character that it may join.
    pub fn push(&mut self, piece: &str) -> String {
        let mut clean = String::with_capacity(piece.len());
        for char in piece.chars() {
            let char = if matches!(char, '\u{2028}' | '\u{2029}') { '\n' } else { char };
            if matches!(char, ZWNJ | ZWJ) {
                self.joiner = self.joiner.or(Some(char));
            } else if !is_dropped(char, self.previous) {
                let joins = |joiner: &char| self.previous.is_some_and(|before| joins(before, *joiner, char));
                clean.extend(self.joiner.take().filter(joins));
                clean.push(char);
                self.previous = Some(char);
            }
        }
        clean
    }
}

/// `text` without the characters that [`TextFilter`] drops.
pub fn clean_text(text: &str) -> String {
    TextFilter::default().push(text)
}

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';

fn is_dropped(char: char, before: Option<char>) -> bool {
    match char {
        '\n' | '\t' => false,
        TEXT_STYLE | EMOJI_STYLE => !before.is_some_and(takes_style),
        _ => char.is_control() || is_invisible(char),
    }
}

/// The characters of Unicode's `Default_Ignorable_Code_Point` and of its bidirectional and interlinear controls.
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_emoji(char: char) -> bool {
    matches!(char, '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}' | '\u{3030}'
        | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}' | '©' | '®')
}

fn takes_style(char: char) -> bool {
    is_emoji(char) || matches!(char, '0'..='9' | '#' | '*')
}

/// Arabic and its relatives, and the Indic scripts from Devanagari to Sinhala: there a joiner changes the spelling.
fn spells_with_joiners(char: char) -> bool {
    matches!(char, '\u{620}'..='\u{6ff}' | '\u{710}'..='\u{74f}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}'
        | '\u{900}'..='\u{dff}')
}

fn joins(before: char, joiner: char, after: char) -> bool {
    let emoji = joiner == ZWJ && (is_emoji(before) || before == EMOJI_STYLE) && is_emoji(after);
    emoji || (spells_with_joiners(before) && spells_with_joiners(after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, clean: &str) {
        assert_eq!(clean_text(text), clean);
    }

    #[test]
    fn ordinary_text_stays() {
        for text in ["a\tb\nc", "naïve café, e\u{301}, 日本語, Ελληνικά, ฉัน", "№ € → ≤ ½", "x\u{20d7}"]
        {
            check(text, text);
        }
    }

    #[test]
    fn controls_and_escapes_lose_their_power() {
        check("\u{1b}[31mred\u{1b}[0m\u{9b}2J\u{7}\u{8}\u{7f}\0", "[31mred[0m2J");
        check("a\r\nb\rc\u{85}", "a\nbc");
    }

    #[test]
    fn invisible_text_goes() {
        check("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{ad}f\u{61c}g", "abcdefg");
        check("hi\u{e0068}\u{e0069}\u{e007f}", "hi");
        check("a\u{fe0f}\u{fe01}b\u{e0101}", "ab");
        check("a\u{2028}b", "a\nb");
    }

    #[test]
    fn emoji_and_spelling_keep_their_joiners() {
        for text in [
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥",
            "👍🏽",
            "1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
        ] {
            check(text, text);
        }
        check("a\u{200d}b\u{200c}c", "abc");
        check("🔥\u{200d}", "🔥");
        check("🔥\u{200d}\u{200d}🔥", "🔥\u{200d}🔥");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(pieces in prop::collection::vec("(?s)[\u{200c}-\u{200e}🔥👍a\u{fe0f}\u{1b}\n]{0,4}|.{0,4}", 0..8)) {
            let mut filter = TextFilter::default();
            let streamed: String = pieces.iter().map(|piece| filter.push(piece)).collect();
            let whole = clean_text(&pieces.concat());
            prop_assert_eq!(&streamed, &whole);
            prop_assert_eq!(&clean_text(&whole), &whole);
        }

        #[test]
        fn printable_text_is_kept(text in "[ -~\n\tà-öø-ÿ一-龥]*") {
            prop_assert_eq!(&clean_text(&text), &text);
        }
    }
}

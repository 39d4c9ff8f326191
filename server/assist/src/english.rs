//! Numbers and lists in English.

/// `1 clause`, `3 branches`. `noun` is in the singular.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// The noun alone, in the plural unless there is one.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    if number == 1 {
        return noun.to_owned();
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(words: &[String]) -> String {
    joined(words, "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn or(words: &[String]) -> String {
    joined(words, "or")
}

fn joined(words: &[String], link: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [before @ .., last] => format!("{} {link} {last}", before.join(", ")),
    }
}

/// At most `cap` of the words, and how many more there are: `a, b, … and 3 more`.
pub(crate) fn capped(words: &[String], cap: usize) -> String {
    match words.len().checked_sub(cap) {
        // One more is as short as its name.
        Some(more) if more > 1 => {
            let shown: Vec<_> = words.iter().take(cap).map(String::as_str).collect();
            format!("{}, … and {more} more", shown.join(", "))
        }
        _ => words.join(", "),
    }
}

/// `first` to `tenth`, then `11th`. `index` is 0-based.
pub(crate) fn ordinal(index: usize) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    let number = index.saturating_add(1);
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    WORDS.get(index).map_or_else(|| format!("{number}{ending}"), |word| (*word).to_owned())
}

/// `a` or `an`, by the first letter.
pub(crate) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_follow_their_numbers() {
        let found = [count(1, "clause"), count(0, "line"), count(2, "branch"), count(3, "entry"), count(2, "key")];
        assert_eq!(found, ["1 clause", "0 lines", "2 branches", "3 entries", "2 keys"]);
    }

    #[test]
    fn lists_read_as_sentences() {
        let words = |number: usize| -> Vec<String> { (1..=number).map(|n| n.to_string()).collect() };
        assert_eq!([and(&words(1)), and(&words(2)), or(&words(3))], ["1", "1 and 2", "1, 2 or 3"]);
        assert_eq!([capped(&words(3), 2), capped(&words(4), 2)], ["1, 2, 3", "1, 2, … and 2 more"]);
        assert_eq!([ordinal(0), ordinal(10), ordinal(20)], ["first", "11th", "21st"]);
    }
}

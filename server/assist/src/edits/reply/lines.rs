//! Lines of a reply as they were meant: without the indentation of their block, without numbers before them.

/// The lines joined, each without up to `indent` blanks at its start.
pub(super) fn dedented(lines: &[&str], indent: usize) -> String {
    let strip = |line: &&str| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(blank.min(indent)..).unwrap_or_default().to_owned()
    };
    lines.iter().map(strip).collect::<Vec<_>>().join("\n")
}

/// The text without the numbers before its lines, if every line that is not blank has one and they count up.
pub(super) fn without_numbers(text: &str) -> String {
    let mut last = None;
    let mut out = Vec::new();
    let mut count = 0;
    for line in text.split('\n') {
        if line.trim().is_empty() {
            out.push(line);
            continue;
        }
        let rest = line.trim_start();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..digits).and_then(|digits| digits.parse::<u64>().ok());
        let rest = rest.get(digits..).unwrap_or_default();
        let mark = rest.trim_start_matches(' ');
        let tail = ["|", "│", ":", "→", "\t"].iter().find_map(|separator| mark.strip_prefix(separator));
        match (number, tail) {
            (Some(number), Some(tail)) if last.is_none_or(|last| number > last) => {
                last = Some(number);
                count += 1;
                out.push(tail.strip_prefix(' ').unwrap_or(tail));
            }
            _ => return text.to_owned(),
        }
    }
    if count > 1 { out.join("\n") } else { text.to_owned() }
}

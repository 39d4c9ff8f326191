//! What holds of any text and any edit.

use aiex_syntax::{Language, Syntax};
use aiex_text::{Edit, Text};
use proptest::prelude::*;

use super::{super::*, parsed, review};

fn paths() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["lib/a.ex", "src/a.rs"])
}

/// Pieces of code of both languages, in any order.
fn code() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "defmodule A do\n",
        "def a(x), do: x\n",
        "defp b(_) do\n",
        "end\n",
        "case x do\n",
        "_ -> 1\n",
        "raise \"x\"\n",
        "fn a() {\n",
        "}\n",
        "match x {\n",
        "_ => 1,\n",
        "return;\n",
        "x.unwrap();\n",
        "// TODO: x\n",
        "# FIXME y\n",
        "@doc \"d\"\n",
        "/// d\n",
        "pub struct S;\n",
        "impl S {\n",
        "use X\n",
        "{:ok, x} = File.read(y)\n",
        "é",
        "\r\n",
        "\"",
        "(",
        "unquote(x)",
        "#[test]\n",
        "&b/1\n",
        "quote do\n",
        "fn x -> x end\n",
        "with a <- b do\n",
        "else\n",
        "else {\n",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn holds(path: &str, source: &str) -> Result<(), TestCaseError> {
    let findings = review(path, source, &[]);
    prop_assert!(findings.len() <= MOST);
    for finding in &findings {
        prop_assert!(!finding.range.is_empty() && source.get(finding.range.clone()).is_some());
        prop_assert!(!finding.text.is_empty() && !finding.text.contains(char::is_control));
    }
    let (syntax, ..) = parsed(path, source);
    let nodes = syntax.nodes(&(0..source.len()));
    for broken in (0..nodes.len()).filter(|at| nodes.kind(*at) == "ERROR").map(|at| nodes.range(at)) {
        let is_inside = |finding: &&Finding| broken.start <= finding.range.start && finding.range.end <= broken.end;
        prop_assert_eq!(findings.iter().find(is_inside), None);
    }
    let place = |finding: &Finding| (finding.range.start, finding.range.end, finding.kind);
    prop_assert!(findings.is_sorted_by_key(place));
    let unique: std::collections::HashSet<_> = findings.iter().map(|one| (place(one), &one.text)).collect();
    prop_assert_eq!(unique.len(), findings.len());
    Ok(())
}

proptest! {
    #[test]
    fn any_text_can_be_reviewed(path in paths(), source in "\\PC{0,200}|[a-z(){};<>=\n\"#@:_ ]{0,200}") {
        holds(path, &source)?;
    }

    #[test]
    fn any_pieces_of_code_can_be_reviewed(path in paths(), source in code()) {
        holds(path, &source)?;
    }

    #[test]
    fn any_reply_can_be_read(path in paths(), source in code(), reply in "\\PC{0,100}|((error|warning|info|12|`|x|: |- |\n|def a|end|…|none|[*]){0,30})", from in 0_usize..200, to in 0_usize..200) {
        let (syntax, _, text) = parsed(path, &source);
        match ReviewReply::read(&reply, &text, Some(&syntax), &(from..to)) {
            Ok(read) => for finding in read.findings {
                prop_assert!(from <= finding.range.start && finding.range.end <= to.max(from));
                prop_assert!(!text.slice(finding.range.clone()).trim().is_empty());
            },
            Err(sentence) => prop_assert!(sentence.ends_with("answer none.")),
        }
    }

    #[test]
    fn a_quoted_line_is_found(path in paths(), source in code(), line in 0_usize..60) {
        let (syntax, _, text) = parsed(path, &source);
        let is_code = |line: &&str| line.chars().filter(|char| char.is_alphanumeric()).count() > 3 && !line.starts_with("else");
        let lines: Vec<_> = source.lines().map(str::trim).filter(is_code).collect();
        let code = if lines.is_empty() { return Ok(()) } else { lines[line % lines.len()] };
        let reply = format!("warning: `{code}`: wrong");
        let read = ReviewReply::read(&reply, &text, Some(&syntax), &(0..source.len())).unwrap();
        prop_assert_eq!(text.slice(read.findings[0].range.clone()), code);
    }
}

/// The kinds of the nodes of exactly a range, the outermost first.
fn kinds(path: &str, text: &Text, range: &Range<usize>) -> Vec<&'static str> {
    let syntax = Syntax::parse(Language::from_file_name(path).unwrap(), text, None, || true).unwrap();
    let nodes = syntax.nodes(range);
    (0..nodes.len()).filter(|at| nodes.range(*at) == *range).map(|at| nodes.kind(at)).collect()
}

fn follows_edits(path: &str, source: &str, choices: &[(usize, usize, u8)]) -> Result<(), TestCaseError> {
    let mut text = Text::new(source);
    let found = review(path, source, &[]);
    prop_assert!(found.len() > 3, "{found:?}");
    let before: Vec<_> = found
        .iter()
        .map(|finding| (text.slice(finding.range.clone()).into_owned(), kinds(path, &text, &finding.range)))
        .collect();
    let mut findings = Findings::new(found, &text);
    let number = findings.len();
    let (comment, definition) = match path.ends_with(".rs") {
        true => ("// é\n", "pub fn extra(x: u8) -> u8 {\n    x + 1\n}\n"),
        false => ("# é\n", "  def extra(x), do: x + 1\n"),
    };
    let starts_definition = |line: &str| ["  def", "fn", "pub"].iter().any(|word| line.starts_with(word));
    for (place, other, kind) in choices {
        // Definitions and lines put in, blank lines taken out, anywhere but inside of a finding.
        let line = place % text.line_count();
        let start = text.line_start(line);
        let blank = text.slice(text.line_range(line)).trim().is_empty();
        let edit = match kind {
            0 if blank => Edit { range: start..text.line_start(line + 1), text: String::new() },
            1 => Edit { range: start..start, text: "\n".repeat(other % 3 + 1) },
            2 if starts_definition(&text.slice(text.line_range(line))) => {
                Edit { range: start..start, text: definition.to_owned() }
            }
            _ => Edit { range: start..start, text: comment.to_owned() },
        };
        if findings.iter().any(|(_, finding)| {
            finding.range.start < edit.range.end.max(start + 1)
                && start < finding.range.end
                && start > finding.range.start
        }) {
            continue;
        }
        prop_assert!(!findings.edited(&text.splice(&edit)));
    }
    prop_assert_eq!(findings.len(), number);
    let after: Vec<_> = findings
        .iter()
        .map(|(_, finding)| (text.slice(finding.range.clone()).into_owned(), kinds(path, &text, &finding.range)))
        .collect();
    prop_assert_eq!(after, before);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// 500 edits that leave the code as it is: every finding stays at its node.
    #[test]
    fn findings_keep_their_place(choices in prop::collection::vec((any::<usize>(), any::<usize>(), 0_u8..4), 500)) {
        follows_edits("lib/shop/cart.ex", SHOP, &choices)?;
        follows_edits("src/ledger.rs", BOOK, &choices)?;
    }

    /// 500 edits of any kind: a finding is lost only by an edit of its own bytes, and its text stays as it is.
    #[test]
    fn a_finding_goes_only_with_its_code(choices in prop::collection::vec((any::<usize>(), 0_usize..12, "[a-zé\n(){}\" ]{0,8}"), 500)) {
        for (path, source) in [("lib/shop/cart.ex", SHOP), ("src/ledger.rs", BOOK)] {
            let mut text = Text::new(source);
            let mut findings = Findings::new(review(path, source, &[]), &text);
            for (place, length, new) in &choices {
                let start = text.floor(place % (text.len() + 1));
                let range = start..text.floor(start + length);
                let before: Vec<_> = findings.iter().map(|(id, one)| (id, one.range.clone(), text.slice(one.range.clone()).into_owned())).collect();
                let splice = text.splice(&Edit { range: range.clone(), text: new.clone() });
                let vanished = findings.edited(&splice);
                prop_assert_eq!(vanished, findings.len() < before.len());
                for (id, own, code) in before {
                    let is_touched = match range.is_empty() {
                        true => own.start < start && start < own.end && !new.is_empty(),
                        false => own.start < range.end && range.start < own.end,
                    };
                    match findings.get(id) {
                        Some(finding) => prop_assert_eq!(text.slice(finding.range.clone()), code),
                        None => prop_assert!(is_touched),
                    }
                    prop_assert!(findings.get(id).is_none() || !is_touched);
                }
            }
        }
    }

    #[test]
    fn a_whole_new_text_keeps_what_it_shares(place in any::<usize>(), new in "[a-z\n ]{1,20}") {
        let (before, found) = (Text::new(BOOK), review("src/ledger.rs", BOOK, &[]));
        let mut after = before.clone();
        let start = after.line_start(place % after.line_count());
        after.splice(&Edit { range: start..start, text: format!("// {}\n", new.replace('\n', " ")) });
        let mut findings = Findings::new(found, &before);
        let number = findings.len();
        prop_assert!(!findings.replaced(&before, &after));
        prop_assert_eq!(findings.len(), number);
    }
}

#[test]
fn deep_texts_can_be_reviewed() {
    let deep = 20_000;
    for source in [
        "(".repeat(deep),
        format!("{}x{}", "if x { ".repeat(deep), " }".repeat(deep)),
        format!("fn a() {{{}{}}}", "{".repeat(deep), "}".repeat(deep)),
    ] {
        review("src/a.rs", &source, &[]);
    }
    for source in [
        "[".repeat(deep),
        format!("def a do {} x {} end", "if x do ".repeat(deep), " end".repeat(deep)),
        "fn -> ".repeat(deep),
    ] {
        review("lib/a.ex", &source, &[]);
    }
}

const SHOP: &str = "defmodule Shop do

  # TODO: taxes
  def a(x), do: x

  def a(0), do: 0

  defp unused(x) do

    File.write(x, \"\")

    case x do

      _ -> 1

      2 -> 3
    end
  end
end
";

const BOOK: &str = "// FIXME: names

fn unused(x: Option<u8>) -> u8 {

    match x {

        _ => 1,

        None => 2,
    }
}

pub fn open() {

    x.unwrap();

    return;

    drop(1);
}
";

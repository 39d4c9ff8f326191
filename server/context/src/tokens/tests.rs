//! Tests of [`Counter`]: exact counts, estimates, and texts made to be slow.

use aiex_syntax::Language::{self, Elixir, Rust};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{segments::segments, *};

const RUST_TEXT: &str = include_str!("family.rs");
const ELIXIR_TEXT: &str = include_str!("../../../../fixtures/elixir_shop/lib/shop/cart.ex");

fn families(models: &[&str], expected: Expect) {
    let line = |model: &&str| format!("{model} {:?}\n", Family::of(model));
    expected.assert_eq(&models.iter().map(line).collect::<String>());
}

#[test]
fn a_model_s_family_is_told_from_its_name() {
    families(
        &[
            "openai/gpt-4o",
            "openai/gpt-4.1-mini",
            "gpt-5",
            "openrouter/openai/gpt-5.2-codex",
            "o1",
            "azure/o3-mini",
            "o4-mini-2025-04-16",
            "chatgpt-4o-latest",
            "codex-mini-latest",
            "groq/openai/gpt-oss-120b",
            "ollama/gpt-oss:20b",
            "bedrock/openai.gpt-oss-120b-1:0",
            "ft:gpt-4o:org:name:id",
        ],
        expect![[r#"
            openai/gpt-4o O200k
            openai/gpt-4.1-mini O200k
            gpt-5 O200k
            openrouter/openai/gpt-5.2-codex O200k
            o1 O200k
            azure/o3-mini O200k
            o4-mini-2025-04-16 O200k
            chatgpt-4o-latest O200k
            codex-mini-latest O200k
            groq/openai/gpt-oss-120b O200k
            ollama/gpt-oss:20b O200k
            bedrock/openai.gpt-oss-120b-1:0 O200k
            ft:gpt-4o:org:name:id O200k
        "#]],
    );
    families(
        &["openai/gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "azure/gpt-35-turbo-16k", "text-embedding-3-small"],
        expect![[r#"
            openai/gpt-4 Cl100k
            gpt-4-turbo Cl100k
            gpt-3.5-turbo Cl100k
            azure/gpt-35-turbo-16k Cl100k
            text-embedding-3-small Cl100k
        "#]],
    );
    families(
        &[
            "anthropic/claude-sonnet-5",
            "openrouter/anthropic/claude-sonnet-4.5",
            "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
            "ollama/llama3.3:70b",
            "groq/meta-llama/llama-4-scout",
            "ollama/codellama:13b",
            "ollama/qwen2.5-coder:7b",
            "work/QwQ-32B",
            "deepseek/deepseek-v4-flash",
            "ollama/deepseek-r1-distill-llama-70b",
            "mistral/codestral-latest",
            "mistral/ministral-8b",
            "gemini/gemini-flash-latest",
            "xai/grok-4.5",
            "openai/next-year-s",
            "azure/our-deployment",
            "work/o1x",
            "offline",
            "",
            "/",
        ],
        expect![[r#"
            anthropic/claude-sonnet-5 Claude
            openrouter/anthropic/claude-sonnet-4.5 Claude
            bedrock/anthropic.claude-3-haiku-20240307-v1:0 Claude
            ollama/llama3.3:70b Llama
            groq/meta-llama/llama-4-scout Llama
            ollama/codellama:13b Unknown
            ollama/qwen2.5-coder:7b Qwen
            work/QwQ-32B Qwen
            deepseek/deepseek-v4-flash DeepSeek
            ollama/deepseek-r1-distill-llama-70b Llama
            mistral/codestral-latest Mistral
            mistral/ministral-8b Mistral
            gemini/gemini-flash-latest Gemini
            xai/grok-4.5 Grok
            openai/next-year-s OpenAi
            azure/our-deployment OpenAi
            work/o1x Unknown
            offline Unknown
             Unknown
            / Unknown
        "#]],
    );
}

fn counts(model: &str, texts: &[&str], expected: Expect) {
    let counter = Counter::new(model);
    let line = |text: &&str| {
        let Count { tokens, exact } = counter.count(text);
        format!("{}{tokens} {text:?}\n", if exact { "" } else { "~" })
    };
    expected.assert_eq(&texts.iter().map(line).collect::<String>());
}

#[test]
fn known_vocabularies_count_exactly_and_others_say_that_they_estimate() {
    let texts = [
        "",
        "a",
        "hello world",
        "def total(items), do: Enum.sum(items)\n",
        "<|endoftext|>",
        "日本語のテキスト",
        "🦀🦀",
    ];
    counts(
        "gpt-4o",
        &texts,
        expect![[r#"
        0 ""
        1 "a"
        2 "hello world"
        10 "def total(items), do: Enum.sum(items)\n"
        7 "<|endoftext|>"
        6 "日本語のテキスト"
        6 "🦀🦀"
    "#]],
    );
    counts(
        "gpt-4",
        &texts,
        expect![[r#"
        0 ""
        1 "a"
        2 "hello world"
        10 "def total(items), do: Enum.sum(items)\n"
        7 "<|endoftext|>"
        8 "日本語のテキスト"
        6 "🦀🦀"
    "#]],
    );
    counts(
        "anthropic/claude-sonnet-5",
        &texts,
        expect![[r#"
        ~0 ""
        ~2 "a"
        ~3 "hello world"
        ~14 "def total(items), do: Enum.sum(items)\n"
        ~10 "<|endoftext|>"
        ~9 "日本語のテキスト"
        ~9 "🦀🦀"
    "#]],
    );
}

fn whole(vocabulary: Vocabulary, text: &str) -> usize {
    let encoder = match vocabulary {
        Vocabulary::O200k => tiktoken_rs::o200k_base_singleton(),
        Vocabulary::Cl100k => tiktoken_rs::cl100k_base_singleton(),
    };
    encoder.count_ordinary(text)
}

/// The sum over segments of at most `most` bytes, and whether it must be that of the whole.
fn by_segments(vocabulary: Vocabulary, text: &str, most: usize) -> (usize, bool) {
    let mut sum = (0, true);
    for segment in segments(text, most) {
        sum.0 += whole(vocabulary, segment.text);
        sum.1 &= segment.ends_a_piece;
    }
    sum
}

#[test]
fn segments_count_what_the_whole_counts() {
    for vocabulary in [Vocabulary::O200k, Vocabulary::Cl100k] {
        for text in [RUST_TEXT, ELIXIR_TEXT] {
            for most in [40, 64, 100, 1000] {
                let (sum, exact) = by_segments(vocabulary, text, most);
                assert!(sum.abs_diff(whole(vocabulary, text)) <= if exact { 0 } else { text.len() / most });
                assert!(exact || most < 1000, "{most}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn segments_of_any_text_that_say_so_add_up(
        words in prop::collection::vec("[a-zA-Z]{1,6}|'s|'LL|[0-9]{1,5}|[ \t]{1,3}|[\r\n]{1,3}|[/:;(.'\"_]{1,3}|é|ſ|日|\u{2003}|\u{301}|🦀", 0..60),
        most in 4..40_usize,
    ) {
        let text = words.concat();
        prop_assert_eq!(segments(&text, most).map(|segment| segment.text).collect::<String>(), text.clone());
        for segment in segments(&text, most) {
            prop_assert!(!segment.text.is_empty() && segment.text.len() <= most);
        }
        for vocabulary in [Vocabulary::O200k, Vocabulary::Cl100k] {
            // Each cut that is said to end a piece, alone.
            let mut at = 0;
            for segment in segments(&text, most).filter(|segment| segment.ends_a_piece) {
                at = segment.text.as_ptr() as usize - text.as_ptr() as usize + segment.text.len();
                let (left, right) = text.split_at(at);
                let sum = whole(vocabulary, left) + whole(vocabulary, right);
                prop_assert_eq!(sum, whole(vocabulary, &text), "{:?} | {:?}", left, right);
            }
            prop_assert!(at <= text.len());
        }
    }

    #[test]
    fn any_text_has_an_estimate(text in any::<String>()) {
        for language in [None, Some(Rust), Some(Elixir)] {
            let estimate = estimate(&text, language);
            prop_assert!(estimate.is_finite() && (estimate >= 1.0 || text.is_empty()), "{}", estimate);
            prop_assert!(estimate <= 4.0 * text.len() as f32);
        }
    }

    #[test]
    fn a_correction_stays_in_bounds(pairs in prop::collection::vec((any::<u32>(), any::<u32>()), 0..40)) {
        let mut correction = Correction::default();
        for (estimated, reported) in pairs {
            correction.observe(estimated as usize, reported as usize);
            prop_assert!((0.5..=3.0).contains(&correction.factor()));
        }
        let json = serde_json::to_string(&correction).unwrap();
        prop_assert_eq!(serde_json::from_str::<Correction>(&json).unwrap(), correction);
    }
}

#[test]
fn long_runs_take_linear_time_and_are_labelled() {
    // More than the million steps back at which the encoder's regular expression gives up.
    const SIZE: usize = 1_200_000;
    let texts = ["a", " ", "\n", "=", "A", "é", "日", "🦀", "\u{301}", "aB", " \n", "()", "{\"a\":[", "\u{2003}", "'s"];
    for text in texts {
        let text = text.repeat(SIZE / text.len());
        for vocabulary in [Vocabulary::O200k, Vocabulary::Cl100k] {
            // It ends: at a quadratic cost these would take hours, and the encoder alone panics on some.
            let count = vocabulary.count(&text);
            assert!(count.tokens > 0 && count.tokens <= SIZE);
        }
    }
    assert!(!Counter::new("gpt-4o").count(&"a".repeat(SIZE)).exact);
    assert!(Counter::new("gpt-4o").count(&"fn a() { b(1) }\n".repeat(10_000)).exact);
}

/// Relative error of the estimate's sum over the lines, and the mean over the single lines, in percent.
fn errors(text: &str, language: Option<Language>) -> (f32, f32) {
    let lines: Vec<_> = text.split_inclusive('\n').filter(|line| line.trim().len() >= 20).collect();
    let (mut sum, mut exact_sum, mut error) = (0.0, 0.0, 0.0);
    for line in &lines {
        let exact = whole(Vocabulary::O200k, line) as f32;
        let estimate = estimate(line, language);
        sum += estimate;
        exact_sum += exact;
        error += (estimate - exact).abs() / exact;
    }
    (100.0 * (sum / exact_sum - 1.0), 100.0 * error / lines.len() as f32)
}

#[test]
fn estimates_are_close_on_code_that_they_were_not_fitted_on() {
    for (text, language) in
        [(RUST_TEXT, Some(Rust)), (ELIXIR_TEXT, Some(Elixir)), (include_str!("../../../../README.md"), None)]
    {
        let (bias, mean) = errors(text, language);
        assert!(bias.abs() < 8.0 && mean < 12.0, "{language:?}: bias {bias} %, mean {mean} %");
        let exact = whole(Vocabulary::O200k, text) as f32;
        let all = estimate(text, language);
        assert!((all / exact - 1.0).abs() < 0.08, "{language:?}: {all} for {exact}");
    }
}

#[test]
fn a_correction_covers_what_is_reported_and_no_odd_report_runs_away_with_it() {
    let mut correction = Correction::default();
    let mut seen = Vec::new();
    // Those of 9 and of a thousandth are about something else.
    for reported in [1200, 1210, 9000, 1190, 1, 1205, 7000, 800] {
        correction.observe(1000, reported);
        seen.push(correction.factor());
    }
    // Too small to say anything.
    correction.observe(10, 30);
    seen.push(correction.factor());
    expect!["[1.236, 1.246, 1.246, 1.246, 1.246, 1.246, 1.551, 1.551, 1.551]"].assert_eq(&format!("{seen:.3?}"));
    let counter = Counter::new("anthropic/claude-sonnet-5").with_correction(correction.clone());
    assert!(counter.count(RUST_TEXT).tokens > Counter::new("anthropic/claude-sonnet-5").count(RUST_TEXT).tokens);
    let exact = Counter::new("gpt-5");
    assert_eq!(exact.clone().with_correction(correction).count(RUST_TEXT), exact.count(RUST_TEXT));
    let stored: Correction = serde_json::from_str("[1e30, -4.0, 1.1, 0.0, 1.1]").unwrap();
    assert_eq!(stored.factor(), 1.133);
    let of = |reports: &[usize]| {
        let mut correction = Correction::default();
        reports.iter().for_each(|reported| correction.observe(1000, *reported));
        correction.factor()
    };
    assert_eq!((of(&[]), of(&[7900]), of(&[7900; 20])), (1.0, 3.0, 3.0), "nobody makes a prompt smaller than a third");
    assert_eq!((of(&[500]), of(&[500; 2]), of(&[300; 20])), (1.0, 1.0, 0.5));
}

#[test]
fn counts_are_those_of_the_authority() {
    for vocabulary in [Vocabulary::O200k, Vocabulary::Cl100k] {
        for text in [RUST_TEXT, ELIXIR_TEXT, include_str!("../../../../README.md"), include_str!("tests.rs")] {
            assert_eq!(vocabulary.count(text).tokens, whole(vocabulary, text));
            for line in text.lines() {
                assert_eq!(vocabulary.count(line).tokens, whole(vocabulary, line), "{line:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn counts_of_any_text_are_those_of_the_authority(
        words in prop::collection::vec(
            "[a-zA-Z]{1,9}|'s|'LL|'\u{17f}|'re|[0-9]{1,5}|[ \t]{1,4}|[\r\n]{1,3}|[ \n\u{2003}]{1,5}|[/:;(.'\"_]{1,9}|é|É|ǅ|ʰ|日本|\u{301}|²|🦀|\\PC",
            0..40,
        ),
        any in any::<String>(),
    ) {
        for text in [words.concat(), any] {
            for vocabulary in [Vocabulary::O200k, Vocabulary::Cl100k] {
                prop_assert_eq!(vocabulary.count(&text).tokens, whole(vocabulary, &text), "{:?}", text);
            }
        }
    }
}

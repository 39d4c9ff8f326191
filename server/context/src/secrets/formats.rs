//! Secrets that say themselves what they are, by how they begin.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::{Found, judge};

/// How a secret begins, what it looks like from there on, and what it is. From its issuers' documentation. Where the
/// pattern has a group, that is the secret.
const FORMATS: &[(&str, &str, &str)] = &[
    ("AKIA", "AKIA[A-Z2-7]{16}", "aws-access-key-id"),
    ("ASIA", "ASIA[A-Z2-7]{16}", "aws-access-key-id"),
    ("ghp_", "ghp_[A-Za-z0-9]{36,}", "github-token"),
    ("gho_", "gho_[A-Za-z0-9]{36,}", "github-token"),
    ("ghu_", "ghu_[A-Za-z0-9]{36,}", "github-token"),
    ("ghs_", "ghs_[A-Za-z0-9]{36,}", "github-token"),
    ("ghr_", "ghr_[A-Za-z0-9]{36,}", "github-token"),
    ("github_pat_", "github_pat_[A-Za-z0-9_]{50,}", "github-token"),
    ("glpat-", "glpat-[A-Za-z0-9_.-]{20,}", "gitlab-token"),
    ("gldt-", "gldt-[A-Za-z0-9_-]{20,}", "gitlab-token"),
    ("glrt-", "glrt-[A-Za-z0-9_.-]{20,}", "gitlab-token"),
    ("glptt-", "glptt-[0-9a-f]{40}", "gitlab-token"),
    ("xox", "xox[abeoprs]-[A-Za-z0-9-]{10,}", "slack-token"),
    ("xapp-", "xapp-[0-9]-[A-Za-z0-9-]{10,}", "slack-token"),
    ("hooks.slack.com/services/", "hooks\\.slack\\.com/services/(T\\w{6,}/B\\w{6,}/\\w{16,})", "slack-webhook"),
    ("sk_live_", "sk_live_[A-Za-z0-9]{16,}", "stripe-key"),
    ("rk_live_", "rk_live_[A-Za-z0-9]{16,}", "stripe-key"),
    ("sk_test_", "sk_test_[A-Za-z0-9]{16,}", "stripe-key"),
    ("rk_test_", "rk_test_[A-Za-z0-9]{16,}", "stripe-key"),
    ("whsec_", "whsec_[A-Za-z0-9+/]{24,}=*", "stripe-key"),
    ("sk-", "sk-ant-[A-Za-z0-9_-]{20,}", "anthropic-key"),
    ("sk-", "sk-or-v1-[A-Za-z0-9]{32,}", "openrouter-key"),
    ("sk-", "sk-(?:proj-|svcacct-|admin-|None-)[A-Za-z0-9_-]{20,}", "openai-key"),
    ("sk-", "sk-[A-Za-z0-9]{20,}", "openai-key"),
    ("AIza", "AIza[A-Za-z0-9_-]{35}", "google-api-key"),
    ("GOCSPX-", "GOCSPX-[A-Za-z0-9_-]{28}", "google-client-secret"),
    ("ya29.", "ya29\\.[A-Za-z0-9_-]{30,}", "google-token"),
    ("npm_", "npm_[A-Za-z0-9]{36}", "npm-token"),
    ("pypi-", "pypi-[A-Za-z0-9_-]{50,}", "pypi-token"),
    ("SG.", "SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}", "sendgrid-key"),
    ("SK", "SK[0-9a-f]{32}", "twilio-key"),
    ("eyJ", "eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}", "json-web-token"),
    ("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1[A-Z0-9]{58}", "age-key"),
    ("AccountKey=", "AccountKey=([A-Za-z0-9+/]{40,}={0,2})", "azure-key"),
    ("SharedAccessKey=", "SharedAccessKey=([A-Za-z0-9+/]{40,}={0,2})", "azure-key"),
    ("hf_", "hf_[A-Za-z0-9]{30,}", "huggingface-token"),
    ("dop_v1_", "dop_v1_[0-9a-f]{64}", "digitalocean-token"),
    ("shpat_", "shpat_[0-9a-fA-F]{32}", "shopify-token"),
    ("dckr_pat_", "dckr_pat_[A-Za-z0-9_-]{20,}", "docker-token"),
    ("gsk_", "gsk_[A-Za-z0-9]{40,}", "groq-key"),
    ("xai-", "xai-[A-Za-z0-9]{60,}", "xai-key"),
    ("key-", "key-[0-9a-f]{32}", "mailgun-key"),
    ("cio", "cio[A-Za-z0-9]{32}", "crates-io-token"),
    ("fm2_", "fm2_[A-Za-z0-9+/=_-]{50,}", "fly-token"),
    ("Bearer ", "Bearer +([A-Za-z0-9._~+/-]{16,}=*)", "bearer-token"),
    ("Basic ", "Basic +([A-Za-z0-9+/]{12,}={0,2})", "basic-authorization"),
];

struct Formats {
    beginnings: AhoCorasick,
    patterns: Vec<Regex>,
}

static COMPILED: LazyLock<Option<Formats>> = LazyLock::new(|| {
    let patterns = FORMATS.iter().map(|(_, pattern, _)| Regex::new(&format!("^(?:{pattern})")));
    Some(Formats {
        beginnings: AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::Standard)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(FORMATS.iter().map(|(beginning, ..)| beginning))
            .ok()?,
        patterns: patterns.collect::<Result<_, _>>().ok()?,
    })
});

/// The longest secret that is looked for, in bytes; private keys are found elsewhere.
const LONGEST: usize = 4096;

pub(super) fn find(text: &str) -> Vec<Found> {
    let Some(formats) = COMPILED.as_ref() else { return Vec::new() };
    let (mut found, mut done) = (Vec::new(), 0);
    for hit in formats.beginnings.find_overlapping_iter(text) {
        let start = hit.start();
        if start < done || joins_word(text, start) {
            continue;
        }
        let rest = judge::beginning(text.get(start..).unwrap_or_default(), LONGEST);
        let index = hit.pattern().as_usize();
        let (Some(pattern), Some((beginning, _, kind))) = (formats.patterns.get(index), FORMATS.get(index)) else {
            continue;
        };
        let Some(groups) = pattern.captures(rest) else { continue };
        let Some(secret) = groups.get(1).or_else(|| groups.get(0)) else { continue };
        done = start + secret.end();
        let value = secret.as_str().strip_prefix(beginning).unwrap_or(secret.as_str());
        if judge::is_example(secret.as_str()) || !judge::is_varied(value) {
            continue;
        }
        if *kind == "basic-authorization" && !judge::is_random(value) {
            continue;
        }
        found.push(Found { range: start + secret.start()..start + secret.end(), kind });
    }
    found
}

/// Whether the byte before belongs to the same word, as in `task-list` for `sk-`.
fn joins_word(text: &str, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_compiles_and_begins_as_it_says() {
        assert!(COMPILED.is_some());
        for (beginning, pattern, kind) in FORMATS {
            assert!(pattern.replace("\\.", ".").starts_with(beginning.trim_end()), "{kind}");
        }
    }
}

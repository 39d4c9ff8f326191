//! Which addresses may be followed from an answer, and how the others are named.

use crate::markdown::code;

/// The longest address that stays a link, in bytes: a longer one has room to carry what was read.
const MAX_ADDRESS: usize = 200;

/// Whether a link to `address` may stay: plain web, and with nothing in it that a site could read data from but a path.
pub(crate) fn is_harmless(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '#']).next().unwrap_or_default();
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && address.len() <= MAX_ADDRESS
        && !address.contains(|char: char| char == '?' || char == '\\' || char.is_control() || char.is_whitespace())
        && !host.is_empty()
        && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'))
}

/// The host of an address in code font, if it has one that can be named in a few plain characters.
pub(crate) fn host(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("//")?;
    let authority = rest.split(['/', '#', '?', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | ':');
    (!host.is_empty() && host.len() <= 100 && host.chars().all(plain)).then(|| code(host))
}

/// What an address that may not be a link reads as: itself in code font, or if it is over-long its host.
pub(crate) fn named(address: &str) -> String {
    if address.len() <= MAX_ADDRESS { code(address) } else { host(address).unwrap_or_default() }
}

/// Whether an editor would make a link of the bare address that `text` begins with.
pub(crate) fn starts_address(text: &str) -> bool {
    ["http://", "https://", "ftp://", "www."]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

/// Where the bare address that `text` begins with ends: at white space or `<`, and before the punctuation of the sentence.
pub(crate) fn address_end(text: &str) -> usize {
    let word = text.split(|char: char| char.is_whitespace() || char == '<').next().unwrap_or_default();
    word.trim_end_matches(['.', ',', ';', ':', '!', '\'', '"', ')', '*']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_harmless() {
        for address in ["https://hexdocs.pm/ecto", "http://127.0.0.1:4000/", "HTTPS://doc.rust-lang.org/std/#x"] {
            assert!(is_harmless(address), "{address}");
        }
        let long = format!("https://a.b/{}", "x".repeat(200));
        for address in [
            "https://a.b/?q=1",
            "https://user@a.b/",
            "https://user:pw@a.b",
            "javascript:alert(1)",
            "command:x",
            "//a.b",
            "data:text/html,x",
            "file:///etc/passwd",
            "lib/a.ex",
            "#top",
            "https://",
            "https://é.b/",
            "https://a.b\\c",
            "https://a.b/ c",
            &long,
        ] {
            assert!(!is_harmless(address), "{address}");
        }
    }

    #[test]
    fn hosts_are_named_without_userinfo() {
        assert_eq!(host("https://bank.com@evil.example/x?y").as_deref(), Some("`evil.example`"));
        assert_eq!(host("javascript:alert(1)"), None);
        assert_eq!(host("https://a`b/"), None);
    }
}

//! Secrets that their surroundings name: assigned to `password`, `api_key` and the like, and passwords in URLs.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::{Found, judge};

/// What the names of secrets have in them; the last is no name, but what a URL's password comes after.
const PARTS: [&str; 8] = ["pass", "pwd", "secret", "token", "key", "credential", "salt", "://"];

struct Patterns {
    parts: AhoCorasick,
    /// From behind the name: what assigns, and the value in its quotes.
    quoted: Regex,
    /// The same for a name that is itself quoted, an atom, or a module attribute.
    argument: Regex,
    attribute: Regex,
    /// A value without quotes, as files of settings have them, and as connection strings do.
    bare: Regex,
    connection: Regex,
    /// A URL from its colon on.
    url: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    const VALUE: &str = r#"(?:&|Some\(|String::from\(|Secret::new\(|b|r#*|~[sS])?(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`\n]*)`)"#;
    const TYPE: &str = r"(?:\s*:\s*(?:Option<)?&?\s*(?:'static\s+)?(?:str|String)>?)?";
    let regex = |pattern: &str| Regex::new(pattern).ok();
    Some(Patterns {
        parts: AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(PARTS)
            .ok()?,
        quoted: regex(&format!(r#"^["'`]?[\])]?{TYPE}\s*(?:=>|:=|\?=|\|\|=|[=!]=|=|:)\s*{VALUE}"#))?,
        argument: regex(&format!(r#"^["']?[ \t]*,[ \t]*{VALUE}"#))?,
        attribute: regex(&format!(r"^[ \t]+{VALUE}"))?,
        bare: regex(r#"^["']?[ \t]*(?:=|:)[ \t]*([^\s"'`]+)"#)?,
        connection: regex(r#"^[ \t]*=[ \t]*([^\s"'`;&]+)"#)?,
        url: regex(r#"^://[^\s/:@"'`<>]*:([^\s/"'`<>]+)@[^\s"'`]"#)?,
    })
});

/// What a name says its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Password,
    Secret,
    Token,
    Key,
}

impl Named {
    fn kind(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Secret => "secret",
            Self::Token => "token",
            Self::Key => "key",
        }
    }
}

/// How far behind a name its value may end, in bytes.
const LONGEST: usize = 5000;

pub(super) fn find(text: &str, path: &str) -> Vec<Found> {
    let Some(patterns) = PATTERNS.as_ref() else { return Vec::new() };
    let file = File::of(path);
    let (mut found, mut done) = (Vec::new(), 0);
    for hit in patterns.parts.find_iter(text) {
        if hit.pattern().as_usize() == PARTS.len() - 1 {
            found.extend(url(patterns, text, hit.start()));
            continue;
        }
        if hit.start() < done || file == File::Lock {
            continue;
        }
        let bytes = text.as_bytes();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        let start = hit.start()
            - bytes
                .get(..hit.start())
                .unwrap_or_default()
                .iter()
                .rev()
                .take(100)
                .take_while(|byte| is_name(byte))
                .count();
        let end = hit.end()
            + bytes.get(hit.end()..).unwrap_or_default().iter().take(100).take_while(|byte| is_name(byte)).count();
        done = end;
        let before = start.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b'\n');
        if before != b'@' && !may_assign(bytes.get(end..).unwrap_or_default()) {
            continue;
        }
        let Some(named) = text.get(start..end).and_then(named) else { continue };
        let rest = judge::beginning(text.get(end..).unwrap_or_default(), LONGEST);
        let when = |applies: bool, pattern: &'static Regex| if applies { pattern.captures(rest) } else { None };
        let assigned = when(true, &patterns.quoted)
            .or_else(|| when(file == File::Settings, &patterns.bare))
            .or_else(|| when(b";\"'?&".contains(&before), &patterns.connection));
        // A list of words looks like arguments, so what is an argument is judged as in code.
        let is_argument = assigned.is_none();
        let captures = assigned
            .or_else(|| when(b"\"':".contains(&before), &patterns.argument))
            .or_else(|| when(before == b'@', &patterns.attribute));
        let Some(value) = captures.and_then(|groups| groups.iter().skip(1).flatten().next()) else { continue };
        // What is written over and over in one long word is looked at once.
        if value.len() > 200 {
            done = end + value.end();
        }
        let is_secret = match named {
            Named::Password => judge::is_password(value.as_str(), file.is_configuration() && !is_argument),
            Named::Secret => judge::is_key(value.as_str(), 8),
            Named::Token | Named::Key => judge::is_key(value.as_str(), 16),
        };
        if is_secret {
            found.push(Found { range: end + value.start()..end + value.end(), kind: named.kind() });
        }
    }
    found
}

/// Whether what follows a name can give it a value: most names are only used.
fn may_assign(behind: &[u8]) -> bool {
    let is_closing = |byte: &&u8| b"\"'`]) \t\r\n".contains(byte);
    behind.iter().take(100).find(|byte| !is_closing(byte)).is_some_and(|byte| b"=:,?|!".contains(byte))
}

fn url(patterns: &Patterns, text: &str, at: usize) -> Option<Found> {
    let rest = judge::beginning(text.get(at..)?, LONGEST);
    let password = patterns.url.captures(rest)?.get(1)?;
    let range = at + password.start()..at + password.end();
    judge::is_password(password.as_str(), true).then_some(Found { range, kind: "url-password" })
}

/// What the name of a variable, field, key or header says.
fn named(name: &str) -> Option<Named> {
    let words = words(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    // What is made from a secret, or is about one.
    const ABOUT: [&str; 52] = [
        "hash",
        "hashed",
        "digest",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "sha512",
        "md5",
        "fingerprint",
        "public",
        "publishable",
        "field",
        "label",
        "length",
        "len",
        "min",
        "max",
        "size",
        "count",
        "file",
        "path",
        "dir",
        "url",
        "uri",
        "endpoint",
        "prompt",
        "hint",
        "error",
        "message",
        "msg",
        "title",
        "type",
        "kind",
        "regex",
        "pattern",
        "format",
        "placeholder",
        "policy",
        "reset",
        "forgot",
        "name",
        "id",
        "ids",
        "header",
        "param",
        "cookie",
        "prefix",
        "algorithm",
        "command",
        "cmd",
        "expiry",
    ];
    if has(&ABOUT) {
        return None;
    }
    let ends = |ending: &[&str]| words.iter().any(|word| ending.iter().any(|ending| word.ends_with(ending)));
    let starts = |start: &str| words.iter().any(|word| word.starts_with(start));
    if has(&["pass", "pwd", "passphrase", "passcode"]) || ends(&["password", "passwd", "passwords", "pwd"]) {
        return Some(Named::Password);
    }
    if has(&["credential", "credentials", "salt", "secrets", "keybase"]) || ends(&["secret"]) || starts("secret") {
        return Some(Named::Secret);
    }
    if ends(&["token"]) {
        return Some(Named::Token);
    }
    const BEFORE_KEY: [&str; 17] = [
        "api",
        "secret",
        "private",
        "access",
        "encryption",
        "encrypt",
        "signing",
        "sign",
        "auth",
        "account",
        "master",
        "service",
        "shared",
        "storage",
        "write",
        "deploy",
        "app",
    ];
    let is_key = words.windows(2).any(|pair| match pair {
        [before, key] => key.starts_with("key") && BEFORE_KEY.contains(&before.as_str()),
        _ => false,
    });
    let joined = |word: &String| {
        BEFORE_KEY.iter().any(|before| word.strip_suffix("key").is_some_and(|rest| rest.ends_with(before)))
    };
    (is_key || words.iter().any(joined)).then_some(Named::Key)
}

/// Its words in lower case: `secretKeyBase` and `SECRET_KEY-base` are `secret`, `key`, `base`.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut was_small) = (vec![String::new()], false);
    for char in name.chars() {
        if !char.is_ascii_alphanumeric() || (char.is_ascii_uppercase() && was_small) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (char.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(char.to_ascii_lowercase());
        }
        was_small = char.is_ascii_lowercase() || char.is_ascii_digit();
    }
    words
}

/// What a file is, as far as it matters to secrets; told from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    /// Names and values, the values without quotes.
    Settings,
    /// Configuration that quotes its values.
    Configuration,
    /// Versions and their hashes: nothing in it is assigned by people.
    Lock,
    Code,
}

impl File {
    fn of(path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if ending == "lock" || ["package-lock.json", "pnpm-lock.yaml", "go.sum"].contains(&name) {
            return Self::Lock;
        }
        const SETTINGS: [&str; 14] = [
            "env",
            "envrc",
            "ini",
            "cfg",
            "conf",
            "properties",
            "yml",
            "yaml",
            "tfvars",
            "npmrc",
            "netrc",
            "pypirc",
            "pgpass",
            "cnf",
        ];
        if name.starts_with(".env") || name.starts_with("dockerfile") || SETTINGS.contains(&ending) || ending == "sh" {
            return Self::Settings;
        }
        let is_configuration = (ending == "exs" && path.split('/').any(|folder| folder == "config"))
            || ["toml", "json", "tf", "hcl"].contains(&ending);
        if is_configuration { Self::Configuration } else { Self::Code }
    }

    fn is_configuration(self) -> bool {
        matches!(self, Self::Settings | Self::Configuration)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn names_say_what_they_hold() {
        let names = [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "db_pass",
            "passphrase",
            "secret_key_base",
            "CLIENT_SECRET",
            "secretAccessKey",
            "signing_salt",
            "api_key",
            "apiKey",
            "APIKEY",
            "x-api-key",
            "access-token",
            "_authToken",
            "AWS_SECRET_ACCESS_KEY",
            "ACCOUNT_KEY",
            "key",
            "primary_key",
            "public_key",
            "password_hash",
            "password_field",
            "bypass",
            "compass",
            "tokens",
            "token_count",
            "tokenizer",
            "keyboard",
            "secretary",
            "secret_name",
            "passed",
            "monkey",
        ];
        let line = |name: &&str| format!("{name} {}\n", named(name).map_or("-", Named::kind));
        expect![[r#"
            password password
            DB_PASSWORD password
            dbPassword password
            PGPASSWORD password
            db_pass password
            passphrase password
            secret_key_base secret
            CLIENT_SECRET secret
            secretAccessKey secret
            signing_salt secret
            api_key key
            apiKey key
            APIKEY key
            x-api-key key
            access-token token
            _authToken token
            AWS_SECRET_ACCESS_KEY secret
            ACCOUNT_KEY key
            key -
            primary_key -
            public_key -
            password_hash -
            password_field -
            bypass -
            compass -
            tokens -
            token_count -
            tokenizer -
            keyboard -
            secretary secret
            secret_name -
            passed -
            monkey -
        "#]]
        .assert_eq(&names.iter().map(line).collect::<String>());
    }
}

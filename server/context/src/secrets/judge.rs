//! Whether a value is a real secret, or an example, a variable or a name.

/// Words that stand for a secret that is to be put there.
const EXAMPLES: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "change_this",
    "changethis",
    "placeholder",
    "your_",
    "your-",
    "yourpass",
    "yourkey",
    "yoursecret",
    "yourtoken",
    "xxxx",
    "****",
    "....",
    "dummy",
    "redacted",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "replaceme",
    "todo",
    "fixme",
    "aiex_secret_",
    "not_a_",
    "not-a-",
    "fake",
    "sample",
    "00000000",
    "abcdef",
    "123456",
    "lorem",
];

/// Passwords that everyone knows: the defaults of databases, and of documentation.
const KNOWN: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "passphrase",
    "postgres",
    "postgresql",
    "mysql",
    "root",
    "admin",
    "guest",
    "user",
    "username",
    "test",
    "testing",
    "secret",
    "secrets",
    "default",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "string",
    "undefined",
    "required",
    "optional",
    "empty",
    "token",
    "key",
    "foo",
    "bar",
    "baz",
    "qux",
    "foobar",
    "hello",
    "world",
    "dev",
    "development",
    "production",
    "prod",
    "local",
    "localhost",
    "ecto",
    "phoenix",
    "redis",
    "rabbitmq",
    "minio",
    "minioadmin",
    "elastic",
    "sa",
    "value",
    "text",
    "hidden",
    "disabled",
    "enabled",
    "prompt",
    "ask",
    "p",
    "pw",
    "s3cr3t",
    "s3cret",
    "passw0rd",
    "hunter",
    "letmein",
    "qwerty",
    "topsecret",
    "supersecret",
    "mypassword",
    "mysecret",
    "mytoken",
];

/// At most so many bytes of a text, to a character's end.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let most = most.min(text.len());
    (0..=most).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Whether it says of itself that it is none: `<token>`, `${TOKEN}`, `your-api-key`, `xxxx`.
pub(super) fn is_example(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_computed = ["${", "#{", "{{", "<%", "%{", "$(", "%(", "{}", "{:"].iter().any(|mark| value.contains(mark))
        || value.starts_with(['$', '<', '%', '@', '{', '['])
        || (value.starts_with('%') && value.ends_with('%'));
    is_computed || EXAMPLES.iter().any(|word| lower.contains(word))
}

/// Whether it uses more than a few different characters.
pub(super) fn is_varied(value: &str) -> bool {
    let mut seen = [false; 256];
    for byte in value.bytes() {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() >= value.len().min(16) / 2
}

/// Whether it is made as no one writes: letters and digits in no order. A name (`user-session-token`, `AES256`), a path,
/// a version is not.
pub(super) fn is_random(value: &str) -> bool {
    let bytes = value.as_bytes();
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let count = |wanted: u8| bytes.iter().filter(|byte| kind(**byte) == wanted).count();
    let (letters, digits) = (count(0) + count(1), count(2));
    if letters < 3 || is_uuid(value) {
        return false;
    }
    // Capitals that begin words are no sign of chance.
    let changes = (1..bytes.len()).filter(|at| {
        let around = |offset: usize| bytes.get(offset).map_or(3, |byte| kind(*byte));
        match (around(at - 1), around(*at), around(at + 1)) {
            (1, 0, _) | (0, 1, 0) => false,
            (3, ..) | (_, 3, _) => false,
            (before, here, _) => before != here,
        }
    });
    let changes = changes.count();
    digits > 0
        && changes * (if bytes.len() < 20 { 6 } else { 8 }) >= bytes.len()
        && is_varied(value)
        && entropy(value) >= least_entropy(bytes.len())
        || digits == 0 && changes * 5 >= bytes.len() && bytes.len() >= 12 && is_varied(value)
}

/// Bits a character; random texts of this length in base 16 have more.
fn least_entropy(length: usize) -> f32 {
    match length {
        0..12 => 2.3,
        12..24 => 2.7,
        _ => 3.0,
    }
}

/// Shannon's entropy of the bytes, in bits a byte.
fn entropy(value: &str) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = value.len() as f32;
    let share = |count: &u32| *count as f32 / length;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

fn is_uuid(value: &str) -> bool {
    let parts: Vec<_> = value.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a value under a password's name is one that someone uses. In configuration any that is not known to all; in
/// code, where tests and messages have many words, one with a digit or a special character.
pub(super) fn is_password(value: &str, in_configuration: bool) -> bool {
    let value = value.trim_end_matches("\\n");
    let length = value.chars().count();
    if !(4..=200).contains(&length) || value.chars().any(char::is_whitespace) || is_example(value) || is_uuid(value) {
        return false;
    }
    let letters: String = value.chars().filter(|char| char.is_alphabetic()).collect::<String>().to_lowercase();
    if KNOWN.contains(&letters.as_str()) || letters.is_empty() && length < 8 {
        return false;
    }
    let has_digit = value.chars().any(|char| char.is_ascii_digit());
    let is_special = |char: char| char.is_ascii_punctuation() && !"_-./:".contains(char);
    let is_plain_word = !has_digit && !value.contains(is_special);
    if is_plain_word {
        let is_name = value.contains(['_', '/', ':', '.']) || value.contains("password");
        return in_configuration && !is_name && length >= 6 || is_random(value);
    }
    // `test_password_1`, `sha256-with-rsa`, `get_password()` and the like are names.
    let is_call = value.ends_with(')') || value.contains("::") || value.contains("->");
    let is_name = value.contains(['_', '-', '.', '/'])
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
        && (!in_configuration || ["password", "secret", "token"].iter().any(|word| value.contains(word)));
    length >= 6 && !is_call && (!is_name || is_random(value))
}

/// Whether a value under the name of a key, a token or a secret is one: long, of the characters that keys are made of,
/// and random.
pub(super) fn is_key(value: &str, least: usize) -> bool {
    let is_key_character = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-.~:!@#$%^&*".contains(&byte);
    (least..=4000).contains(&value.len())
        && value.bytes().all(is_key_character)
        && !is_example(value)
        && is_random(value)
}

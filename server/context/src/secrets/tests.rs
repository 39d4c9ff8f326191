//! Tests of [`Redactor`]: what is a secret and what is not, and that nothing is lost.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(path: &str, text: &str, expected: Expect) {
    check_from(path, 1, text, expected);
}

fn check_from(path: &str, first_line: usize, text: &str, expected: Expect) {
    let mut redactor = Redactor::new("k7f3");
    let redacted = redactor.redact(path, first_line, text);
    assert_eq!(redactor.restore(&redacted), text);
    let shown = |redaction: &Redaction| {
        format!("{}:{} {} {}\n", redaction.path, redaction.line, redaction.kind, redaction.placeholder)
    };
    expected.assert_eq(&format!("{redacted}\n---\n{}", redactor.redactions.iter().map(shown).collect::<String>()));
}

/// A made-up secret: a beginning, and random-looking characters from `alphabet`. Built here, so that none stands in the
/// repository.
fn made_up(beginning: &str, length: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        alphabet[(state >> 8) as usize % alphabet.len()]
    };
    format!("{beginning}{}", (0..length).map(|_| next()).collect::<String>())
}

const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

fn key(length: usize) -> String {
    made_up("", length, BASE62)
}

/// A private key's lines, 64 characters each.
fn body(lines: usize) -> String {
    let all = key(64 * lines);
    all.as_bytes().chunks(64).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect()
}

fn mark(word: &str, of: &str) -> String {
    format!("-----{word} {of}-----")
}

/// Secrets that say themselves what they are.
fn formats() -> Vec<(&'static str, String)> {
    let jwt = format!("{}.{}.{}", made_up("eyJ", 20, BASE62), made_up("eyJ", 40, BASE62), key(43));
    vec![
        ("aws-access-key-id", made_up("AKIA", 16, BASE32)),
        ("github-token", made_up("ghp_", 36, BASE62)),
        ("github-token", made_up("github_pat_", 82, BASE62)),
        ("gitlab-token", made_up("glpat-", 20, BASE62)),
        ("slack-token", format!("{}-{}", made_up("xoxb-", 12, "0123456789"), key(24))),
        ("stripe-key", made_up("sk_live_", 24, BASE62)),
        ("stripe-key", made_up("rk_live_", 24, BASE62)),
        ("openai-key", made_up("sk-", 48, BASE62)),
        ("openai-key", made_up("sk-proj-", 80, BASE62)),
        ("anthropic-key", made_up("sk-ant-api03-", 93, BASE62)),
        ("google-api-key", made_up("AIza", 35, BASE62)),
        ("npm-token", made_up("npm_", 36, BASE62)),
        ("pypi-token", made_up("pypi-", 120, BASE62)),
        ("sendgrid-key", format!("SG.{}.{}", key(22), key(43))),
        ("twilio-key", made_up("SK", 32, HEX)),
        ("json-web-token", jwt),
        ("age-key", made_up("AGE-SECRET-KEY-1", 58, BASE32)),
        ("huggingface-token", made_up("hf_", 34, BASE62)),
        ("docker-token", made_up("dckr_pat_", 27, BASE62)),
    ]
}

#[test]
fn well_known_formats_are_found_anywhere() {
    for (kind, secret) in formats() {
        for text in [
            format!("let a = \"{secret}\";"),
            format!("# see {secret}, please"),
            format!("x={secret}"),
            secret.clone(),
            format!("curl -H 'X: {secret}' https://example.com"),
        ] {
            let mut redactor = Redactor::new("k7f3");
            let redacted = redactor.redact("lib/a.ex", 1, &text);
            assert_eq!(redactor.redactions.len(), 1, "{kind} in {text}");
            assert_eq!(redactor.redactions[0].kind, kind, "{text}");
            assert_eq!(redacted, text.replace(&secret, "AIEX_SECRET_1_k7f3"));
            assert_eq!(redactor.restore(&redacted), text);
        }
    }
}

#[test]
fn what_is_assigned_to_a_telling_name_is_found() {
    let (key, long, hex) = (key(32), key(64), made_up("", 40, HEX));
    let texts = [
        ("config/runtime.exs", format!("config :shop, ShopWeb.Endpoint, secret_key_base: \"{long}\"")),
        ("config/config.exs", format!("session: [signing_salt: \"{}\"]", made_up("a1B", 5, BASE62))),
        ("config/dev.exs", "  password: \"Tr0ub4dor\",".to_owned()),
        ("config/dev.exs", "  password: \"correcthorse\",".to_owned()),
        ("lib/a.ex", "@password \"b4ttery-st4ple\"".to_owned()),
        ("lib/a.ex", format!("System.put_env(\"API_KEY\", \"{key}\")")),
        ("lib/a.ex", format!("Map.put(opts, :api_key, \"{key}\")")),
        ("lib/a.ex", format!("%{{\"client_secret\" => \"{key}\"}}")),
        ("src/a.rs", format!("const API_KEY: &str = \"{key}\";")),
        ("src/a.rs", format!("let access_token = String::from(\"{key}\");")),
        ("src/a.rs", "let password = Some(\"Tr0ub4dor&3\");".to_owned()),
        ("src/a.rs", format!(".header(\"Authorization\", \"Bearer {key}\")")),
        (".env", format!("AWS_SECRET_ACCESS_KEY={hex}")),
        (".env.prod", "export DB_PASSWORD=correcthorse".to_owned()),
        ("a.yaml", "  password: Tr0ub4dor # of the database".to_owned()),
        ("a.yml", format!("api-key: {hex}")),
        ("a.toml", format!("token = \"{key}\"")),
        ("a.json", format!("{{\"apiKey\": \"{key}\", \"n\": 1}}")),
        ("lib/a.ex", "url: \"ecto://shop:Tr0ub4dor@db.internal/shop\"".to_owned()),
        (".env", "DATABASE_URL=postgres://shop:p4ss@word!@db.internal:5432/shop".to_owned()),
        ("a.cs", "\"Server=db;User Id=sa;Password=Str0ng!er;Encrypt=true\"".to_owned()),
        ("a.rs", format!("\"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={long}{key}==;\"")),
        (".npmrc", format!("//registry.npmjs.org/:_authToken={key}")),
    ];
    let mut redactor = Redactor::new("k7f3");
    let mut shown = String::new();
    for (path, text) in texts {
        let redacted = redactor.redact(path, 1, &text);
        assert_eq!(redactor.restore(&redacted), text);
        shown.push_str(&format!("{redacted}\n"));
    }
    expect![[r#"
        config :shop, ShopWeb.Endpoint, secret_key_base: "AIEX_SECRET_1_k7f3"
        session: [signing_salt: "AIEX_SECRET_2_k7f3"]
          password: "AIEX_SECRET_3_k7f3",
          password: "AIEX_SECRET_4_k7f3",
        @password "AIEX_SECRET_5_k7f3"
        System.put_env("API_KEY", "AIEX_SECRET_6_k7f3")
        Map.put(opts, :api_key, "AIEX_SECRET_6_k7f3")
        %{"client_secret" => "AIEX_SECRET_6_k7f3"}
        const API_KEY: &str = "AIEX_SECRET_6_k7f3";
        let access_token = String::from("AIEX_SECRET_6_k7f3");
        let password = Some("AIEX_SECRET_7_k7f3");
        .header("Authorization", "Bearer AIEX_SECRET_6_k7f3")
        AWS_SECRET_ACCESS_KEY=AIEX_SECRET_8_k7f3
        export DB_PASSWORD=AIEX_SECRET_4_k7f3
          password: AIEX_SECRET_3_k7f3 # of the database
        api-key: AIEX_SECRET_8_k7f3
        token = "AIEX_SECRET_6_k7f3"
        {"apiKey": "AIEX_SECRET_6_k7f3", "n": 1}
        url: "ecto://shop:AIEX_SECRET_3_k7f3@db.internal/shop"
        DATABASE_URL=postgres://shop:AIEX_SECRET_9_k7f3@db.internal:5432/shop
        "Server=db;User Id=sa;Password=AIEX_SECRET_10_k7f3;Encrypt=true"
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=AIEX_SECRET_11_k7f3;"
        //registry.npmjs.org/:_authToken=AIEX_SECRET_6_k7f3
    "#]]
    .assert_eq(&shown);
    let kinds: Vec<_> = redactor.redactions().iter().map(|redaction| redaction.kind).collect();
    expect!["secret secret password password password key key secret key token password bearer-token secret password password key token key url-password url-password password azure-key token"].assert_eq(&kinds.join(" "));
}

#[test]
fn harmless_texts_are_left_as_they_are() {
    let (sha, uuid) = (made_up("", 64, HEX), "6f1c3b0a-52d4-4e8e-9b1f-0a4d5c6e7f80");
    let texts = [
        ("Cargo.lock", format!("checksum = \"{sha}\"")),
        ("mix.lock", format!("\"a\": {{:hex, :a, \"1.0.0\", \"{sha}\", [:mix], [], \"hexpm\", \"{sha}\"}},")),
        ("a.rs", format!("let sha256 = \"{sha}\"; let id = \"{uuid}\"; let token = \"{uuid}\";")),
        ("a.rs", format!("const FIXTURE: &str = \"{}\";", key(80))),
        ("a.rs", format!("password_hash: \"{sha}\", public_key: \"{}\"", key(64))),
        (
            "config/runtime.exs",
            "secret_key_base: System.get_env(\"SECRET_KEY_BASE\") || raise(\"no SECRET_KEY_BASE\")".into(),
        ),
        ("config/runtime.exs", "password: System.fetch_env!(\"DB_PASSWORD\")".into()),
        ("src/a.rs", "let password = std::env::var(\"DB_PASSWORD\")?;".into()),
        ("src/a.rs", "fn login(password: &'static str, token: &'a str) -> Token { Token { key: 'x' } }".into()),
        ("config/dev.exs", "username: \"postgres\", password: \"postgres\", hostname: \"localhost\"".into()),
        ("config/config.exs", "password: \"changeme\", api_key: \"your-api-key-goes-here-123\"".into()),
        (
            ".env.example",
            "API_KEY=<token>\nDB_PASSWORD=${DB_PASSWORD}\nTOKEN=xxxxxxxxxxxxxxxxxxxxxxxx\nSECRET_KEY=".into(),
        ),
        ("lib/a.ex", "token: \"user-session-token\", password: \"is too short\", type: \"password\"".into()),
        ("lib/a.ex", "field :password, :string, virtual: true\nlabel: \"Password\", name: \"user[password]\"".into()),
        ("lib/a.ex", "@session_key \"_shop_key\"\n@remember_me_cookie \"_shop_web_user_remember_me\"".into()),
        ("lib/a.ex", "secret_key_base: String.duplicate(\"a\", 64), password: \"#{password}\"".into()),
        ("lib/a.ex", "validate_length(changeset, :password, min: 12, max: 72)".into()),
        (
            "README.md",
            "postgres://user:password@localhost/db, ecto://USER:PASS@HOST, https://user:pass@example.com".into(),
        ),
        ("README.md", "export ANTHROPIC_API_KEY=sk-ant-...\nghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".into()),
        ("README.md", format!("{}EXAMPLE", made_up("AKIA", 9, BASE32))),
        ("a.css", ".task-list-item-checkbox-with-a-long-name12 {}".into()),
        ("a.rs", format!("{}\n{}{}", mark("BEGIN", "CERTIFICATE"), body(6), mark("END", "CERTIFICATE"))),
        ("a.rs", format!("{}\n{}{}", mark("BEGIN", "PUBLIC KEY"), body(3), mark("END", "PUBLIC KEY"))),
        ("Cargo.toml", "keywords = [\"getpass\", \"security\", \"credential\", \"keychain\"]".into()),
        (
            "a.rs",
            format!(
                "s.starts_with(\"{}\") && s.ends_with(\"{}\")",
                mark("BEGIN", "PRIVATE KEY"),
                mark("END", "PRIVATE KEY")
            ),
        ),
        ("a.h", "{\"dhSinglePass-stdDH-sha1kdf-scheme\", \"dhSinglePass-stdDH-sha1kdf-scheme\", 1}".into()),
        ("a.c", "const char *password = \"test_password\\n\";".into()),
        ("a.exs", format!("assert_file(\"priv/key.pem\", \"{}\")\nend\n", mark("BEGIN", "RSA PRIVATE KEY"))),
        ("a.rs", "enum Token { Key, Secret }\nassert_eq!(token, \"Identifier::Password\");".into()),
        ("a.rs", "let key = \"ArrowUp\"; let api_key_header = \"x-api-key\"; access_token: \"access_token_v2\"".into()),
        ("a.js", "const tokenPattern = /[A-Za-z0-9]{16}/; password.addEventListener('input', check)".into()),
    ];
    let mut damaged = String::new();
    for (path, text) in texts {
        let redacted = Redactor::new("k7f3").redact(path, 1, &text);
        if redacted != text {
            damaged.push_str(&format!("{path}: {redacted}\n"));
        }
    }
    assert_eq!(damaged, "");
}

#[test]
fn a_private_key_goes_as_a_whole() {
    let key = format!("{}\n{}{}", mark("BEGIN", "RSA PRIVATE KEY"), body(4), mark("END", "RSA PRIVATE KEY"));
    check(
        "a.exs",
        &format!("@key \"\"\"\n{key}\n\"\"\"\nx = 1\n"),
        expect![[r#"
            @key """
            AIEX_SECRET_1_k7f3
            """
            x = 1

            ---
            a.exs:2 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    let escaped = format!("{{\"private_key\": \"{}\\n\", \"client_email\": \"a@b.c\"}}", key.replace('\n', "\\n"));
    check(
        "a.json",
        &escaped,
        expect![[r#"
            {"private_key": "AIEX_SECRET_1_k7f3\n", "client_email": "a@b.c"}
            ---
            a.json:1 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    let ssh = key.replace("RSA PRIVATE", "OPENSSH PRIVATE");
    check(
        "id_ed25519",
        &ssh,
        expect![[r#"
            AIEX_SECRET_1_k7f3
            ---
            id_ed25519:1 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
}

#[test]
fn a_part_of_a_private_key_goes_too() {
    let (begin, end) = (mark("BEGIN", "PRIVATE KEY"), mark("END", "PRIVATE KEY"));
    let body = body(5);
    let tail = body.get(30..).unwrap();
    check_from(
        "a.pem",
        3,
        &format!("{tail}{end}\nx = 1\n"),
        expect![[r#"
            AIEX_SECRET_1_k7f3
            x = 1

            ---
            a.pem:3 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    check_from(
        "a.ex",
        9,
        &format!("    {}    {end}\n    \"\"\"\n", tail.replace('\n', "\n    ")),
        expect![[r#"
                AIEX_SECRET_1_k7f3
                """

            ---
            a.ex:9 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    check_from(
        "a.pem",
        3,
        tail,
        expect![[r#"
        AIEX_SECRET_1_k7f3

        ---
        a.pem:3 private-key AIEX_SECRET_1_k7f3
    "#]],
    );
    check_from(
        "a.pem",
        1,
        &format!("x = 1\n{begin}\n{body}"),
        expect![[r#"
            x = 1
            AIEX_SECRET_1_k7f3

            ---
            a.pem:2 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    check_from(
        "a.ex",
        1,
        &format!("{begin}\n{body}\n... 3 lines left out ...\ndef a, do: 1\n"),
        expect![[r#"
            AIEX_SECRET_1_k7f3

            ... 3 lines left out ...
            def a, do: 1

            ---
            a.ex:1 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    check_from(
        "a.json",
        7,
        &format!("{}\\n{end}\\n\",\n", tail.trim_end().replace('\n', "\\n")),
        expect![[r#"
            AIEX_SECRET_1_k7f3\n",

            ---
            a.json:7 private-key AIEX_SECRET_1_k7f3
        "#]],
    );
    // Nothing of a certificate, and no code, is taken for a key.
    let certificate = format!("{tail}{}\n", mark("END", "CERTIFICATE"));
    assert_eq!(Redactor::new("k7f3").redact("a.pem", 3, &certificate), certificate);
    let code = "value\n}\nfn main() {}\n";
    assert_eq!(Redactor::new("k7f3").redact("a.rs", 3, code), code);
}

#[test]
fn one_secret_has_one_placeholder_and_is_found_again_where_nothing_tells_it() {
    let secret = key(32);
    let mut redactor = Redactor::new("k7f3");
    assert_eq!(redactor.redact("a.env", 4, &format!("A=1\nAPI_KEY={secret}")), "A=1\nAPI_KEY=AIEX_SECRET_1_k7f3");
    assert_eq!(redactor.redact("a.rs", 1, &format!("call({secret:?})")), "call(\"AIEX_SECRET_1_k7f3\")");
    let lines: Vec<_> = redactor.redactions().iter().map(|it| (it.path.as_str(), it.line, it.kind)).collect();
    assert_eq!(lines, [("a.env", 5, "key"), ("a.rs", 1, "known")]);
    assert!(!format!("{redactor:?}").contains(&secret));
}

#[test]
fn placeholders_that_were_there_come_back_and_made_up_ones_are_told() {
    let mut redactor = Redactor::new("K7-f3");
    let text = "AIEX_SECRET_1_7f3 AIEX_SECRET_2_other AIEX_SECRET_01_7f3 AIEX_SECRET__7f3";
    let redacted = redactor.redact("a.txt", 1, text);
    expect!["AIEX_SECRET_1_7f3 AIEX_SECRET_2_other AIEX_SECRET_2_7f3 AIEX_SECRET__7f3"].assert_eq(&redacted);
    assert_eq!(redactor.restore(&redacted), text);
    expect![[r#"["AIEX_SECRET_3_7f3", "AIEX_SECRET_0_7f3"]"#]]
        .assert_eq(&format!("{:?}", redactor.unknown(&format!("{redacted} AIEX_SECRET_3_7f3 AIEX_SECRET_0_7f3"))));
}

#[test]
fn a_placeholder_costs_few_tokens() {
    let tokens = crate::tokens::Counter::new("gpt-4o").count("AIEX_SECRET_12_k7f3").tokens;
    assert!(tokens <= 12, "{tokens}");
}

fn piece() -> impl Strategy<Value = String> {
    let secrets: Vec<String> = formats().into_iter().map(|(_, secret)| secret).collect();
    let words = prop_oneof![
        prop::sample::select(secrets),
        prop::sample::select(vec![
            "password = \"Tr0ub4dor\"",
            "api_key: ",
            "token",
            "\"",
            "'",
            "\\",
            "\n",
            " ",
            "=",
            "://u:Tr0ub4dor@h",
            "-----",
            "BEGIN ",
            "-----BEGIN PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            "AIEX_SECRET_",
            "1",
            "_k7f3",
            "_",
            "é",
            "🦀",
            "Bearer ",
        ])
        .prop_map(str::to_owned),
        "[A-Za-z0-9+/]{64}\n",
        any::<String>(),
    ];
    prop::collection::vec(words, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn restoring_what_was_redacted_is_the_identity(pieces in prop::collection::vec((piece(), 1..5_usize), 1..4)) {
        let mut redactor = Redactor::new("k7f3");
        let redacted: Vec<_> = pieces.iter().map(|(text, line)| redactor.redact(".env", *line, text)).collect();
        for (redacted, (text, _)) in redacted.iter().zip(&pieces) {
            prop_assert_eq!(&redactor.restore(redacted), text);
            prop_assert!(redactor.unknown(redacted).is_empty());
        }
        for ((text, first), redacted) in pieces.iter().zip(&redacted) {
            for (_, secret) in formats() {
                let mut places = text.match_indices(&secret).map(|(at, _)| at).peekable();
                let stands_alone = |at: usize| {
                    let byte = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).copied().unwrap_or(b' ');
                    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.=+/".contains(&byte);
                    !is_word(byte(at.checked_sub(1))) && !is_word(byte(Some(at + secret.len())))
                };
                if places.peek().is_some() && places.all(stands_alone) {
                    prop_assert!(!redacted.contains(&secret), "{}: {}", first, secret);
                }
            }
        }
    }

    #[test]
    fn lines_are_those_of_the_text(text in piece(), first in 1..100_usize) {
        let mut redactor = Redactor::new("k7f3");
        redactor.redact("a", first, &text);
        let last = first + text.matches('\n').count();
        prop_assert!(redactor.redactions().iter().all(|it| (first..=last).contains(&it.line)));
        prop_assert!(redactor.redactions().windows(2).all(|pair| pair[0].line <= pair[1].line));
    }
}

#[test]
fn pieces_are_hidden_blanks_and_case_aside() {
    let mut redactor = Redactor::new("k7f3");
    let token: String = (0..50).map(|n| format!("q{:02}", n * 7 % 100)).collect();
    redactor.redact("a.env", 1, &format!("API_KEY={token}\nPASSWORD=tr0ub4d\n"));
    assert_eq!(redactor.redactions().len(), 2);
    let hidden = |text: &str| redactor.hide(text);
    assert_eq!(hidden(&format!("at `{token}`")), "at `AIEX_SECRET_1_k7f3`");
    let (cut, rest) = token.split_at(80);
    assert_eq!(hidden(&format!("é{cut}é {rest}.")), "éAIEX_SECRET_1_k7f3é AIEX_SECRET_1_k7f3.");
    let (line, next) = cut.split_at(30);
    assert_eq!(hidden(&format!("{line}\n  {next}")), "AIEX_SECRET_1_k7f3");
    assert_eq!(hidden(&cut.to_uppercase()), "AIEX_SECRET_1_k7f3");
    assert_eq!(hidden("tr0ub4d, tr0ub"), "AIEX_SECRET_2_k7f3, tr0ub");
    assert_eq!(hidden("AIEX_SECRET_1_k7f3 and other words"), "AIEX_SECRET_1_k7f3 and other words");
}

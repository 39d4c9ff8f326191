//! What README.md says is so.

use std::fs;

use aiex_tests::binary::{Home, top};

use super::source::has_word;

/// The lines of a Markdown text that stand in fenced blocks without a language, or for a shell.
fn shell_lines(markdown: &str) -> Vec<&str> {
    let (mut fence, mut lines) = (None, Vec::new());
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(language), None) => fence = Some(language.trim()),
            (Some(_), Some(_)) => fence = None,
            (None, Some("" | "sh" | "bash" | "console" | "shell")) => lines.push(line.trim()),
            (None, _) => {}
        }
    }
    lines
}

/// The spans of code within the text of a Markdown file, that is outside of fenced blocks.
fn code_spans(markdown: &str) -> Vec<&str> {
    let text = markdown.split("```").step_by(2);
    text.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// What a shell line starts `aiex` with, if it does.
fn aiex_arguments(line: &str) -> Option<Vec<&str>> {
    let line = line.trim_start_matches("$ ");
    let line = line.split_once(" #").map_or(line, |(command, _)| command);
    let mut words = line.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('-'));
    let arguments: Vec<_> = match words.next()? {
        "aiex" => words.collect(),
        "cargo" if line.contains("cargo run") => words.skip_while(|word| *word != "--").skip(1).collect(),
        _ => return None,
    };
    Some(arguments)
}

#[test]
fn the_commands_that_the_readme_quotes_exist() {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let lines = shell_lines(&readme);
    let mut quoted: Vec<_> = lines.iter().filter_map(|line| aiex_arguments(line)).collect();
    assert!(quoted.iter().any(|arguments| arguments[..] == ["demo"]), "README.md shows the demo: {lines:#?}");
    quoted.extend(code_spans(&readme).into_iter().filter_map(aiex_arguments));
    assert!(quoted.iter().any(|arguments| arguments[..] == ["--help"]), "README.md tells of the help: {quoted:#?}");
    let home = Home::default();
    for arguments in quoted {
        let words =
            arguments.iter().take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        let command: Vec<_> = words.filter(|word| !word.starts_with('-')).collect();
        // As deep as there are subcommands: a further word may be an argument.
        let help = (command.len().min(1)..=command.len()).rev().find_map(|depth| {
            let output = home.command(command[..depth].iter().copied()).arg("--help").output().expect("aiex runs");
            output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
        });
        let help =
            help.unwrap_or_else(|| panic!("README.md quotes `aiex {}`, which does not exist", arguments.join(" ")));
        for flag in arguments.iter().filter(|word| word.starts_with("--")) {
            let name = flag.split('=').next().unwrap_or(flag);
            assert!(
                has_word(&help, name),
                "README.md quotes `aiex {}`; `{name}` is not in its help",
                arguments.join(" ")
            );
        }
    }
}

#[test]
fn commands_are_read_as_a_person_reads_them() {
    let lines = "Text `aiex x`\n```sh\n$ aiex explain lib/a.ex:4 --model offline # a comment\nAIEX_MODEL=a/b aiex demo\n```\n```toml\naiex = 1\n```\n```\ncargo run --release -- demo\nls\n```\n";
    let found: Vec<_> = shell_lines(lines).into_iter().filter_map(aiex_arguments).collect();
    assert_eq!(found, [vec!["explain", "lib/a.ex:4", "--model", "offline"], vec!["demo"], vec!["demo"]]);
    let spans: Vec<_> = code_spans(lines).into_iter().filter_map(aiex_arguments).collect();
    assert_eq!(spans, [vec!["x"]]);
}

#[test]
fn the_configuration_that_the_readme_shows_for_helix_is_toml_that_starts_aiex() {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let helix =
        blocks.into_iter().find(|block| block.contains("[language-server")).expect("TOML for Helix in README.md");
    let table: toml::Table = helix.parse().unwrap_or_else(|error| panic!("{error}: {helix}"));
    let server = &table["language-server"]["aiex"];
    assert_eq!((server["command"].as_str(), &server["args"]), (Some("aiex"), &toml::Value::from(vec!["lsp"])));
    let languages = table["language"].as_array().expect("languages");
    for name in ["elixir", "rust"] {
        let language = languages.iter().find(|language| language["name"].as_str() == Some(name));
        let servers = &language.unwrap_or_else(|| panic!("{name} is not in {helix}"))["language-servers"];
        assert!(servers.as_array().is_some_and(|servers| servers.contains(&"aiex".into())), "{servers}");
    }
}

#[test]
fn the_files_that_the_readme_names_exist() {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let targets = readme.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
        let path = target.split('#').next().unwrap_or(target);
        assert!(top().join(path).exists(), "README.md points to {path}, which does not exist");
    }
}

#[test]
fn the_picture_refers_to_nothing_outside_itself() {
    let picture = fs::read_to_string(top().join("tests/picture/hover.svg")).expect("the picture");
    for remote in ["href", "url(", "@import", "<script", "<image", "<foreignObject"] {
        assert!(!picture.contains(remote), "{remote} is in the picture");
    }
    assert_eq!(picture.matches("://").count(), 1, "the namespace, and nothing else");
}

#[test]
fn continuous_integration_runs_the_test_command_of_the_readme() {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let run = fs::read_to_string(top().join(".ci/run")).expect(".ci/run");
    let commands: Vec<_> = shell_lines(&readme).into_iter().filter(|line| line.starts_with("cargo test")).collect();
    assert!(!commands.is_empty(), "README.md shows how to test");
    assert!(run.contains(commands[0]), ".ci/run does not call `{}`", commands[0]);
    assert!(run.contains("AIEX_TESTS_NO_SKIP"), ".ci/run must not let tests be skipped");
}

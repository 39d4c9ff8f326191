//! The command line, as a person or a script sees it: help, exit codes, and what goes to stdout and what to stderr.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
};

use aiex_tests::{
    TIMEOUT,
    binary::{Home, fixture},
    upstream::{Nobody, Upstream},
};
use expect_test::expect;

/// How a command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Code 0 and silence on stderr. Returns stdout.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// Code 1, nothing on stdout, and one sentence with all of these on stderr.
    #[track_caller]
    pub fn failed(self, parts: &[&str]) {
        assert_eq!((self.code, self.stdout.trim()), (Some(1), ""), "{}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("aiex: "), "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {:?}", self.stderr);
        }
    }
}

pub fn end(command: &mut Command) -> Ended {
    // The width of help is that of the terminal, where there is one.
    Ended::of(command.stdin(Stdio::null()).env("COLUMNS", "100").output().expect("aiex runs"))
}

fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    end(&mut Home::default().command(arguments))
}

fn explain(path: &Path, place: &str) -> Ended {
    run(["explain".to_owned(), format!("{}{place}", path.display())])
}

fn write(home: &Home, name: &str, contents: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, contents).expect("a file");
    path
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("aiex starts")
}

/// Ctrl-C, as a terminal sends it.
fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
}

#[test]
fn the_help_teaches_by_example() {
    let help = run(["--help"]).done();
    expect![[r#"
        An AI coding assistant that is a language server

        Your editor starts `aiex lsp` and gets hovers, explanations and code actions from whatever model you
        have: a cloud key, a local server, or none at all. Without a model, Aiex answers from the parse of
        your code.

        Usage: aiex <COMMAND>

        Commands:
          lsp             Be the language server on stdin and stdout; editors start this
          demo            Show what an editor shows, on a sample project: a hover, the actions, an
                          explanation, an edit
          explain         Explain a file, or the symbol at a place in it, as Markdown
          refactor        Change code as you say, as a diff; --write applies it
          fix             Mend what a compiler or a linter finds fault with, as a diff; --write applies it
          document        Write the documentation of a definition, as a diff; --write applies it
          generate        Write the body of a function, a new definition or a new file, as a diff; --write
                          applies it
          generate-tests  Write tests of a function, run them in a copy, and show those that pass as a diff;
                          --write adds them
          review          Find what is wrong with code: by its syntax, and by a model where one is set
          chunks          Show the pieces that a file is told in: whole functions, modules, sections
          ask             Ask a model a question, with files or without
          context         Show what a model would be sent for a place: each piece of code, its tokens, why
                          it is in, and the prompt
          tokens          Count the tokens of files, exactly where the model's vocabulary is public
          providers       List the providers that are configured or found
          doctor          Look at everything that an answer needs, and say what would mend what is wrong
          auth            Keep keys in the system's keychain
          usage           Show what models were asked, and what it cost
          checkpoints     Show the changes that Aiex made to files, and take them back
          config          Show, find or check the configuration
          trust           Say in which workspaces the repository's own code may run (builds, tests,
                          formatters)
          help            Print this message or the help of the given subcommand(s)

        Options:
          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Examples:
          aiex demo                                  see what it does, with nothing set up
          aiex explain lib/shop/cart.ex:42           explain the function at line 42
          AIEX_MODEL=ollama/qwen2.5-coder:7b aiex explain src/main.rs
          aiex doctor                                what works, and what would mend the rest
          aiex config path                           where your configuration belongs

        A model is set as provider/model in the configuration file:
          model = "work/qwen3-coder"
          [providers.work]
          base_url = "http://127.0.0.1:8000/v1"      any OpenAI-compatible address
          api_key = "${WORK_API_KEY}"
    "#]]
    .assert_eq(&help);
}

#[test]
fn every_command_has_help_that_shows_its_usage() {
    let mut pending = vec![Vec::<String>::new()];
    let mut seen = BTreeSet::new();
    while let Some(command) = pending.pop() {
        let help = run(command.iter().map(String::as_str).chain(["--help"])).done();
        let name = ["aiex".to_owned()].iter().chain(&command).cloned().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&format!("Usage: {name}")), "{help}");
        // A sentence before the usage, and one beside each argument and subcommand.
        assert!(!help.starts_with("Usage:"), "{help}");
        let listed = help.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
        let begins_entry = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
        for line in listed.into_iter().flat_map(str::lines).filter(begins_entry) {
            let (word, about) = line.trim().split_once("  ").unwrap_or_else(|| panic!("{line:?} says nothing: {help}"));
            assert!(!about.trim().is_empty());
            if word != "help" {
                pending.push(command.iter().cloned().chain([word.to_owned()]).collect());
            }
        }
        seen.insert(name);
    }
    let expected = [
        "aiex",
        "aiex config",
        "aiex config check",
        "aiex config path",
        "aiex config show",
        "aiex demo",
        "aiex explain",
        "aiex lsp",
        "aiex trust",
        "aiex trust add",
        "aiex trust list",
        "aiex trust remove",
    ];
    let missing: Vec<_> = expected.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?} not among {seen:?}");
}

#[test]
fn the_version_is_said() {
    let version = run(["--version"]).done();
    assert_eq!(version, format!("aiex {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    let check = |arguments: &[&str], parts: &[&str]| {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        for part in parts {
            assert!(ended.stderr.contains(part), "{part:?} is not in {:?}", ended.stderr);
        }
    };
    check(&[], &["Usage: aiex", "explain"]);
    check(&["explian"], &["explian", "explain"]);
    check(&["explain"], &["<PLACE>", "Usage: aiex explain"]);
    check(&["explain", "a.ex", "--modle", "x/y"], &["--modle", "--model"]);
    check(&["explain", "a.ex", "b.ex"], &["b.ex"]);
    check(&["config"], &["Usage: aiex config", "check"]);
    check(&["trust", "everything"], &["everything"]);
}

#[test]
fn a_whole_file_is_explained() {
    let elixir = explain(&fixture("elixir_shop/lib/shop/order.ex"), "").done();
    for part in ["lib/shop/order.ex", "Shop.Order", "transition", "new", "no model was asked"] {
        assert!(elixir.contains(part), "{part:?} is not in {elixir}");
    }
    let rust = explain(&fixture("rust_ledger/src/money.rs"), "").done();
    for part in ["src/money.rs", "Money", "Currency", "checked_add", "split"] {
        assert!(rust.contains(part), "{part:?} is not in {rust}");
    }
}

/// The 1-based line and column of a text in a fixture.
fn place(path: &str, text: &str) -> (usize, usize) {
    let contents = fs::read_to_string(fixture(path)).expect("the fixture");
    let found = contents.lines().enumerate().find_map(|(row, line)| Some((row + 1, line.find(text)? + 1)));
    found.unwrap_or_else(|| panic!("{text:?} is not in {path}"))
}

#[test]
fn a_line_means_the_symbol_that_it_is_in() {
    let check = |path: &str, at: &str, parts: &[&str]| {
        let (line, _) = place(path, at);
        let explained = explain(&fixture(path), &format!(":{line}")).done();
        for part in parts {
            assert!(explained.contains(part), "{part:?} is not in {explained}");
        }
    };
    let order = "elixir_shop/lib/shop/order.ex";
    check(order, "def transition(%{status: :packed}", &["transition", "%{status: :packed}", ":ship"]);
    check(order, "raise ArgumentError", &["transition!", "ArgumentError"]);
    check(order, "System.unique_integer", &["new", "System.unique_integer"]);
    let money = "rust_ledger/src/money.rs";
    check(money, "self.minor.checked_add(other.minor)", &["checked_add", "Option"]);
    check(money, "rest -= step;", &["split"]);
}

#[test]
fn a_column_means_the_name_that_stands_there() {
    let order = "elixir_shop/lib/shop/order.ex";
    let at = |line: usize, column: usize| explain(&fixture(order), &format!(":{line}:{column}")).done();
    // A call within the body of `transition!`.
    let (line, column) = place(order, "transition(order, event) do");
    let call = at(line, column);
    assert!(call.contains("Function `Shop.Order.transition/2`"), "{call}");
    let (definition, name) = place(order, "transition!(order, event)");
    let around = at(definition, name);
    assert!(around.contains("Function `Shop.Order.transition!/2`"), "{around}");
    // The end of the line, and past it, is in the body.
    assert_eq!(at(line, 4000), around);
}

#[test]
fn a_clause_among_those_of_another_function_is_its_own() {
    let home = Home::default();
    let lines = ["def a(1), do: 1", "def b(1), do: 1", "def a(2), do: 2", "def b(2), do: 2", "def b(3), do: 3"];
    let file = write(&home, "m.ex", format!("defmodule M do\n  {}\nend\n", lines.join("\n  ")));
    for (row, line) in lines.iter().enumerate() {
        let explained = explain(&file, &format!(":{}", row + 2)).done();
        let name = format!("Function `M.{}/1`", &line[4..5]);
        assert!(explained.contains(&name), "line {}, `{line}`: {explained}", row + 2);
    }
}

#[test]
fn columns_count_characters() {
    let home = Home::default();
    let file = write(&home, "a.rs", "/* 🦀é世 */ fn first() {} fn second() {}\n");
    let text = fs::read_to_string(&file).expect("the file");
    let column = |name: &str| text.chars().count() - text.split_once(name).expect("the name").1.chars().count();
    assert!(explain(&file, &format!(":1:{}", column("first"))).done().contains("first"));
    let second = explain(&file, &format!(":1:{}", column("second"))).done();
    assert!(second.contains("second") && !second.contains("first"), "{second}");
}

#[test]
fn plain_text_is_explained_as_far_as_it_can_be() {
    let home = Home::default();
    let file = write(&home, "notes.txt", "First line\nSecond line with 世界\n\nLast line\n");
    for place in ["", ":2", ":2:3"] {
        let explained = explain(&file, place).done();
        assert!(explained.contains("notes.txt"), "{explained}");
        assert!(explained.contains('4') || explained.contains('5'), "it says how long the text is: {explained}");
    }
    assert!(!explain(&write(&home, "empty.ex", ""), "").done().is_empty());
}

#[test]
fn odd_files_are_explained_too() {
    let home = Home::default();
    let check = |name: &str, contents: &[u8], part: &str| {
        let explained = explain(&write(&home, name, contents), "").done();
        assert!(explained.contains(part), "{part:?} is not in {explained}");
    };
    check("bom.ex", "\u{feff}defmodule Bom do\n  def a, do: 1\nend\n".as_bytes(), "Bom");
    check("crlf.ex", b"defmodule Crlf do\r\n  def a, do: 1\r\nend\r\n", "Crlf");
    check("nul.rs", b"fn before() {}\0\nfn after() {}\n", "after");
    check("broken.ex", b"defmodule Broken do\n  def whole(x), do: x\n  def half(y, do\n", "whole");
    check("with space and \u{fc}.rs", b"fn spaced() {}\n", "spaced");
    check("deep.rs", format!("fn deep() {{ {}{} }}\n", "(".repeat(10_000), ")".repeat(10_000)).as_bytes(), "deep.rs");
}

#[test]
fn a_file_whose_name_ends_in_numbers_is_meant_whole() {
    let home = Home::default();
    let file = write(&home, "lib.ex:3", "first\n");
    assert!(explain(&file, "").done().contains("lib.ex:3"));
}

#[test]
fn what_cannot_be_explained_is_said_in_a_sentence() {
    let home = Home::default();
    explain(&home.path().join("missing.ex"), ":3").failed(&["missing.ex", "cannot be read"]);
    explain(home.path(), "").failed(&["cannot be read"]);
    explain(&write(&home, "latin.ex", b"# caf\xe9\n"), "").failed(&["latin.ex", "not UTF-8", "iconv"]);
    let short = write(&home, "short.ex", "one\ntwo\n");
    explain(&short, ":99").failed(&["short.ex", "99", "2 lines"]);
    explain(&short, ":0").failed(&["short.ex", "no line 0"]);
}

#[test]
fn a_model_that_cannot_be_asked_is_said_in_a_sentence() {
    let order = fixture("elixir_shop/lib/shop/order.ex");
    let ask = |home: &Home, model: &str| {
        end(&mut home.command(["explain".as_ref(), order.as_os_str(), "--model".as_ref(), model.as_ref()]))
    };
    ask(&Home::default(), "gpt").failed(&["`gpt`", "provider/model"]);
    ask(&Home::default(), "work/m").failed(&["`work`", "[providers.work]", "aiex config path"]);
    let nobody = Nobody::hold();
    let home = Home::with_config(&format!("[providers.work]\nbase_url = \"{}\"\n", nobody.base_url()));
    ask(&home, "work/m").failed(&["work/m", "127.0.0.1"]);
}

#[test]
fn an_endpoint_that_refuses_with_a_page_of_html_is_said_in_a_sentence() {
    for (status, hint) in [
        ("401 Unauthorized", "key"),
        ("404 Not Found", "404"),
        ("429 Too Many Requests", "429"),
        ("500 Internal Server Error", "500"),
    ] {
        let page =
            format!("<!DOCTYPE html><html><body><h1>{status}</h1><script>x()</script>\n\n<p>No</p></body></html>");
        let upstream = Upstream::serving(move |mut exchange| exchange.respond(status, "text/html", &page));
        let home = Home::with_config(&upstream.config());
        let ended = end(&mut home.command(["explain".into(), fixture("rust_ledger/src/money.rs")]));
        assert!(!ended.stderr.contains("<script>"), "{}", ended.stderr);
        ended.failed(&["work", hint]);
    }
}

#[test]
fn what_came_before_a_break_is_kept_and_the_break_is_said() {
    let upstream = Upstream::start();
    let home = Home::with_config(&upstream.config());
    let child = spawn(&mut home.command(["explain".into(), fixture("rust_ledger/src/money.rs")]));
    let mut exchange = upstream.next();
    exchange.begin_chunked();
    exchange.chunk(aiex_tests::upstream::event("Money is "));
    exchange.reset();
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "Money is \n");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("work/m did not answer to the end") && ended.stderr.contains("broke"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_answer_is_written_as_it_comes_and_without_control_characters() {
    let upstream = Upstream::start();
    let home = Home::with_config(&upstream.config());
    let mut child = spawn(&mut home.command(["explain".into(), fixture("rust_ledger/src/money.rs")]));
    let mut stdout = child.stdout.take().expect("stdout");
    let mut read = |count: usize| {
        let mut bytes = vec![0; count];
        stdout.read_exact(&mut bytes).expect("that much");
        String::from_utf8(bytes).expect("UTF-8")
    };
    let mut exchange = upstream.next();
    assert!(exchange.request.prompt().contains("checked_add"), "{}", exchange.request.prompt());
    assert_eq!(exchange.request.header("authorization"), Some("Bearer sk-test-0123456789"));
    exchange.begin();
    // Each piece is read before the next is sent.
    exchange.delta("Über");
    assert_eq!(read(5), "Über");
    exchange.delta("\u{1b}[31m\u{7}");
    assert_eq!(read(4), "[31m");
    exchange.delta("\u{202e}\u{9b}世界\r\n");
    assert_eq!(read(7), "世界\n");
    // Cut where a token of a model may be: within what is seen as one character.
    exchange.delta("👩\u{200d}");
    exchange.delta("👧");
    assert_eq!(read("👩\u{200d}👧".len()), "👩\u{200d}👧");
    exchange.finish();
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn ctrl_c_cancels_the_request_and_ends_with_130() {
    for begun in [false, true] {
        let upstream = Upstream::start();
        let home = Home::with_config(&upstream.config());
        let mut child = spawn(&mut home.command(["explain".into(), fixture("rust_ledger/src/money.rs")]));
        let mut exchange = upstream.next();
        if begun {
            exchange.begin();
            exchange.delta("Some");
            child.stdout.as_mut().expect("stdout").read_exact(&mut [0; 4]).expect("the first piece");
        }
        interrupt(&child);
        exchange.wait_closed();
        let ended = Ended::of(child.wait_with_output().expect("it ends"));
        assert_eq!(ended.code, Some(130), "{}", ended.stderr);
        assert_eq!(ended.stdout.trim(), "");
        assert!(ended.stderr.contains("stopped"), "{}", ended.stderr);
    }
}

/// A `git` that says when it runs, and then takes its time: who asks it waits, as for a large workspace.
fn slow_git(home: &Home) -> (String, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let pipe = home.path().join("running");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let script = format!("#!/bin/sh\nexec 3> '{}'\necho running >&3\nexec sleep 600\n", pipe.display());
    let git = write(home, "bin/git", script);
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("a program");
    (format!("{}:{}", home.path().join("bin").display(), std::env::var("PATH").unwrap_or_default()), pipe)
}

#[test]
fn ctrl_c_ends_the_wait_for_the_index_at_once() {
    use std::os::unix::process::CommandExt as _;
    let upstream = Upstream::start();
    for command in ["explain", "context"] {
        let home = Home::with_config(&upstream.config());
        let (path, pipe) = slow_git(&home);
        fs::create_dir_all(home.path().join("shop/.git")).expect("a repository");
        let file = write(&home, "shop/a.rs", "fn a() {}\n");
        // A terminal sends it to all that it has started.
        let child = spawn(home.command([command.as_ref(), file.as_os_str()]).env("PATH", path).process_group(0));
        let (send, running) = mpsc::channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(fs::File::open(pipe).expect("the pipe"));
            let mut line = String::new();
            let _ = send.send(pipe.read_line(&mut line).is_ok());
            let _ = send.send(pipe.read_to_string(&mut line).is_ok());
        });
        assert!(running.recv_timeout(TIMEOUT).expect("git is asked"));
        let group = format!("-{}", child.id());
        assert!(Command::new("kill").args(["-INT", "--", &group]).status().expect("kill runs").success());
        let ended = Ended::of(child.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "{command}: {}", ended.stderr);
        assert!(ended.stderr.contains("stopped"), "{command}: {}", ended.stderr);
        assert!(running.recv_timeout(TIMEOUT).expect("git has ended, too"));
        let kept = fs::read_dir(home.path().join("cache/workspaces")).into_iter().flatten();
        let names = kept.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
        assert!(names.into_iter().all(|name| name.ends_with(".index")), "nothing half written");
    }
    assert!(upstream.requests().is_empty(), "nothing was sent");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let order = fixture("elixir_shop/lib/shop/order.ex");
    for arguments in [vec!["explain".as_ref(), order.as_os_str()], vec!["config".as_ref(), "show".as_ref()]] {
        let home = Home::default();
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = home.command(&arguments).stdin(Stdio::null()).stdout(writer).output().expect("aiex runs");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_request() {
    let upstream = Upstream::start();
    let home = Home::with_config(&upstream.config());
    let mut child = spawn(&mut home.command(["explain".into(), fixture("rust_ledger/src/money.rs")]));
    let mut exchange = upstream.next();
    exchange.begin();
    exchange.delta("The first line\n");
    let mut stdout = child.stdout.take().expect("stdout");
    stdout.read_exact(&mut [0; 15]).expect("the first line");
    drop(stdout);
    exchange.delta("The second line\n");
    exchange.wait_closed();
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_demo_needs_nothing_and_shows_a_hover_the_actions_an_explanation_and_an_edit() {
    let demo = end(Home::default().command(["demo"]).env_clear()).done();
    for part in ["lib/shop/order.ex", "─ Hover ─", "─ Code actions ─", "› Aiex: Explain", "─ Aiex: Explain ─"]
    {
        assert!(demo.contains(part), "{part:?} is not in {demo}");
    }
    let (_, explanation) = demo.split_once("─ Aiex: Explain ─").expect("the explanation");
    for part in ["transition", ":paid", ":shipped", "no model was asked"] {
        assert!(explanation.contains(part), "{part:?} is not in {explanation}");
    }
    let (_, edit) = demo.split_once("Aiex: Document, as applied:").expect("the edit");
    for part in ["--- a/lib/shop/order.ex", "+  TODO: say what it does.", "  @spec new(", "applied. parse ✓"] {
        assert!(edit.contains(part), "{part:?} is not in {edit}");
    }
    // No terminal, no colour.
    assert!(!demo.contains('\u{1b}'));
    assert!(demo.lines().all(|line| line.chars().count() <= 110), "{demo}");
}

#[test]
fn the_demo_reads_and_keeps_nothing_of_the_users() {
    let home = Home::with_config("model = \"work/m\"\n[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let demo = end(home.command(["demo"]).env("AIEX_MODEL", "work/m").env("OPENAI_API_KEY", "sk-x")).done();
    assert!(demo.contains("no model was asked"), "{demo}");
    let left: Vec<_> =
        fs::read_dir(home.path()).expect("the home").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(left, ["config.toml"]);
}

#[test]
fn a_trusted_workspace_is_added_listed_and_removed_with_comments_kept() {
    let config = "# Mine.\nmodel = \"offline\" # for now\n\n[trust]\n# These I wrote myself.\nworkspaces = [\n  \"~/src/mine\", # all of it\n]\n\n[hover]\nfacts = \"full\"\n";
    let home = Home::with_config(config);
    let project = home.path().join("project");
    fs::create_dir(&project).expect("a folder");
    let project = project.canonicalize().expect("the folder");
    let trust = |arguments: &[&str]| {
        let ended = end(home.command(["trust"]).args(arguments).current_dir(&project).env("HOME", home.path()));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended
    };
    let file = || fs::read_to_string(home.path().join("config.toml")).expect("the configuration");

    let added = trust(&["add"]);
    assert_eq!(added.stdout, "");
    let name = project.display().to_string();
    assert!(added.stderr.contains(&name), "it names the folder, not `.`: {}", added.stderr);
    for line in config.lines().filter(|line| !line.starts_with(']')) {
        assert!(file().contains(line.trim_end_matches(',')), "{line:?} is not in {}", file());
    }
    assert!(file().contains(&name), "{}", file());

    let listed = trust(&["list"]);
    assert_eq!(listed.stderr, "");
    assert_eq!(listed.stdout, format!("{}\n{name}\n", home.path().join("src/mine").display()));

    let once = file();
    assert!(trust(&["add", &name]).stderr.contains("already"));
    assert_eq!(file(), once);

    trust(&["remove"]);
    assert_eq!(file().lines().filter(|line| line.contains("project")).count(), 0, "{}", file());
    for comment in ["# Mine.", "# for now", "# These I wrote myself.", "# all of it"] {
        assert!(file().contains(comment), "{comment:?} is not in {}", file());
    }
    assert!(trust(&["remove", &name]).stderr.contains("was not trusted"));
}

#[test]
fn trust_is_not_written_into_a_file_that_is_broken_or_about_a_folder_that_is_not_there() {
    let home = Home::with_config("model = \n");
    end(&mut home.command(["trust", "add", "."])).failed(&["config.toml", "not TOML", "aiex config check"]);
    assert_eq!(fs::read_to_string(home.path().join("config.toml")).expect("the file"), "model = \n");
    let home = Home::with_config("[trust]\nworkspaces = \"all\"\n");
    end(&mut home.command(["trust", "add", "."])).failed(&["trust.workspaces", "not a list"]);
    let home = Home::default();
    end(&mut home.command(["trust", "add", "no/such/folder"])).failed(&["no/such/folder"]);
    assert!(!home.path().join("config.toml").exists());
}

#[test]
fn configuration_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::default();
    let ended = end(&mut home.command(["trust".as_ref(), "add".as_ref(), home.path().as_os_str()]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mode = fs::metadata(home.path().join("config.toml")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

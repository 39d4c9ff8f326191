//! Edits that are compiled in a copy of the project, and tests that run there: with real cargo and mix, and a scripted
//! model.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use aiex_tests::{
    binary::{Home, fixture},
    client::{Client, Profile},
    project, setup,
    upstream::Upstream,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const MONEY: &str = "src/money.rs";
const CART: &str = "lib/shop/cart.ex";

/// A copy of an example project, trusted or not, and a model that gives these answers in turn, the last one for good.
struct Scene {
    folder: TempDir,
    /// The user's home, in which a build could leave something.
    user: TempDir,
    home: Home,
    upstream: Upstream,
}

impl Scene {
    fn new(project: &str, replies: &[&str]) -> Self {
        let scene = Self::untrusted(project, replies);
        scene.configure("[edits]\nverify = \"check\"\n", true);
        scene
    }

    fn untrusted(name: &str, replies: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        project::copy(&fixture(name), folder.path());
        let mut replies: Vec<String> = replies.iter().rev().map(|reply| (*reply).to_owned()).collect();
        let last = replies.first().cloned().unwrap_or_default();
        let replies = Mutex::new((std::mem::take(&mut replies), last));
        let upstream = Upstream::serving(move |mut exchange| {
            let reply = {
                let mut replies = replies.lock().unwrap();
                replies.0.pop().unwrap_or_else(|| replies.1.clone())
            };
            exchange.answer(&reply);
        });
        let user = TempDir::new().unwrap();
        // The toolchain stays where it is.
        let rustup =
            std::env::var("RUSTUP_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.rustup")).unwrap();
        let home = Home::default().with_variable("RUSTUP_HOME", &rustup);
        let home = home.with_variable("HOME", user.path().to_str().unwrap());
        let scene = Self { folder, user, home, upstream };
        scene.configure("[edits]\nverify = \"check\"\n", false);
        scene
    }

    fn configure(&self, more: &str, is_trusted: bool) {
        let trust = match is_trusted {
            true => format!("[trust]\nworkspaces = [{:?}]\n", self.root()),
            false => String::new(),
        };
        self.home.configure(&format!("{}{more}{trust}", self.upstream.config()));
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.home.command(arguments).current_dir(self.root()).output().unwrap()
    }

    /// Runs a command that succeeds, and returns what it prints on stdout and on stderr.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (said(&output.stdout), said(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
        (out, err)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.root().join(file), text).unwrap();
    }

    /// `PATH:LINE` of the first line that holds a text.
    #[track_caller]
    fn place(&self, file: &str, text: &str) -> String {
        let line = self.read(file).lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}")) + 1;
        format!("{file}:{line}")
    }

    fn questions(&self) -> Vec<String> {
        self.upstream.requests().iter().map(|request| request.prompt()).collect()
    }

    /// The project builds, without Aiex.
    #[track_caller]
    fn builds(&self) {
        let target = TempDir::new().unwrap();
        let mut command = match self.root().join("mix.exs").exists() {
            true => {
                let mut command = Command::new("mix");
                command.args(["test"]).env("MIX_BUILD_PATH", target.path().join("_build")).env("MIX_ENV", "test");
                command
            }
            false => {
                let mut command = Command::new("cargo");
                command.args(["test", "--offline", "--lib", "--tests"]).env("CARGO_TARGET_DIR", target.path());
                command
            }
        };
        let output = command.current_dir(self.root()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    /// Every file of the workspace and of the user's home, by path.
    fn outside(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.root(), &mut files);
        gather(self.user.path(), &mut files);
        files
    }
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => gather(&entry.path(), files),
            false => _ = files.insert(entry.path(), fs::read(entry.path()).unwrap()),
        }
    }
}

const UNTYPED: &str = "```rust\npub fn checked_add(self, other: Self) -> Option<Self> {\n    if self.currency != other.currency {\n        return None;\n    }\n    let minor = self.minor.checked_add(other.currency)?;\n    Some(Self { minor, ..self })\n}\n```";
const TYPED: &str = "```rust\npub fn checked_add(self, other: Self) -> Option<Self> {\n    let is_same = self.currency == other.currency;\n    let minor = is_same.then(|| self.minor.checked_add(other.minor))??;\n    Some(Self { minor, ..self })\n}\n```";

#[test]
fn code_that_does_not_compile_goes_back_to_the_model_once_and_then_builds() {
    let scene = Scene::new("rust_ledger", &[UNTYPED, TYPED]);
    let before = scene.outside();
    let place = scene.place(MONEY, "pub fn checked_add");
    let (diff, said) = scene.done(&["refactor", &place, "use then"]);
    assert!(diff.contains("is_same.then"), "{diff}");
    assert!(said.contains("parse ✓ format ✓ compile ✓"), "{said}");
    assert_eq!(scene.outside(), before);
    let questions = scene.questions();
    assert_eq!(questions.len(), 2, "one repair");
    assert!(questions[1].contains("mismatched types") && questions[1].contains("src/money.rs:"), "{}", questions[1]);
    scene.done(&["refactor", &place, "use then", "--write"]);
    scene.builds();
}

const UNBOUND: &str = "```elixir\ndef quantities(%__MODULE__{lines: lines}) do\n  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, amount}\nend\n```";
const BOUND: &str = "```elixir\ndef quantities(%__MODULE__{lines: lines}) do\n  for {sku, {_item, quantity}} <- lines, into: %{}, do: {sku, quantity}\nend\n```";

#[test]
fn mix_compiles_elixir_and_its_errors_are_mended() {
    if setup::elixir().is_none() {
        return;
    }
    let scene = Scene::new("elixir_shop", &[UNBOUND, BOUND]);
    let before = scene.outside();
    let place = scene.place(CART, "def quantities");
    let (_, said) = scene.done(&["refactor", &place, "use for"]);
    assert!(said.contains("compile ✓"), "{said}");
    assert_eq!(scene.outside(), before);
    let questions = scene.questions();
    assert_eq!(questions.len(), 2, "one repair");
    assert!(questions[1].contains("amount") && questions[1].contains("lib/shop/cart.ex:"), "{}", questions[1]);
    scene.done(&["refactor", &place, "use for", "--write"]);
    scene.builds();
}

#[test]
fn a_syntax_error_is_mended_although_that_reveals_another_error() {
    let fixed = "```rust\npub const fn minor(self) -> i64 {\n    self.minor\n}\n```";
    let scene = Scene::new("rust_ledger", &[fixed]);
    // Where it does not parse, nothing is known of types.
    let text = scene.read(MONEY).replace("        self.minor\n    }\n", "        self.minor +\n    }\n");
    scene.write(MONEY, &text);
    let account = scene.read("src/account.rs") + "\nfn unsound() -> u32 {\n    \"one\"\n}\n";
    scene.write("src/account.rs", &account);
    let place = scene.place(MONEY, "pub const fn minor");
    let (diff, said) = scene.done(&["fix", &place, "--diagnostic", "expected expression, found `}`"]);
    assert!(diff.contains("-        self.minor +"), "{diff}");
    assert!(said.contains("compile ~"), "{said}");
    assert!(said.contains("Errors elsewhere: src/account.rs:"), "{said}");
}

#[test]
fn without_diagnostics_the_compiler_is_asked_what_is_wrong() {
    let scene = Scene::new("rust_ledger", &[TYPED]);
    scene.write(MONEY, &scene.read(MONEY).replace("checked_add(other.minor)", "checked_add(other.currency)"));
    let place = scene.place(MONEY, "pub fn checked_add");
    let (diff, said) = scene.done(&["fix", &place]);
    assert!(diff.contains("is_same.then") && said.contains("compile ✓"), "{diff}{said}");
    let asked = scene.questions().remove(0);
    assert!(asked.contains("mismatched types"), "{asked}");
}

#[test]
fn nothing_runs_in_a_workspace_that_is_not_trusted() {
    let scene = Scene::untrusted("rust_ledger", &[TYPED]);
    let ran = scene.user.path().join("ran");
    scene.write("build.rs", &format!("fn main() {{ std::fs::write({ran:?}, \"\").unwrap() }}"));
    let place = scene.place(MONEY, "pub fn checked_add");
    let (_, said) = scene.done(&["refactor", &place, "use then"]);
    assert!(said.contains("Not compiled: the workspace is not trusted; `aiex trust add "), "{said}");
    assert!(said.contains("parse ✓ format ✓;"), "{said}");
    assert!(!scene.home.path().join("cache/shadows").exists() && !ran.exists());
}

#[test]
fn trust_that_is_taken_back_takes_the_copy_along() {
    let scene = Scene::new("rust_ledger", &[TYPED]);
    scene.done(&["refactor", &scene.place(MONEY, "pub fn checked_add"), "use then"]);
    let copies = || {
        fs::read_dir(scene.home.path().join("cache/shadows"))
            .unwrap()
            .filter(|one| one.as_ref().unwrap().path().is_dir())
            .count()
    };
    assert_eq!(copies(), 1);
    scene.done(&["trust", "remove", "."]);
    assert_eq!(copies(), 0);
}

const TESTS: &str = "```rust\n#[test]\nfn adds_amounts() {\n    let sum = Money::new(1, Currency::Eur).checked_add(Money::new(2, Currency::Eur));\n    assert_eq!(sum, Some(Money::new(3, Currency::Eur)));\n}\n\n#[test]\nfn adds_wrongly() {\n    let sum = Money::new(1, Currency::Eur).checked_add(Money::new(2, Currency::Eur));\n    assert_eq!(sum, Some(Money::new(4, Currency::Eur)));\n}\n\n#[test]\nfn does_not_compile() {\n    assert_eq!(Money::new(1, Currency::Eur).added(), 1);\n}\n\n#[test]\nfn refuses_other_currencies() {\n    assert_eq!(Money::new(1, Currency::Eur).checked_add(Money::new(2, Currency::Usd)), None);\n}\n\n#[test]\nfn refuses_what_is_too_large() {\n    assert_eq!(Money::new(i64::MAX, Currency::Eur).checked_add(Money::new(1, Currency::Eur)), None);\n}\n```";

#[test]
fn tests_of_rust_are_run_and_those_that_pass_are_added() {
    let scene = Scene::new("rust_ledger", &[TESTS]);
    let before = scene.outside();
    let place = scene.place(MONEY, "pub fn checked_add");
    let (diff, said) = scene.done(&["generate-tests", &place]);
    assert!(diff.contains("+    fn adds_amounts()") && diff.contains("+    fn refuses_other_currencies()"), "{diff}");
    assert!(!diff.contains("adds_wrongly") && !diff.contains("does_not_compile"), "{diff}");
    for part in [
        "`adds_amounts` passes",
        "`adds_wrongly` fails: ",
        "`does_not_compile` does not compile: no method named `added`",
        "3 tests pass, 1 fails, 1 does not compile",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(scene.questions().len(), 3, "two repairs");
    assert_eq!(scene.outside(), before);

    let (diff, said) = scene.done(&["generate-tests", &place, "--keep-failing", "--mutations", "4", "--write"]);
    assert_eq!(diff, "");
    assert!(scene.read(MONEY).contains("#[ignore = \"fails: "), "{}", scene.read(MONEY));
    assert!(said.contains("the tests notice ") && said.lines().any(|line| line.ends_with(": noticed")), "{said}");
    scene.builds();
}

const EXUNIT: &str = "```elixir\ndescribe \"quantities/1\" do\n  test \"is empty for an empty cart\" do\n    assert Cart.quantities(Cart.new()) == %{}\n  end\n\n  test \"counts wrongly\", %{cart: cart, card: card} do\n    assert Cart.quantities(Cart.add(cart, card)) == %{\"gift-1000\" => 2}\n  end\nend\n```";

#[test]
fn tests_of_elixir_are_run_and_those_that_pass_are_added() {
    if setup::elixir().is_none() {
        return;
    }
    let scene = Scene::new("elixir_shop", &[EXUNIT]);
    let before = scene.outside();
    let place = scene.place(CART, "def quantities");
    let (diff, said) = scene.done(&["generate-tests", &place]);
    assert!(
        diff.contains("b/test/shop/cart_test.exs") && diff.contains("+    test \"is empty for an empty cart\""),
        "{diff}"
    );
    assert!(!diff.contains("counts wrongly"), "{diff}");
    assert!(said.contains("1 test passes, 1 fails"), "{said}");
    assert_eq!(scene.outside(), before);
    scene.done(&["generate-tests", &place, "--mutations", "3", "--write"]);
    scene.builds();
}

#[test]
fn tests_are_offered_unrun_where_nothing_may_run() {
    let scene = Scene::untrusted("rust_ledger", &[TESTS]);
    let (diff, said) = scene.done(&["generate-tests", &scene.place(MONEY, "pub fn checked_add")]);
    assert!(diff.contains("+    fn adds_wrongly()"), "{diff}");
    assert!(said.contains("The tests were not run: the workspace is not trusted"), "{said}");
    assert!(said.contains("5 tests were not run"), "{said}");
}

#[test]
fn without_a_model_there_are_skeletons_that_compile() {
    for (project, file, code) in [
        ("rust_ledger", MONEY, "pub fn checked_add"),
        ("rust_ledger", "src/parse.rs", "pub fn "),
        ("elixir_shop", CART, "def apply_coupon"),
    ] {
        if project == "elixir_shop" && setup::elixir().is_none() {
            continue;
        }
        let scene = Scene::new(project, &[]);
        let (_, said) = scene.done(&["generate-tests", &scene.place(file, code), "--model", "offline", "--write"]);
        assert!(said.contains("not run"), "{said}");
        scene.builds();
    }
}

/// An editor with a file of the project open in it.
fn editor(scene: &Scene, profile: Profile, file: &str) -> (Client, String, String) {
    let mut client = Client::start(&scene.home, profile.workspace(&scene.root()));
    client.set_reply("workspace/applyEdit", json!({"applied": true}));
    let uri = format!("file://{}/{file}", scene.root().display());
    let text = scene.read(file);
    client.open(&uri, if file.ends_with(".rs") { "rust" } else { "elixir" }, &text);
    (client, uri, text)
}

fn here(client: &Client, uri: &str, text: &str, code: &str, more: Value) -> Value {
    let at = client.position(text, text.find(code).unwrap());
    let mut argument = json!({"uri": uri, "range": {"start": at, "end": at}});
    argument.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    argument
}

#[test]
fn the_editor_asks_once_whether_code_may_run() {
    let scene = Scene::untrusted("rust_ledger", &[TYPED]);
    let (mut client, uri, text) = editor(&scene, Profile::vscode(), MONEY);
    client.set_reply("window/showMessageRequest", json!({"title": "Trust"}));
    client.run("aiex.refactor", here(&client, &uri, &text, "pub fn checked_add", json!({"instruction": "use then"})));
    let asked = client.next("window/showMessageRequest", |_| true);
    let question = asked["message"].as_str().unwrap();
    assert!(question.contains(scene.root().to_str().unwrap()) && question.contains("`cargo check"), "{question}");
    client.message(&["checked_add: applied. parse ✓ format ✓ compile ✓"]);
    let config = fs::read_to_string(scene.home.path().join("config.toml")).unwrap();
    assert!(config.contains("[trust]") && config.contains(scene.root().to_str().unwrap()), "{config}");
    client.run("aiex.refactor", here(&client, &uri, &text, "pub fn checked_add", json!({"instruction": "again"})));
    client.message(&["compile ✓"]);
    assert_eq!(client.all("window/showMessageRequest").len(), 1);
    client.next("workspace/applyEdit", |_| true);
    client.next("workspace/applyEdit", |_| true);
}

#[test]
fn an_editor_that_cannot_ask_offers_an_action() {
    let scene = Scene::untrusted("rust_ledger", &[TYPED]);
    let (mut client, uri, text) = editor(&scene, Profile::minimal(), MONEY);
    client.run("aiex.generateTests", here(&client, &uri, &text, "pub fn checked_add", json!({})));
    client.message(&["May Aiex build and test copies of ", "`Aiex: Trust this workspace`", "`aiex trust add "]);
    client.message(&["The edit of work/m was refused"]);
    let at = client.position(&text, text.find("pub fn checked_add").unwrap());
    let actions = client.code_actions(&uri, &at, None);
    let trust = actions.iter().find(|action| action["title"] == "Aiex: Trust this workspace").expect("the action");
    client.execute("aiex.trustWorkspace", trust["arguments"][0].clone());
    client.message(&["trusted: ", "Its builds and tests may run, in copies."]);
    client.run("aiex.refactor", here(&client, &uri, &text, "pub fn checked_add", json!({"instruction": "use then"})));
    client.message(&["checked_add: applied. parse ✓ format ✓ compile ✓"]);
    client.next("workspace/applyEdit", |_| true);
}

#[test]
fn what_is_typed_and_not_saved_is_compiled() {
    let scene = Scene::new("rust_ledger", &[TYPED]);
    let (mut client, uri, text) = editor(&scene, Profile::vscode(), MONEY);
    let other = format!("file://{}/src/account.rs", scene.root().display());
    client.open(&other, "rust", &(scene.read("src/account.rs") + "\nfn unsound() -> u32 {\n    \"one\"\n}\n"));
    client.run("aiex.refactor", here(&client, &uri, &text, "pub fn checked_add", json!({"instruction": "use then"})));
    client.message(&["compile ~", "Errors elsewhere: src/account.rs:"]);
    client.next("workspace/applyEdit", |_| true);
}

#[test]
fn two_editors_compile_one_project_in_turn() {
    let scene = Scene::new("rust_ledger", &[TYPED]);
    let (mut one, uri, text) = editor(&scene, Profile::vscode(), MONEY);
    let (mut other, ..) = editor(&scene, Profile::vscode(), MONEY);
    for client in [&mut one, &mut other] {
        client
            .run("aiex.refactor", here(client, &uri, &text, "pub fn checked_add", json!({"instruction": "use then"})));
    }
    for client in [&mut one, &mut other] {
        client.message(&["compile ✓"]);
        client.next("workspace/applyEdit", |_| true);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn stopping_a_run_ends_its_build() {
    let scene = Scene::new("rust_ledger", &[TYPED]);
    let mark = scene.user.path().join("process");
    let build = format!(
        "fn main() {{ std::fs::write({mark:?}, std::process::id().to_string()).unwrap(); loop {{ std::thread::park() }} }}"
    );
    scene.write("build.rs", &build);
    let (mut client, uri, text) = editor(&scene, Profile::vscode(), MONEY);
    let run = client
        .run("aiex.refactor", here(&client, &uri, &text, "pub fn checked_add", json!({"instruction": "use then"})));
    let wait = |done: &mut dyn FnMut() -> bool| {
        let begin = std::time::Instant::now();
        while !done() {
            assert!(begin.elapsed() < aiex_tests::TIMEOUT);
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    };
    let mut process = String::new();
    wait(&mut || {
        process = fs::read_to_string(&mark).unwrap_or_default();
        !process.is_empty()
    });
    client.execute("aiex.cancel", json!({"run": run}));
    client.message(&["stopped"]);
    wait(&mut || !Path::new("/proc").join(&process).exists());
}

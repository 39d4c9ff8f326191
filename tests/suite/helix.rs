//! A real Helix, in a terminal that tmux stands in for, is driven by keys, and seen through its screen and its files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use aiex_tests::{
    TIMEOUT,
    binary::{Home, fixture, top},
    setup,
    upstream::Upstream,
};

use super::neovim::{CART, QUANTITIES, cart, copy_project, path_with_aiex};

/// Between two looks at the screen.
const LOOK: Duration = Duration::from_millis(20);
/// What Helix shows while a server reports progress.
const SPINNER: [char; 8] = ['⣾', '⣽', '⣻', '⢿', '⡿', '⣟', '⣯', '⣷'];

/// A Helix that runs. It ends with the test.
struct Helix {
    tmux: PathBuf,
    socket: PathBuf,
    file: PathBuf,
}

impl Helix {
    /// Opens a file with the cursor on the first place of a piece of its text; `None` where there is no Helix.
    fn open(home: &Home, file: &Path, on: &str) -> Option<Self> {
        let setup::Helix { hx, tmux } = setup::helix()?;
        let config = home.path().join("helix-config");
        fs::create_dir_all(config.join("helix")).expect("a folder");
        fs::write(config.join("helix/languages.toml"), languages()).expect("languages.toml");
        let text = fs::read_to_string(file).expect("the file");
        let (line, column) =
            text.lines().enumerate().find_map(|(line, text)| Some((line + 1, text.find(on)? + 1))).expect(on);
        let helix = Self { tmux, socket: home.path().join("tmux"), file: file.to_owned() };
        let started = helix
            .tmux(["-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "50"])
            .arg(hx)
            .arg(format!("{}:{line}:{column}", file.display()))
            .env_clear()
            .env("PATH", path_with_aiex())
            .env("LANG", "C.UTF-8")
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", &config)
            .env("XDG_CACHE_HOME", home.path().join("helix-cache"))
            .env("AIEX_HOME", home.path())
            .output()
            .expect("tmux runs");
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        helix.wait("the file opens", |screen| screen.contains("NOR"));
        Some(helix)
    }

    fn tmux<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.tmux);
        command.arg("-S").arg(&self.socket).args(arguments);
        command
    }

    fn screen(&self) -> String {
        let output = self.tmux(["capture-pane", "-p"]).output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys by tmux's names of them, one after the other.
    fn press(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.tmux(["send-keys", key]).status().expect("tmux runs").success(), "{key}");
        }
    }

    /// Types text as it is.
    fn types(&self, text: &str) {
        assert!(self.tmux(["send-keys", "-l", text]).status().expect("tmux runs").success(), "{text}");
    }

    /// Waits until the screen is as expected, and returns it.
    #[track_caller]
    fn wait(&self, what: &str, passes: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if passes(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < TIMEOUT, "{what}: it did not happen in time\n{screen}");
            thread::park_timeout(LOOK);
        }
    }

    /// Opens the action menu, and chooses the action with this title.
    #[track_caller]
    fn choose(&self, title: &str) {
        const AGAIN: Duration = Duration::from_secs(1);
        let begin = Instant::now();
        // Helix offers nothing until the server has started.
        let menu = loop {
            self.press(&["Space", "a"]);
            let (pressed, mut screen) = (Instant::now(), self.screen());
            while !screen.contains("Aiex: Explain") && pressed.elapsed() < AGAIN {
                thread::park_timeout(LOOK);
                screen = self.screen();
            }
            if screen.contains("Aiex: Explain") {
                break screen;
            }
            assert!(begin.elapsed() < TIMEOUT, "no menu in time\n{screen}");
            self.press(&["Escape"]);
        };
        let titles: Vec<_> = menu.lines().filter_map(|line| line.find("Aiex: ").map(|start| &line[start..])).collect();
        let index = titles.iter().position(|shown| shown.starts_with(title)).unwrap_or_else(|| panic!("{menu}"));
        (0..index).for_each(|_| self.press(&["Down"]));
        self.press(&["Enter"]);
        self.wait("the menu closes", |screen| !screen.contains("Aiex: Explain"));
    }

    /// Writes the file, and waits until it holds this.
    #[track_caller]
    fn check_written(&self, expected: &str) {
        self.types(":w");
        self.press(&["Enter"]);
        let begin = Instant::now();
        loop {
            let text = fs::read_to_string(&self.file).expect("the file");
            if text == expected {
                return;
            }
            if begin.elapsed() > TIMEOUT {
                assert_eq!(text, expected, "{}", self.screen());
            }
            thread::park_timeout(LOOK);
        }
    }
}

impl Drop for Helix {
    fn drop(&mut self) {
        let _ = self.tmux(["kill-server"]).output();
    }
}

/// What README shows for Helix.
fn languages() -> String {
    let readme = fs::read_to_string(top().join("README.md")).expect("README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.into_iter().find(|block| block.contains("[language-server.aiex]")).expect("TOML for Helix").to_owned()
}

#[test]
fn helix_carries_a_comment_out_and_one_undo_returns() {
    let upstream = Upstream::start();
    let home = Home::with_config(&upstream.config());
    let file = copy_project("elixir_shop", home.path()).join(CART);
    let (asking, done) = cart();
    fs::write(&file, &asking).expect("the cart");
    let Some(helix) = Helix::open(&home, &file, "quantities(%__MODULE__") else { return };

    helix.choose("Aiex: Carry out AI: comment");
    let mut exchange = upstream.next();
    let prompt = exchange.request.prompt();
    assert!(prompt.contains("use a for comprehension") && !prompt.contains("AI: use"), "{prompt}");
    helix.wait("progress is shown", |screen| screen.contains(SPINNER));
    exchange.answer(QUANTITIES);
    drop(exchange);
    let screen = helix.wait("the message", |screen| screen.contains("quantities/1: applied. parse ✓"));
    assert!(screen.contains("for {sku, {_item, quantity}}") && !screen.contains("AI: use"), "{screen}");
    assert_eq!(fs::read_to_string(&file).expect("the cart"), asking, "it was saved");
    helix.check_written(&done);
    helix.press(&["u"]);
    helix.wait("the undo", |screen| screen.contains("AI: use a for comprehension"));
    helix.check_written(&asking);
}

#[test]
fn what_is_typed_in_helix_meanwhile_stays() {
    let upstream = Upstream::start();
    let home = Home::with_config(&upstream.config());
    let file = copy_project("elixir_shop", home.path()).join(CART);
    let (asking, done) = cart();
    fs::write(&file, &asking).expect("the cart");
    let Some(helix) = Helix::open(&home, &file, "quantities(%__MODULE__") else { return };
    let typed = "# 🦀 é\n";

    helix.choose("Aiex: Carry out AI: comment");
    let mut exchange = upstream.next();
    helix.press(&["g", "g", "O"]);
    helix.wait("insert mode", |screen| screen.contains("INS"));
    helix.types(typed.trim_end());
    helix.press(&["Escape"]);
    helix.wait("the text is typed", |screen| screen.contains("NOR") && screen.contains(typed.trim_end()));
    exchange.answer(QUANTITIES);
    helix.wait("the message", |screen| screen.contains("quantities/1: applied. parse ✓"));
    helix.check_written(&format!("{typed}{done}"));
    helix.press(&["u"]);
    helix.check_written(&format!("{typed}{asking}"));
}

#[test]
fn helix_documents_with_nothing_configured_and_one_undo_returns() {
    let home = Home::default();
    let file = copy_project("elixir_shop", home.path()).join("lib/shop/order.ex");
    let before = fs::read_to_string(fixture("elixir_shop/lib/shop/order.ex")).expect("the fixture");
    let Some(helix) = Helix::open(&home, &file, "new(customer, %Cart{}") else { return };

    helix.choose("Aiex: Document");
    helix.wait("the message", |screen| screen.contains("applied. parse ✓"));
    let spec = "  @spec new(customer(), Cart.t(), String.t()) :: t()\n";
    let doc = "  @doc \"\"\"\n  TODO: say what it does.\n  \"\"\"\n";
    assert!(before.contains(spec));
    helix.check_written(&before.replace(spec, &format!("{doc}{spec}")));
    helix.press(&["u"]);
    helix.check_written(&before);
}

//! What is copied, what is refused, and who waits for whom.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
    sync::atomic::AtomicUsize,
    time::UNIX_EPOCH,
};

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::testing::World;

/// The paths of files, links and empty folders below a folder, with contents or targets.
fn listing(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let kind = fs::symlink_metadata(&path).unwrap();
        let said = if kind.is_dir() {
            let inside: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
            let is_empty = inside.is_empty();
            left.extend(inside);
            is_empty.then(|| "/".to_owned())
        } else if kind.is_symlink() {
            Some(format!("-> {}", fs::read_link(&path).unwrap().display()))
        } else {
            Some(fs::read_to_string(&path).unwrap_or_else(|_| "?".to_owned()))
        };
        found.extend(said.map(|said| (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), said)));
    }
    found
}

fn time(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

fn set_time(path: &Path, seconds: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

async fn refusal(world: &World) -> String {
    let error = world.open().await.unwrap_err().to_string();
    assert!(!world.top.path().join("cache/shadows").join(name(&world.root())).join("tree").exists());
    error.replace(world.root().to_str().unwrap(), "WORK")
}

#[tokio::test]
async fn what_git_ignores_is_left_out_but_for_small_files() {
    let world = World::package("");
    let files = [
        (".gitignore", "/target\n*.secret.exs\n*.log\n/data\n"),
        (".cargo/config.toml", ""),
        ("config/dev.secret.exs", "small"),
        ("target/debug/a", "built"),
        ("data/a", "1"),
        ("out/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55"),
        ("out/big", "x"),
        (".git/HEAD", "ref"),
        (".aiex/chats/a.md", "words"),
        ("sub/.git", "gitdir: /elsewhere"),
        ("naïve name/a b.rs", "1"),
    ];
    files.into_iter().for_each(|(path, text)| world.write(path, text));
    world.write("big.log", &"x".repeat(2_000_000));
    let root = world.root();
    fs::create_dir(root.join("empty")).unwrap();
    fs::write(world.top.path().join("outside"), "secret").unwrap();
    for (target, link) in [
        ("src/lib.rs", "in"),
        ("../src", "sub/up"),
        ("../outside", "out.txt"),
        (root.join("src").to_str().unwrap(), "absolute"),
        ("nowhere", "dangling"),
        (".", "l"),
        ("l/l/../../../outside", "sly"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    assert!(Command::new("mkfifo").arg(root.join("fifo")).status().unwrap().success());
    fs::set_permissions(root.join("src/lib.rs"), fs::Permissions::from_mode(0o555)).unwrap();
    set_time(&root.join("src/lib.rs"), 1_000_000_000);
    let before = world.state();

    let shadow = world.open().await.unwrap();
    let copied: Vec<_> = listing(shadow.tree()).into_keys().collect();
    expect![[r#"
        .cargo/config.toml
        .gitignore
        Cargo.toml
        config/dev.secret.exs
        empty
        in
        l
        naïve name/a b.rs
        src/lib.rs
        sub/up"#]]
    .assert_eq(&copied.join("\n"));
    assert_eq!(time(&shadow.tree().join("src/lib.rs")), UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&shadow.folder), mode(&shadow.tree().join("src/lib.rs"))), (0o700, 0o755));
    drop(shadow);
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn rules_of_a_repository_above_count_unless_they_ignore_all() {
    for (rules, copied) in [("*.big/\n", "Cargo.toml src/lib.rs"), ("*\n", "Cargo.toml a.big/x src/lib.rs")] {
        let world = World::package("");
        fs::create_dir(world.top.path().join(".git")).unwrap();
        fs::write(world.top.path().join(".gitignore"), rules).unwrap();
        world.write("a.big/x", "");
        let shadow = world.open().await.unwrap();
        assert_eq!(listing(shadow.tree()).into_keys().collect::<Vec<_>>().join(" "), copied);
    }
}

#[tokio::test]
async fn copies_that_lie_in_a_project_are_none_of_it() {
    let world = World::package("");
    let shadows = Shadows::new(world.root().join("cache"));
    for _ in 0..2 {
        let shadow = shadows.open(&world.project(), &world.programs()).await.unwrap();
        assert_eq!(listing(shadow.tree()).into_keys().collect::<Vec<_>>().join(" "), "Cargo.toml src/lib.rs");
    }
}

#[tokio::test]
async fn what_changed_is_copied_again_with_a_later_time() {
    let world = World::package("one");
    world.write("src/same.rs", "same");
    world.write("src/old.rs", "old");
    let shadow = world.open().await.unwrap();
    let tree = shadow.tree().to_owned();
    let first = time(&tree.join("src/same.rs"));
    drop(shadow);
    world.write("src/lib.rs", "two");
    // An older file took its place, of the same length.
    set_time(&world.root().join("src/lib.rs"), 1_000_000_000);
    set_time(&world.root().join("src/same.rs"), 1_000_000_001);
    fs::remove_file(world.root().join("src/old.rs")).unwrap();
    world.write("src/new.rs", "new");
    let start = SystemTime::now() - Duration::from_millis(20);
    drop(world.open().await.unwrap());
    expect![[r#"{"Cargo.toml": "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n", "src/lib.rs": "two", "src/new.rs": "new", "src/same.rs": "same"}"#]]
        .assert_eq(&format!("{:?}", listing(&tree)));
    assert!(time(&tree.join("src/lib.rs")) >= start && time(&tree.join("src/new.rs")) >= start);
    assert_eq!(time(&tree.join("src/same.rs")), first);
}

#[tokio::test]
async fn texts_written_are_undone_by_a_reset_and_by_the_next_opening() {
    let world = World::package("one");
    let mut shadow = world.open().await.unwrap();
    let tree = shadow.tree().to_owned();
    let before = (listing(&tree), time(&tree.join("src/lib.rs")));
    let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    shadow.write(&[text("src/lib.rs", "one")]).unwrap();
    assert_eq!(time(&tree.join("src/lib.rs")), before.1);
    let writes = [text("src/lib.rs", "new"), text("src/a/b/mod.rs", "b")];
    shadow.write(&writes).unwrap();
    assert_eq!(listing(&tree).get("src/a/b/mod.rs").map(String::as_str), Some("b"));
    let written = time(&tree.join("src/lib.rs"));
    shadow.reset().unwrap();
    assert!(time(&tree.join("src/lib.rs")) >= written && written >= before.1);
    assert_eq!(listing(&tree).get("src/lib.rs").map(String::as_str), Some("one"));
    assert_eq!(listing(&tree).get("src/a/b/mod.rs"), None);
    shadow.write(&writes).unwrap();
    drop(shadow);
    let mut shadow = world.open().await.unwrap();
    assert_eq!(listing(&tree), before.0);
    for path in ["../x", "/x", "", ".", "src/../../x", "a/./../b"] {
        let error = shadow.write(&[text(path, "")]).unwrap_err().to_string();
        assert_eq!(error, format!("`{path}` is no path of a file in the project."));
    }
    // It is gone from the project meanwhile.
    fs::remove_file(world.root().join("src/lib.rs")).unwrap();
    shadow.write(&[text("src/lib.rs", "x")]).unwrap();
    shadow.reset().unwrap();
    assert_eq!(listing(&tree).get("src/lib.rs"), None);
}

#[tokio::test]
async fn what_a_build_did_to_the_sources_is_undone() {
    let world = World::package("one");
    world.write("src/a/mod.rs", "a");
    world.write(".gitignore", "/generated\n");
    let outside = world.top.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("mod.rs"), "mine").unwrap();
    let shadow = world.open().await.unwrap();
    let (folder, tree) = (shadow.folder.clone(), shadow.tree().to_owned());
    let before = listing(&tree);
    drop(shadow);
    fs::write(tree.join("src/lib.rs"), "two").unwrap();
    fs::write(tree.join("src/more.rs"), "more").unwrap();
    fs::create_dir(tree.join("generated")).unwrap();
    fs::write(tree.join("generated/kept"), "1").unwrap();
    fs::remove_dir_all(tree.join("src/a")).unwrap();
    symlink(&outside, tree.join("src/a")).unwrap();
    fs::remove_file(tree.join("Cargo.toml")).unwrap();
    fs::create_dir_all(tree.join("Cargo.toml/x")).unwrap();
    for name in ["home", "tmp", "target"] {
        fs::remove_dir_all(folder.join(name)).unwrap();
        symlink(&outside, folder.join(name)).unwrap();
    }
    let mut shadow = world.open().await.unwrap();
    let mut after = listing(&tree);
    assert_eq!(after.remove("generated/kept").as_deref(), Some("1"));
    assert_eq!(after, before);
    assert!(["home", "tmp", "target"].iter().all(|name| tree::is_folder(&folder.join(name))));
    // In the midst of a session, too.
    fs::remove_dir_all(tree.join("src/a")).unwrap();
    symlink(&outside, tree.join("src/a")).unwrap();
    shadow.write(&[("src/a/mod.rs".to_owned(), "new".to_owned())]).unwrap();
    fs::remove_dir_all(tree.join("src")).unwrap();
    symlink(&outside, tree.join("src")).unwrap();
    fs::write(tree.join("Cargo.toml"), "!").unwrap();
    shadow.mend().unwrap();
    let mut after = listing(&tree);
    assert_eq!(after.insert("src/a/mod.rs".to_owned(), "a".to_owned()).as_deref(), Some("new"));
    after.remove("generated/kept");
    assert_eq!(after, before);
    drop(shadow);
    // All of the copy is a link.
    fs::remove_dir_all(&tree).unwrap();
    symlink(&outside, &tree).unwrap();
    drop(world.open().await.unwrap());
    assert_eq!(listing(&tree), before);
    assert_eq!(format!("{:?}", listing(&outside)), r#"{"mod.rs": "mine"}"#);
    assert_eq!(fs::metadata(&outside).unwrap().permissions().mode() & 0o777, 0o755);
}

#[tokio::test]
async fn a_project_that_is_too_large_is_refused_with_the_number() {
    let world = World::package("");
    // Of no blocks on the disk.
    File::create(world.root().join("data.bin")).unwrap().set_len(5 << 30).unwrap();
    expect!["WORK holds 5 GiB in files that git does not ignore, more than the 2 GiB that are copied for a compile check. Let `.gitignore` name folders of data."]
        .assert_eq(&refusal(&world).await);
    world.write(".gitignore", "*.bin\n");
    drop(world.open().await.unwrap());
    let world = World::package("").with_limits(ShadowLimits { files: 1, ..ShadowLimits::default() });
    expect!["WORK holds more than 1 files that git does not ignore, too many to copy for a compile check. Let `.gitignore` name folders of data."]
        .assert_eq(&refusal(&world).await);
}

#[tokio::test]
async fn dependencies_outside_are_refused_by_name() {
    let world = World::package("");
    world.write("fixtures/x/Cargo.toml", "[workspace]\n[dependencies]\ny = { path = \"../../../y\" }\n");
    drop(world.open().await.unwrap());
    let world = World::package("");
    world.write(
        "crates/a/Cargo.toml",
        "[package]\nname = \"a\"\n[dev-dependencies]\ncommon = { path = \"../../../common\" }\n",
    );
    expect!["`crates/a/Cargo.toml` takes `common` from `../../../common`, outside of WORK, which is not copied, so the project cannot be compiled apart. Let one workspace hold both."]
        .assert_eq(&refusal(&world).await);
    let world = World::package("");
    let inside = world.root().join("crates/b");
    world.write(
        "crates/a/Cargo.toml",
        &format!("[package]\nname = \"a\"\n[dependencies]\nb = {{ path = {inside:?} }}\n"),
    );
    expect!["`crates/a/Cargo.toml` takes `b` from `WORK/crates/b`, outside of WORK, which is not copied, so the project cannot be compiled apart. Let one workspace hold both."]
        .assert_eq(&refusal(&world).await);
    let world = World::new();
    world.write("mix.exs", "[{:core, path: \"../core\"}]\n");
    expect!["`mix.exs` takes `core` from `../core`, outside of WORK, which is not copied, so the project cannot be compiled apart. Let one workspace hold both."]
        .assert_eq(&refusal(&world).await);
    let project = world.project();
    fs::remove_file(world.root().join("mix.exs")).unwrap();
    let error = world.shadows.open(&project, &world.programs()).await.unwrap_err();
    assert_eq!(error.to_string().replace(world.root().to_str().unwrap(), "WORK"), "WORK has no `mix.exs`.");
}

#[tokio::test]
async fn what_was_written_is_gone_next_time_wherever_it_was() {
    let world = World::new();
    world.write("mix.exs", "");
    world.write(".gitignore", "/deps\nscratch.ex\n/ignored\n");
    world.write("deps/a/lib/a.ex", "a");
    let mut shadow = world.open().await.unwrap();
    let before = listing(shadow.tree());
    let text = |path: &str| (path.to_owned(), "proposed".to_owned());
    shadow.write(&["lib/scratch.ex", "ignored/b.ex", "deps/a/lib/a.ex", "deps/a/lib/c.ex"].map(text)).unwrap();
    assert_eq!(listing(shadow.tree())["deps/a/lib/a.ex"], "proposed");
    drop(shadow);
    let after = listing(world.open().await.unwrap().tree());
    let files = |all: BTreeMap<String, String>| all.into_iter().filter(|(_, said)| said != "/").collect::<Vec<_>>();
    assert_eq!(files(after), files(before));
    // What lies deep in a dependency is seen, too.
    world.write("deps/a/lib/a.ex", "another");
    assert_eq!(listing(world.open().await.unwrap().tree())["deps/a/lib/a.ex"], "another");
}

#[tokio::test]
async fn a_folder_that_a_test_has_locked_goes_all_the_same() {
    let world = World::package("");
    let shadow = world.open().await.unwrap();
    let locked = shadow.tree().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::write(locked.join("file"), "").unwrap();
    for folder in [&locked, &shadow.tree().join("src")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    }
    drop(shadow);
    world.write("src/lib.rs", "// New.");
    let shadow = world.open().await.unwrap();
    assert!(!shadow.tree().join("locked").exists());
    assert_eq!(fs::read_to_string(shadow.tree().join("src/lib.rs")).unwrap(), "// New.");
}

#[tokio::test]
async fn one_waits_for_the_other() {
    let world = World::package("");
    let (project, programs) = (world.project(), world.programs());
    let first = world.open().await.unwrap();
    let waited = AtomicUsize::new(0);
    let busy = || {
        waited.fetch_add(1, Ordering::Relaxed);
    };
    // Whoever does not wait any longer holds up nobody.
    let given_up = world.shadows.open_when_free(&project, &programs, busy);
    assert!(tokio::time::timeout(AGAIN * 3, given_up).await.is_err());
    assert_eq!(waited.load(Ordering::Relaxed), 1);
    let tree = first.tree().to_owned();
    let second = async {
        let opened = world.shadows.open_when_free(&project, &programs, || drop(first)).await.unwrap();
        assert_eq!(opened.tree(), tree);
    };
    second.await;
    // Other projects do not wait.
    let other = World::package("");
    let (_one, _other) = (world.open().await.unwrap(), other.open().await.unwrap());
}

#[tokio::test]
async fn a_copy_is_removed_with_the_folders_above_its_project() {
    let world = World::package("");
    let shadow = world.open().await.unwrap();
    let folder = shadow.folder.clone();
    let above = world.top.path();
    assert!(!world.shadows.remove(&world.root().join("src")).unwrap());
    let error = world.shadows.remove(above).unwrap_err();
    assert_eq!(
        error.to_string().replace(world.root().to_str().unwrap(), "WORK"),
        "a build runs in the copy of WORK; try again when it has ended"
    );
    drop(shadow);
    fs::create_dir_all(folder.join("target/a/b")).unwrap();
    fs::set_permissions(folder.join("target/a"), fs::Permissions::from_mode(0o500)).unwrap();
    assert!(world.shadows.remove(above).unwrap());
    assert!(!folder.exists() && !world.shadows.remove(above).unwrap());
    drop(world.open().await.unwrap());
    assert!(folder.exists());
}

#[tokio::test]
async fn old_copies_and_too_many_go() {
    let (old, new) = (World::package(""), World::package(""));
    let shadows = old.shadows.clone();
    let folder = |world: &World| shadows.folder.canonicalize().unwrap().join(name(&world.root()));
    for world in [&old, &new] {
        drop(shadows.open(&world.project(), &world.programs()).await.unwrap());
    }
    set_time(&folder(&old).join("root"), 1_000_000_000);
    shadows.sweep();
    assert!(!folder(&old).exists() && folder(&new).exists());
    // Once a day.
    set_time(&folder(&new).join("root"), 1_000_000_000);
    shadows.sweep();
    assert!(folder(&new).exists());
    fs::remove_file(shadows.folder.join("swept")).unwrap();
    let held = shadows.open(&new.project(), &new.programs()).await.unwrap();
    let small = shadows.clone().with_limits(ShadowLimits { total: 1, ..ShadowLimits::default() });
    small.sweep();
    assert!(folder(&new).exists());
    drop(held);
    fs::remove_file(shadows.folder.join("swept")).unwrap();
    small.sweep();
    assert!(!folder(&new).exists());
}

#[tokio::test]
async fn dependencies_of_mix_are_copied_when_they_change() {
    let world = World::new();
    world.write("mix.exs", "");
    world.write("mix.lock", "1");
    world.write(".gitignore", "/deps\n/_build\n");
    world.write("deps/a/lib/a.ex", "a");
    world.write("deps/a/.git/HEAD", "ref");
    world.write("deps/a/.git/objects/ab/cdef", "object");
    world.write("_build/test/x", "built");
    let shadow = world.open().await.unwrap();
    let tree = shadow.tree().to_owned();
    drop(shadow);
    let names = |tree: &Path| listing(tree).into_keys().collect::<Vec<_>>().join(" ");
    expect![".gitignore deps/a/.git/HEAD deps/a/.git/objects deps/a/lib/a.ex mix.exs mix.lock"]
        .assert_eq(&names(&tree));
    fs::create_dir(tree.join("_build")).unwrap();
    fs::write(tree.join("_build/warm"), "1").unwrap();
    world.write("deps/a/lib/a.ex", "b");
    drop(world.open().await.unwrap());
    assert_eq!(listing(&tree)["deps/a/lib/a.ex"], "b");
    world.write("mix.lock", "2");
    fs::remove_dir_all(world.root().join("deps/a/.git")).unwrap();
    drop(world.open().await.unwrap());
    assert_eq!(listing(&tree)["deps/a/lib/a.ex"], "b");
    expect![".gitignore _build/warm deps/a/lib/a.ex mix.exs mix.lock"].assert_eq(&names(&tree));
}

#[derive(Debug, Clone)]
enum Step {
    /// In the project: a file and its text.
    Write(usize, String),
    Remove(usize),
    /// In the copy, as a build might.
    Spoil(usize, String),
    Gone(usize),
    Open,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6_usize, "[ab]{0,2}").prop_map(|(file, text)| Step::Write(file, text)),
        (0..6_usize).prop_map(Step::Remove),
        (0..6_usize, "[ab]{0,2}").prop_map(|(file, text)| Step::Spoil(file, text)),
        (0..6_usize).prop_map(Step::Gone),
        Just(Step::Open),
    ]
}

const FILES: [&str; 6] = ["a", "b", "d/a", "d/e/a", "d", "b/c"];

fn put(root: &Path, file: usize, text: &str) -> Option<PathBuf> {
    let path = root.join(FILES[file]);
    fs::create_dir_all(path.parent().unwrap()).ok()?;
    fs::write(&path, text).ok().map(|()| path)
}

fn take(root: &Path, file: usize) {
    let path = root.join(FILES[file]);
    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_copy_is_what_the_project_is_whatever_happened(steps in proptest::collection::vec(step(), 1..20)) {
        let world = World::package("");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let open = || drop(runtime.block_on(world.open()).unwrap());
        open();
        let tree = world.shadows.folder.canonicalize().unwrap().join(name(&world.root())).join("tree");
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Write(file, text) => {
                    if let Some(path) = put(&world.root(), file, &text) {
                        // Times go back: files come from elsewhere.
                        set_time(&path, 1_000_000_000 - number as u64);
                    }
                }
                Step::Remove(file) => take(&world.root(), file),
                Step::Spoil(file, text) => drop(put(&tree, file, &text)),
                Step::Gone(file) => take(&tree, file),
                Step::Open => {
                    open();
                    prop_assert_eq!(listing(&tree), listing(&world.root()));
                }
            }
        }
    }
}

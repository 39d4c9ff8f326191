//! What becomes of an index as files and documents change, run for run.

use std::fs;

use aiex_text::{Document, Text};

use super::*;

const LONG: Duration = Duration::from_secs(60);

struct Scene {
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("shop");
        fs::create_dir_all(root.join(".git")).unwrap();
        let scene = Self { folder, root };
        files.iter().for_each(|(name, contents)| scene.write(name, contents));
        scene
    }

    /// Writes a file as if long ago, and each time later than the last.
    fn write(&self, name: &str, contents: &str) {
        static LATER: AtomicUsize = AtomicUsize::new(1);
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        let later = Duration::from_nanos(1_600_000_000_000_000_001 + LATER.fetch_add(1, Ordering::Relaxed) as u64);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + later).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.root.join(name)).unwrap();
    }

    fn options(&self) -> Options {
        Options { cache: Some(self.folder.path().join("cache")), ..Options::default() }
    }

    fn open(&self) -> WorkspaceIndex {
        let index = WorkspaceIndex::open(&self.root, self.options()).unwrap();
        assert_eq!(index.wait_until_settled(LONG), Phase::Ready);
        index
    }

    fn cache_file(&self) -> PathBuf {
        cache::file_of(&self.folder.path().join("cache"), &self.root)
    }
}

fn document(text: &str) -> Arc<Snapshot> {
    Arc::new(Snapshot::of_file("file:///a.rs".into(), text, "rust"))
}

/// Files and how many items each defines.
fn items(index: &WorkspaceIndex) -> Vec<(String, usize)> {
    index.query(|workspace, _| workspace.files().map(|(path, _, file)| (path.to_owned(), file.len())).collect())
}

fn owned(items: &[(&str, usize)]) -> Vec<(String, usize)> {
    items.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect()
}

#[test]
fn a_workspace_is_indexed_and_its_texts_are_listed() {
    let scene = Scene::new(&[
        ("src/a.rs", "fn a() {}\nfn b() {}\n"),
        ("lib/c.ex", "defmodule C do\n  def c, do: 1\nend\n"),
        ("lib/c.html.heex", "<p>"),
        ("notes.md", "# Notes"),
        ("src/latin.rs", ""),
    ]);
    fs::write(scene.root.join("src/latin.rs"), b"// \xff").unwrap();
    let index = scene.open();
    assert_eq!(items(&index), owned(&[("lib/c.ex", 2), ("lib/c.html.heex", 1), ("src/a.rs", 2)]));
    assert_eq!(index.texts().iter().map(|text| &*text.path).collect::<Vec<_>>(), ["notes.md"]);
    let statistics = index.statistics();
    assert_eq!((statistics.sources, statistics.texts, statistics.parses), (3, 1, 3));
    assert_eq!(statistics.left_out.binary, 1);
    assert_eq!(index.read("src/a.rs").as_deref(), Some("fn a() {}\nfn b() {}\n"));
    assert_eq!(index.read("lib/c.html.heex").as_deref(), Some("<p>"));
    assert_eq!(index.read("../shop/src/a.rs"), None);
}

#[test]
fn progress_ends_with_all_files() {
    let scene = Scene::new(&[("a.rs", ""), ("b.rs", "")]);
    let (tell, told) = std::sync::mpsc::channel();
    let on_progress: OnProgress = Box::new(move |progress| _ = tell.send(progress));
    let options = Options { on_progress: Some(on_progress), ..scene.options() };
    let index = WorkspaceIndex::open(&scene.root, options).unwrap();
    assert_eq!(index.wait_until_settled(LONG), Phase::Ready);
    drop(index);
    assert_eq!(told.into_iter().last(), Some(Progress { files_done: 2, files_all: 2 }));
}

#[test]
fn a_folder_without_a_mark_is_indexed_while_it_is_small() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rs"), "fn a() {}").unwrap();
    fs::write(folder.path().join("b.rs"), "fn b() {}").unwrap();
    let phase = |files: usize| {
        let limits = Limits { files, ..Limits::default() };
        let index = WorkspaceIndex::open(folder.path(), Options { limits, ..Options::default() }).unwrap();
        index.wait_until_settled(LONG)
    };
    assert_eq!(phase(2), Phase::Ready);
    assert_eq!(phase(1), Phase::Refused(Refused::Unmarked(folder.path().canonicalize().unwrap())));
}

#[test]
fn what_grows_later_stays_within_the_limit_of_bytes() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    let limits = Limits { bytes: 40, ..Limits::default() };
    let index = WorkspaceIndex::open(&scene.root, Options { limits, ..scene.options() }).unwrap();
    assert_eq!(index.wait_until_settled(LONG), Phase::Ready);
    let known = || {
        index.refresh(LONG);
        assert!(index.statistics().bytes <= 40);
        items(&index).into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
    };
    scene.write("c.rs", "fn c() {} // 25 bytes then");
    assert_eq!(known(), "a.rs b.rs", "a new file");
    assert!(index.statistics().left_out.beyond_limits > 0);
    scene.write("a.rs", "fn a() {} // that is far more than the limit");
    assert_eq!(known(), "b.rs c.rs", "a file that has grown makes room for one that fits");
    scene.write("c.rs", "fn c() {} // that is thirty-six long");
    assert!(index.check(["c.rs"]));
    assert_eq!(items(&index), owned(&[("b.rs", 1)]), "a file that fits alone");
    scene.remove("c.rs");
    scene.write("a.rs", "fn a() {}");
    assert_eq!(known(), "a.rs b.rs");
}

#[test]
fn a_restart_parses_nothing_that_is_unchanged() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}"), ("c.rs", "fn c() {}")]);
    let first = scene.open();
    first.save();
    let before = items(&first);
    assert_eq!(first.statistics().parses, 3);
    drop(first);
    let second = scene.open();
    assert_eq!((second.statistics().parses, second.statistics().reused), (0, 3));
    assert_eq!(items(&second), before);
    drop(second);
    scene.write("b.rs", "fn b() {} fn d() {}");
    scene.remove("c.rs");
    let third = scene.open();
    assert_eq!((third.statistics().parses, third.statistics().reused), (1, 1));
    assert_eq!(items(&third), owned(&[("a.rs", 1), ("b.rs", 2)]));
}

#[cfg(unix)]
#[test]
fn the_kept_index_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new(&[("a.rs", "fn a() {}")]);
    scene.open().save();
    assert_eq!(scene.cache_file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(scene.cache_file(), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(scene.open().statistics().reused, 0);
}

#[test]
fn a_damaged_cache_is_as_none() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    scene.open().save();
    let whole = fs::read(scene.cache_file()).unwrap();
    let check = |contents: &[u8]| {
        fs::write(scene.cache_file(), contents).unwrap();
        let index = scene.open();
        assert_eq!((index.statistics().parses, index.statistics().reused), (2, 0));
        // Its thread writes another when it ends.
        index.save();
    };
    check(b"");
    check(b"aiex index");
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        check(&damaged);
    }
    check(&whole[..whole.len() - 1]);
    check(&[&*whole, b"x"].concat());
    let mut other_version = whole.clone();
    other_version.splice(..11, b"aiex index 0".iter().copied());
    check(&other_version);
}

#[test]
fn a_cache_of_another_root_is_as_none() {
    let (one, other) = (Scene::new(&[("a.rs", "fn a() {}")]), Scene::new(&[("a.rs", "fn a() {}")]));
    one.open().save();
    fs::create_dir_all(other.cache_file().parent().unwrap()).unwrap();
    fs::copy(one.cache_file(), other.cache_file()).unwrap();
    assert_eq!(other.open().statistics().reused, 0);
}

#[test]
fn two_servers_may_write_the_same_cache() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    let indexes = [scene.open(), scene.open()];
    std::thread::scope(|scope| {
        for index in &indexes {
            scope.spawn(|| {
                for _ in 0..20 {
                    lock(&index.shared.files).unsaved = Some(Instant::now());
                    index.save();
                }
            });
        }
    });
    drop(indexes);
    assert_eq!(scene.open().statistics().reused, 2);
}

#[test]
fn a_change_on_disk_is_found_before_it_is_packed() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    let index = scene.open();
    // Of the same size.
    scene.write("a.rs", "fn x() {}");
    assert!(index.check(["a.rs", "b.rs"]));
    assert!(!index.check(["a.rs", "b.rs"]));
    assert_eq!(index.statistics().parses, 3);
    scene.write("b.rs", "fn b() {} fn c() {}");
    let mut asked = 0;
    let read = index.query(|workspace, texts| {
        asked += 1;
        (workspace.file("b.rs").map(|file| file.len()), texts.read("b.rs"))
    });
    assert_eq!((asked, read), (2, (Some(2), Some("fn b() {} fn c() {}".into()))));
    scene.remove("b.rs");
    assert_eq!(index.read("b.rs"), None);
    assert_eq!(items(&index), owned(&[("a.rs", 1)]));
}

#[test]
fn a_touched_file_is_not_parsed_again() {
    let scene = Scene::new(&[("a.rs", "fn a() {}")]);
    let index = scene.open();
    scene.write("a.rs", "fn a() {}");
    assert_eq!(index.refresh(LONG), Freshness { changed: 0, is_complete: true });
    assert_eq!(index.statistics().parses, 1);
}

#[test]
fn a_checkout_is_brought_in_file_by_file() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}"), ("c.rs", "fn c() {}")]);
    let index = scene.open();
    scene.write("a.rs", "fn a() {} fn a2() {}");
    scene.remove("b.rs");
    scene.write("sub/d.rs", "fn d() {}");
    assert_eq!(index.refresh(LONG), Freshness { changed: 3, is_complete: true });
    assert_eq!(items(&index), owned(&[("a.rs", 2), ("c.rs", 1), ("sub/d.rs", 1)]));
    assert_eq!(index.statistics().parses, 5);
    assert_eq!(index.refresh(LONG).changed, 0);
    assert_eq!(index.refresh(Duration::ZERO), Freshness { changed: 0, is_complete: false });
    assert_eq!(items(&index).len(), 3);
}

#[test]
fn what_the_editor_reports_is_looked_at_alone() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}"), ("sub/c.rs", "fn c() {}")]);
    let index = scene.open();
    scene.write("a.rs", "fn a() {} fn a2() {}");
    scene.remove("sub/c.rs");
    let paths = [scene.root.join("a.rs"), scene.root.join("sub"), PathBuf::from("/elsewhere/x.rs")];
    index.files_changed(paths.iter().map(PathBuf::as_path));
    index.shared.bring_in(&|| true);
    assert_eq!(items(&index), owned(&[("a.rs", 2), ("b.rs", 1)]));
}

#[test]
fn an_open_document_wins_until_it_is_closed() {
    let scene = Scene::new(&[("a.rs", "fn a() {}")]);
    let index = scene.open();
    let path = scene.root.join("a.rs");
    index.document_changed(&path, document("fn a() {} fn typed() {}"));
    scene.write("a.rs", "");
    index.refresh(LONG);
    assert_eq!(items(&index), owned(&[("a.rs", 2)]));
    assert_eq!(index.read("a.rs").as_deref(), Some("fn a() {} fn typed() {}"));
    assert!(!index.check(["a.rs"]));
    assert_eq!(index.statistics().parses, 1);
    index.document_closed(&path);
    index.refresh(LONG);
    assert_eq!(items(&index), owned(&[("a.rs", 0)]));
    assert_eq!(index.read("a.rs").as_deref(), Some(""));
}

#[test]
fn a_document_without_a_file_is_there_while_it_is_open() {
    let scene = Scene::new(&[(".gitignore", "secret.rs")]);
    let index = scene.open();
    let (new, secret) = (scene.root.join("new.rs"), scene.root.join("secret.rs"));
    index.document_changed(&new, document("fn a() {}"));
    index.document_changed(&secret, document("fn a() {}"));
    index.refresh(LONG);
    assert_eq!(items(&index), owned(&[("new.rs", 1)]));
    index.document_closed(&new);
    index.refresh(LONG);
    assert_eq!(items(&index), owned(&[]));
}

#[test]
fn an_open_document_is_not_kept_for_the_next_start() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    let index = scene.open();
    index.document_changed(&scene.root.join("a.rs"), document("fn unsaved() {} fn b() {}"));
    scene.write("b.rs", "fn saved() {}");
    assert_eq!(index.refresh(LONG).changed, 2);
    index.save();
    drop(index);
    let index = scene.open();
    assert_eq!((index.statistics().parses, index.statistics().reused), (1, 1));
    assert_eq!(items(&index), owned(&[("a.rs", 1), ("b.rs", 1)]));
}

#[test]
fn a_large_generated_source_is_left_out() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("gen.rs", &"fn g() {}\n".repeat(524_288))]);
    let index = scene.open();
    assert_eq!(items(&index), owned(&[("a.rs", 1)]));
    let left_out = index.statistics().left_out;
    assert_eq!(left_out.sentence().as_deref(), Some("left out of the index: 1 too large"));
}

#[test]
fn files_that_vanish_are_counted_and_no_more() {
    let scene = Scene::new(&[("a.rs", "fn a() {}")]);
    let index = scene.open();
    let found = index.shared.rules.walk(None, &|| true);
    scene.remove("a.rs");
    index.shared.index_files(found.files, |_| {});
    assert_eq!(index.statistics().left_out.vanished, 1);
    assert_eq!(items(&index), owned(&[]));
}

#[test]
fn an_edit_of_a_document_touches_one_file() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("b.rs", "fn b() {}")]);
    let index = scene.open();
    let indexes = |index: &WorkspaceIndex| {
        index.query(|workspace, _| ["a.rs", "b.rs"].map(|name| workspace.file(name).unwrap().clone()))
    };
    let [a, b] = indexes(&index);
    let documents = crate::documents::Documents::default();
    documents.open("file:///a.rs", Document::new(Text::new("fn a() { b() }"), 1, "rust"));
    index.document_changed(&scene.root.join("a.rs"), documents.get("file:///a.rs").unwrap());
    index.refresh(LONG);
    let [new_a, new_b] = indexes(&index);
    assert!(!Arc::ptr_eq(&a, &new_a) && Arc::ptr_eq(&b, &new_b));
}

#[test]
fn the_system_tells_of_changes() {
    let scene = Scene::new(&[("a.rs", "fn a() {}"), ("node_modules/x.rs", "")]);
    let options = Options { watch: true, ..scene.options() };
    let index = WorkspaceIndex::open(&scene.root, options).unwrap();
    assert_eq!(index.wait_until_settled(LONG), Phase::Ready);
    index.refresh(LONG);
    if !index.shared.watch.is_active() {
        // A system without watches: the sizes and times are looked at instead.
        assert!(!index.shared.watch.covers(&scene.root));
        return;
    }
    assert!(index.shared.watch.covers(&scene.root));
    let wait_for = |expect: &[(&str, usize)]| {
        let begin = Instant::now();
        while items(&index) != owned(expect) {
            assert!(begin.elapsed() < LONG, "{:?}", items(&index));
            let pending = lock(&index.shared.pending);
            drop(index.shared.woken.wait_timeout(pending, Duration::from_millis(50)));
            index.shared.bring_in(&|| true);
            index.shared.watch.extend(&index.shared);
        }
    };
    scene.write("a.rs", "fn a() {} fn b() {}");
    wait_for(&[("a.rs", 2)]);
    scene.write("new/sub/c.rs", "fn c() {}");
    wait_for(&[("a.rs", 2), ("new/sub/c.rs", 1)]);
    scene.write("new/sub/d.rs", "fn d() {}");
    wait_for(&[("a.rs", 2), ("new/sub/c.rs", 1), ("new/sub/d.rs", 1)]);
    scene.write(".gitignore", "new/");
    wait_for(&[("a.rs", 2)]);
    scene.remove("a.rs");
    wait_for(&[]);
    // Git has moved.
    scene.write(".git/HEAD", "ref: refs/heads/other");
    assert!(!index.shared.watch.covers(&scene.root));
    assert!(index.shared.watch.covers(&scene.root));
}

//! Opening: who may read the files, what is kept, and what is refused.

use std::{
    fs,
    path::Path,
    sync::Barrier,
    thread,
    time::{Duration, SystemTime},
};

use expect_test::expect;
use rusqlite::Connection;

use crate::{
    Store, StoreError,
    scene::{Scene, at, granted, passes, planned, process, role},
};

fn pragma(store: &Store, name: &str) -> String {
    let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
    format!("{:?}", store.connection().query_row(&format!("PRAGMA {name}"), [], value).unwrap())
}

/// What SQLite itself finds wrong with the file; `ok` if nothing.
fn check(store: &Store) -> String {
    store.connection().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_store_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Store>();
}

#[test]
fn a_connection_is_set_up_for_several_processes() {
    let scene = Scene::default();
    for store in [scene.open(), scene.open()] {
        let names = ["journal_mode", "busy_timeout", "synchronous", "foreign_keys", "user_version"];
        let found = names.map(|name| format!("{name} {}", pragma(&store, name))).join("\n");
        expect![[r#"
            journal_mode Text("wal")
            busy_timeout Integer(5000)
            synchronous Integer(1)
            foreign_keys Integer(1)
            user_version Integer(5)"#]]
        .assert_eq(&found);
    }
}

#[test]
fn what_was_kept_is_there_after_another_start() {
    let scene = Scene::default();
    granted(scene.open().reserve(&planned(at(12), Some(0.25)), None).unwrap());
    let first = scene.open();
    let second = scene.open();
    granted(first.reserve(&planned(at(12), Some(0.5)), None).unwrap());
    assert_eq!(second.spent_today(at(12)).unwrap(), 0.75);
}

#[test]
fn a_database_of_the_first_format_gets_what_is_new_and_keeps_what_it_has() {
    let scene = Scene::default();
    let old = Connection::open(scene.path()).unwrap();
    old.execute_batch(include_str!("../migrations/1_usage.sql")).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 0x41494558; PRAGMA user_version = 1;
         INSERT INTO usage (at, provider, model, task, cost_nano_usd) VALUES (0, 'openai', 'gpt-5', 'ask', 500000000)",
    )
    .unwrap();
    drop(old);
    let store = scene.open();
    assert_eq!(store.spent_today(SystemTime::UNIX_EPOCH).unwrap(), 0.5);
    assert_eq!(store.consents("/shop", "https://a.example").unwrap(), None);
    assert_eq!(store.token_ratios("openai/gpt-5").unwrap(), None);
    assert_eq!(store.checkpoints(None, 1).unwrap(), []);
}

#[test]
fn names_that_mean_something_to_sqlite_are_names_of_files() {
    let scene = Scene::default();
    for name in [":memory:", "file:a?mode=memory", "ä b%20c;'\"", "file:/x#y"] {
        let path = scene.folder().join("names").join(name);
        granted(Store::open(&path).unwrap().reserve(&planned(at(0), None), None).unwrap());
        assert!(path.is_file(), "{name}");
    }
}

#[test]
fn many_can_open_a_new_database_at_once() {
    for _ in 0..32 {
        let scene = Scene::default();
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    let store = scene.open();
                    granted(store.reserve(&planned(at(12), Some(1.0)), None).unwrap());
                    assert_eq!(pragma(&store, "journal_mode"), "Text(\"wal\")");
                });
            }
        });
        let store = scene.open();
        assert_eq!((store.spent_today(at(12)).unwrap(), &*check(&store)), (8.0, "ok"));
    }
}

#[test]
fn a_database_of_a_newer_aiex_is_refused() {
    let scene = Scene::default();
    scene.open().connection().pragma_update(None, "user_version", 99).unwrap();
    expect!["The database FOLDER/aiex.db was made by a newer Aiex: its format is 99, and this Aiex knows those up to 5. Update Aiex, or move the file away; Aiex then makes a new one."].assert_eq(&scene.refusal(&scene.path()));
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let scene = Scene::default();
    let other = Connection::open(scene.path()).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT); PRAGMA user_version = 1").unwrap();
    drop(other);
    let before = fs::read(scene.path()).unwrap();
    expect!["FOLDER/aiex.db is not a database of Aiex, or is damaged: it belongs to another program. Move it away; Aiex then makes a new one."].assert_eq(&scene.refusal(&scene.path()));
    assert!(fs::read(scene.path()).unwrap() == before);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    for garbage in [&b"xy"[..], b"SQLite format 3\0", &[0; 5000], "# My notes\n".repeat(1000).as_bytes()] {
        let scene = Scene::default();
        fs::write(scene.path(), garbage).unwrap();
        expect!["FOLDER/aiex.db is not a database of Aiex, or is damaged: file is not a database. Move it away; Aiex then makes a new one."].assert_eq(&scene.refusal(&scene.path()));
        assert!(fs::read(scene.path()).unwrap() == garbage);
    }
}

#[test]
fn a_file_of_one_byte_is_not_taken_for_an_empty_one() {
    let scene = Scene::default();
    fs::write(scene.path(), "x").unwrap();
    expect!["FOLDER/aiex.db is not a database of Aiex, or is damaged: it has only one byte. Move it away; Aiex then makes a new one."].assert_eq(&scene.refusal(&scene.path()));
    assert_eq!(fs::read(scene.path()).unwrap(), b"x");
    fs::write(scene.path(), "").unwrap();
    scene.open();
}

#[test]
fn a_database_that_was_cut_is_refused_and_left_as_it_is() {
    let scene = Scene::default();
    granted(scene.open().reserve(&planned(at(0), None), None).unwrap());
    let whole = fs::read(scene.path()).unwrap();
    for kept in [1, 20, 99, 100, 512, 4096, 8191, whole.len() - 4096] {
        fs::write(scene.path(), &whole[..kept]).unwrap();
        let refused = Store::open(&scene.path());
        assert!(matches!(refused, Err(StoreError::NotADatabase { .. })), "{kept} bytes: {refused:?}");
        assert!(fs::read(scene.path()).unwrap() == whole[..kept], "{kept} bytes");
    }
}

#[test]
fn damage_that_is_met_later_is_said_in_the_same_words() {
    let scene = Scene::default();
    granted(scene.open().reserve(&planned(at(0), None), None).unwrap());
    let mut bytes = fs::read(scene.path()).unwrap();
    bytes[4096..].fill(0xAA);
    fs::write(scene.path(), bytes).unwrap();
    let said = scene.open().usage(at(0)).unwrap_err().to_string();
    assert!(said.contains("or is damaged: database disk image is malformed. Move it away"), "{said}");
}

#[test]
fn a_new_database_is_made_where_a_damaged_one_was_moved_away() {
    let scene = Scene::default();
    fs::write(scene.path(), "garbage").unwrap();
    scene.refusal(&scene.path());
    // What the damaged one left beside it does no harm to the new one.
    fs::write(scene.folder().join("aiex.db-wal"), "garbage").unwrap();
    fs::rename(scene.path(), scene.folder().join("aiex.db.old")).unwrap();
    let store = scene.open();
    granted(store.reserve(&planned(at(0), None), None).unwrap());
    assert_eq!(check(&store), "ok");
}

#[test]
fn a_folder_in_the_place_of_the_file_is_refused() {
    let scene = Scene::default();
    expect!["Could not open the database FOLDER: it could not be opened or made. Check that you may write to it and to its folder, or set AIEX_HOME to a folder that you may write to."].assert_eq(&scene.refusal(scene.folder()));
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused() {
    let scene = Scene::default();
    fs::write(scene.path(), "").unwrap();
    let said = scene.refusal(&scene.path().join("below/aiex.db"));
    assert!(said.starts_with("Could not make the folder FOLDER/aiex.db/below: "), "{said}");
}

#[test]
fn another_program_that_keeps_the_database_locked_is_said_to() {
    let scene = Scene::default();
    let store = scene.open();
    // Not 5 seconds: the test would take as long.
    store.connection().busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(scene.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.reserve(&planned(at(0), None), None).unwrap_err();
    assert_eq!(refused, StoreError::Busy { path: scene.path() });
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::os::unix::process::CommandExt as _;

    use super::*;

    fn mode(path: &Path) -> String {
        format!("{:o}", fs::metadata(path).unwrap().permissions().mode() & 0o777)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The files of a folder with their modes, sorted.
    fn modes(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut found: Vec<_> =
            entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path()))).collect();
        found.sort();
        found
    }

    fn private() -> Vec<(String, String)> {
        ["aiex.db", "aiex.db-shm", "aiex.db-wal"].map(|name| (name.into(), "600".into())).into()
    }

    #[test]
    fn new_files_and_folders_are_their_owners_alone() {
        let scene = Scene::default();
        set_mode(scene.folder(), 0o755);
        let folder = scene.folder().join("data/aiex");
        let store = Store::open(&folder.join("aiex.db")).unwrap();
        granted(store.reserve(&planned(at(0), None), None).unwrap());
        assert_eq!(modes(&folder), private());
        assert_eq!([&*mode(&folder), &mode(folder.parent().unwrap())], ["700", "700"]);
        assert_eq!(mode(scene.folder()), "755", "a folder that was there keeps its mode");
    }

    #[test]
    fn a_link_is_followed() {
        let (scene, real) = (Scene::default(), Scene::default());
        symlink(real.path(), scene.path()).unwrap();
        // At first nothing is where it leads.
        granted(scene.open().reserve(&planned(at(0), None), None).unwrap());
        let store = scene.open();
        granted(store.reserve(&planned(at(0), None), None).unwrap());
        assert_eq!(modes(real.folder()), private());
        assert!(scene.path().is_symlink());
        assert_eq!(real.open().usage(at(0)).unwrap()[0].requests, 2);
    }

    #[test]
    fn a_place_that_may_not_be_written_is_named() {
        if role().is_some() {
            return read_only();
        }
        let again = process("open::tests::unix::a_place_that_may_not_be_written_is_named", "read only");
        let scene = Scene::default();
        let is_root = fs::metadata(scene.folder()).unwrap().uid() == 0;
        if is_root {
            // Root may write everywhere: the rest is for somebody else, who needs to reach the program.
            set_mode(scene.folder(), 0o755);
            let program = scene.folder().join("tests");
            fs::copy(again.get_program(), &program).unwrap();
            let mut other = std::process::Command::new(program);
            other.args(again.get_args()).env("AIEX_STORE_ROLE", "read only").current_dir("/").uid(65534).gid(65534);
            passes(&mut other);
        } else {
            read_only();
        }
    }

    fn read_only() {
        let scene = Scene::default();
        let (empty, full) = (scene.folder().join("empty"), scene.folder().join("full"));
        fs::create_dir(&empty).unwrap();
        drop(Store::open(&full.join("aiex.db")).unwrap());
        drop(scene.open());
        set_mode(&scene.path(), 0o400);
        [&empty, &full].iter().for_each(|folder| set_mode(folder, 0o500));
        let said = [empty.join("aiex.db"), empty.join("more/aiex.db"), full.join("aiex.db"), scene.path()]
            .map(|path| scene.refusal(&path))
            .join("\n");
        [&empty, &full].iter().for_each(|folder| set_mode(folder, 0o700));
        assert_eq!(said, EXPECTED.join("\n"));
    }

    /// Not a snapshot: a process that may not write its source could not renew it.
    const EXPECTED: [&str; 4] = [
        "Could not open the database FOLDER/empty/aiex.db: Permission denied (os error 13). Check that you may write to it and to its folder, or set AIEX_HOME to a folder that you may write to.",
        "Could not make the folder FOLDER/empty/more: Permission denied (os error 13). Check the permissions there, or set AIEX_HOME to a folder that you may write to.",
        "Could not open the database FOLDER/full/aiex.db: it may only be read. Check that you may write to it and to its folder, or set AIEX_HOME to a folder that you may write to.",
        "Could not open the database FOLDER/aiex.db: it may only be read. Check that you may write to it and to its folder, or set AIEX_HOME to a folder that you may write to.",
    ];
}

//! Checkpoints: what is kept, for how long, and what counts as brought back.

use super::*;
use crate::scene::{Scene, at};

fn file(path: &str, before: Option<&str>, after: Option<&str>) -> CheckpointFile {
    CheckpointFile { path: path.into(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}

fn new<'a>(workspace: &'a str, title: &'a str, files: &'a [CheckpointFile]) -> NewCheckpoint<'a> {
    NewCheckpoint { workspace, title, at: at(1), restores: None, files }
}

fn titles(store: &Store, workspace: Option<&str>, most: usize) -> Vec<String> {
    store.checkpoints(workspace, most).unwrap().into_iter().map(|row| row.title).collect()
}

#[test]
fn contents_are_there_after_another_start() {
    let scene = Scene::default();
    let files = [
        file("/shop/b.ex", Some("é\r\n\0"), Some("")),
        file("/shop/a.ex", None, Some("new")),
        file("/shop/c.ex", Some("old"), None),
    ];
    let id = scene.open().add_checkpoint(&new("/shop", "Rename", &files)).unwrap();
    let store = scene.open();
    let found = store.checkpoint(id).unwrap().unwrap();
    assert_eq!(found.files, files);
    assert_eq!((&*found.row.workspace, &*found.row.title, found.row.at), ("/shop", "Rename", at(1)));
    assert_eq!((found.row.restored_at, found.row.restores), (None, None));
    assert_eq!(found.row.paths, ["/shop/b.ex", "/shop/a.ex", "/shop/c.ex"]);
    assert_eq!(store.checkpoints(None, 10).unwrap(), [found.row]);
    assert_eq!(store.checkpoint(CheckpointId(99)).unwrap(), None);
}

#[test]
fn the_newest_come_first_and_workspaces_are_apart() {
    let scene = Scene::default();
    let store = scene.open();
    for (workspace, title) in [("/shop", "1"), ("/shop/sub", "2"), ("/shop", "3")] {
        store.add_checkpoint(&new(workspace, title, &[])).unwrap();
    }
    assert_eq!(titles(&store, None, 10), ["3", "2", "1"]);
    assert_eq!(titles(&store, Some("/shop"), 10), ["3", "1"]);
    assert_eq!(titles(&store, Some("/shop"), 1), ["3"]);
    assert_eq!(titles(&store, Some("/SHOP"), 10), [""; 0]);
    assert_eq!(titles(&store, None, 0), [""; 0]);
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let scene = Scene::default();
    let store = scene.open();
    let files = [file("/a", Some("x"), None)];
    for n in 0..205 {
        store.add_checkpoint(&new("/shop", &n.to_string(), &files)).unwrap();
    }
    let kept = titles(&store, None, 1000);
    assert_eq!((kept.len(), &*kept[0], &*kept[199]), (200, "204", "5"));
    let count = |table: &str| -> i64 {
        store.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("checkpoints"), count("checkpoint_files")), (200, 200));
}

#[test]
fn the_oldest_go_when_they_are_too_large() {
    let scene = Scene::default();
    let store = scene.open();
    let megabytes = |count: usize| {
        [file("/a", Some(&"x".repeat(count * 1024 * 1024 / 2)), Some(&"y".repeat(count * 1024 * 1024 / 2)))]
    };
    for (title, size) in [("1", 30), ("2", 10), ("3", 24)] {
        store.add_checkpoint(&new("/shop", title, &megabytes(size))).unwrap();
    }
    assert_eq!(titles(&store, None, 10), ["3", "2", "1"]);
    store.add_checkpoint(&new("/shop", "4", &[file("/a", Some("x"), None)])).unwrap();
    assert_eq!(titles(&store, None, 10), ["4", "3", "2"]);
    let refused = store.add_checkpoint(&new("/shop", "5", &megabytes(66))).unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { most: 64, .. }), "{refused}");
    assert_eq!(titles(&store, None, 10), ["4", "3", "2"]);
    // One that fills all of the room leaves none to the others.
    store.add_checkpoint(&new("/shop", "6", &megabytes(64))).unwrap();
    assert_eq!(titles(&store, None, 10), ["6"]);
}

#[test]
fn what_was_brought_back_and_undone_can_be_brought_back_again() {
    let scene = Scene::default();
    let store = scene.open();
    let first = store.add_checkpoint(&new("/shop", "1", &[])).unwrap();
    let undo = store.add_checkpoint(&NewCheckpoint { restores: Some(first), ..new("/shop", "undo", &[]) }).unwrap();
    let restored = || [first, undo].map(|id| store.checkpoint(id).unwrap().unwrap().row.restored_at);
    assert!(store.mark_restored(first, at(2)).unwrap());
    assert_eq!(restored(), [Some(at(2)), None]);
    assert_eq!(store.checkpoint(undo).unwrap().unwrap().row.restores, Some(first));
    assert!(store.mark_restored(undo, at(3)).unwrap());
    assert_eq!(restored(), [None, Some(at(3))]);
    assert!(!store.mark_restored(CheckpointId(99), at(2)).unwrap());
}

//! Restores: what comes back, and what is refused.

use std::time::{Duration, UNIX_EPOCH};

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;

/// A workspace and a database, gone after the test.
struct Scene {
    folder: TempDir,
    store: Store,
}

impl Default for Scene {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("shop")).unwrap();
        let store = Store::open(&folder.path().join("data/aiex.db")).unwrap();
        Self { folder, store }
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_219_200 + seconds)
}

impl Scene {
    fn top(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("shop")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.top().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// A checkpoint of a change that is made, too: of each file what it held and holds.
    fn changed(&self, files: &[(&str, Option<&str>, Option<&str>)]) -> CheckpointId {
        for (name, _, after) in files {
            match after {
                Some(text) => self.write(name, text),
                None => drop(fs::remove_file(self.path(name))),
            }
        }
        self.checkpoint(files)
    }

    fn checkpoint(&self, files: &[(&str, Option<&str>, Option<&str>)]) -> CheckpointId {
        let files: Vec<_> = files
            .iter()
            .map(|(name, before, after)| CheckpointFile {
                path: self.path(name).display().to_string(),
                before: before.map(str::to_owned),
                after: after.map(str::to_owned),
            })
            .collect();
        let workspace = self.top().display().to_string();
        let new = NewCheckpoint { workspace: &workspace, title: "Rename", at: at(0), restores: None, files: &files };
        self.store.add_checkpoint(&new).unwrap()
    }

    fn restore(&self, id: CheckpointId, force: bool) -> Result<Restored, String> {
        restore(&self.store, id, force, at(60))
    }

    #[track_caller]
    fn refused(&self, id: CheckpointId, force: bool, expect: Expect) {
        let error = self.restore(id, force).unwrap_err();
        expect.assert_eq(&error.replace(&*self.top().display().to_string(), "SHOP"));
        assert!(self.store.checkpoint(id).unwrap().unwrap().row.restored_at.is_none());
    }
}

#[test]
fn changed_new_and_deleted_files_come_back() {
    let scene = Scene::default();
    let files =
        [("lib/a.ex", Some("old é\r\n"), Some("new")), ("lib/b.ex", None, Some("made")), ("x/c.ex", Some("c"), None)];
    let id = scene.changed(&files);
    let restored = scene.restore(id, false).unwrap();
    assert_eq!(restored.paths.len(), 3);
    let texts = || ["lib/a.ex", "lib/b.ex", "x/c.ex"].map(|name| scene.text(name));
    assert_eq!(texts(), [Some("old é\r\n".into()), None, Some("c".into())]);
    // Again: nothing is left to do.
    assert_eq!(scene.restore(id, false).unwrap(), Restored { id, undo: None, paths: vec![] });
    // And back.
    let undo = restored.undo.unwrap();
    let again = scene.restore(undo, false).unwrap();
    assert_eq!(texts(), [Some("new".into()), Some("made".into()), None]);
    assert!(again.undo > restored.undo);
    let title = scene.store.checkpoint(undo).unwrap().unwrap().row.title;
    assert_eq!(title, "Restore 1: Rename");
    assert_eq!(scene.store.checkpoint(id).unwrap().unwrap().row.restored_at, None);
}

#[test]
fn later_work_is_not_overwritten_without_being_told() {
    let scene = Scene::default();
    let id = scene.changed(&[
        ("a.ex", Some("old"), Some("new")),
        ("b.ex", Some("old"), Some("new")),
        ("c.ex", None, Some("new")),
    ]);
    scene.write("a.ex", "mine");
    scene.refused(id, false, expect!["a.ex was changed after checkpoint 1, and restoring it would lose that work: nothing was changed. With --force (of `aiex.undo`, `force`) it is overwritten, and kept as a checkpoint of its own."]);
    scene.write("c.ex", "mine, too");
    scene.refused(id, false, expect!["a.ex and c.ex were changed after checkpoint 1, and restoring them would lose that work: nothing was changed. With --force (of `aiex.undo`, `force`) it is overwritten, and kept as a checkpoint of its own."]);
    let texts = || ["a.ex", "b.ex", "c.ex"].map(|name| scene.text(name));
    assert_eq!(texts(), [Some("mine".into()), Some("new".into()), Some("mine, too".into())]);
    let undo = scene.restore(id, true).unwrap().undo.unwrap();
    assert_eq!(texts(), [Some("old".into()), Some("old".into()), None]);
    scene.restore(undo, false).unwrap();
    assert_eq!(texts(), [Some("mine".into()), Some("new".into()), Some("mine, too".into())]);
    // A file that was deleted meanwhile is later work, too.
    fs::remove_file(scene.path("b.ex")).unwrap();
    scene.write("a.ex", "new");
    scene.write("c.ex", "new");
    scene.refused(id, false, expect!["b.ex was changed after checkpoint 1, and restoring it would lose that work: nothing was changed. With --force (of `aiex.undo`, `force`) it is overwritten, and kept as a checkpoint of its own."]);
}

#[test]
fn the_last_one_is_the_newest_that_was_not_restored() {
    let scene = Scene::default();
    let workspace = scene.top().display().to_string();
    expect!["Aiex has changed nothing in SHOP that could be restored."]
        .assert_eq(&last(&scene.store, &workspace).unwrap_err().replace(&workspace, "SHOP"));
    let first = scene.changed(&[("a.ex", Some("0"), Some("1"))]);
    let second = scene.changed(&[("a.ex", Some("1"), Some("2"))]);
    for expected in [second, first] {
        let id = last(&scene.store, &workspace).unwrap();
        assert_eq!(id, expected);
        scene.restore(id, false).unwrap();
    }
    assert_eq!(scene.text("a.ex").as_deref(), Some("0"));
    assert!(last(&scene.store, &workspace).is_err());
    assert!(last(&scene.store, "/elsewhere").is_err());
    expect!["There is no checkpoint 99, or no longer. `aiex checkpoints list` shows those there are."]
        .assert_eq(&scene.restore(CheckpointId(99), true).unwrap_err());
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scene = Scene::default();
    let id = scene.changed(&[("run.sh", Some("old"), Some("new")), ("link.ex", Some("old"), Some("new"))]);
    fs::set_permissions(scene.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(scene.path("link.ex"), scene.path("real.ex")).unwrap();
    symlink("real.ex", scene.path("link.ex")).unwrap();
    scene.restore(id, false).unwrap();
    assert_eq!(fs::metadata(scene.path("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!((scene.text("run.sh"), scene.text("real.ex")), (Some("old".into()), Some("old".into())));
    assert!(fs::symlink_metadata(scene.path("link.ex")).unwrap().is_symlink());
    // Nothing is left beside them.
    assert_eq!(fs::read_dir(scene.top()).unwrap().count(), 3);
}

#[cfg(unix)]
#[test]
fn what_is_in_the_way_leaves_everything_as_it_is() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scene = Scene::default();
    let id = scene.changed(&[("a.ex", Some("old"), Some("new")), ("b.ex", Some("old"), Some("new"))]);
    let both = || (scene.text("a.ex"), scene.text("b.ex"));
    fs::set_permissions(scene.path("b.ex"), fs::Permissions::from_mode(0o444)).unwrap();
    scene.refused(
        id,
        true,
        expect!["SHOP/b.ex may only be read: nothing was changed. Make it writable and try again."],
    );
    assert_eq!(both(), (Some("new".into()), Some("new".into())));
    // A link that leaves the workspace.
    let outside = scene.folder.path().join("outside.ex");
    fs::rename(scene.path("b.ex"), &outside).unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
    symlink(&outside, scene.path("b.ex")).unwrap();
    scene.refused(id, true, expect!["SHOP/b.ex is outside of the workspace SHOP: nothing was changed."]);
    assert_eq!(both(), (Some("new".into()), Some("new".into())));
    fs::remove_file(&outside).unwrap();
    scene.refused(id, true, expect!["SHOP/b.ex is a link that leads nowhere."]);
    fs::remove_file(scene.path("b.ex")).unwrap();
    fs::create_dir(scene.path("b.ex")).unwrap();
    scene.refused(id, true, expect!["SHOP/b.ex is no longer a file."]);
    fs::remove_dir(scene.path("b.ex")).unwrap();
    fs::write(scene.path("b.ex"), b"\xff").unwrap();
    scene.refused(id, true, expect!["SHOP/b.ex is no longer UTF-8 text."]);
    assert_eq!(scene.text("a.ex").as_deref(), Some("new"));
}

#[cfg(unix)]
#[test]
fn files_outside_of_the_workspace_are_left_alone() {
    use std::os::unix::fs::symlink;
    let scene = Scene::default();
    let victim = scene.folder.path().join("victim");
    fs::write(&victim, "new").unwrap();
    let id = scene.checkpoint(&[("../victim", Some("old"), Some("new"))]);
    scene.refused(id, true, expect!["SHOP/../victim is outside of the workspace SHOP: nothing was changed."]);
    // A new file behind a folder that is a link to elsewhere; deleting one there.
    let elsewhere = scene.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, scene.path("lib")).unwrap();
    let id = scene.checkpoint(&[("lib/deep/x.ex", Some("old"), None)]);
    scene.refused(id, true, expect!["SHOP/lib/deep/x.ex is outside of the workspace SHOP: nothing was changed."]);
    fs::write(elsewhere.join("y.ex"), "new").unwrap();
    let id = scene.checkpoint(&[("lib/y.ex", None, Some("new"))]);
    scene.refused(id, true, expect!["SHOP/lib/y.ex is outside of the workspace SHOP: nothing was changed."]);
    assert_eq!((fs::read_dir(&elsewhere).unwrap().count(), fs::read_to_string(&victim).unwrap()), (1, "new".into()));
    // A link within, in the place of a file that was made.
    let id = scene.changed(&[("made.ex", None, Some("new"))]);
    fs::rename(scene.path("made.ex"), scene.path("moved.ex")).unwrap();
    symlink("moved.ex", scene.path("made.ex")).unwrap();
    scene.refused(
        id,
        true,
        expect!["SHOP/made.ex has become a link: nothing was changed. Delete it yourself, if you want to."],
    );
    fs::rename(scene.top(), scene.folder.path().join("gone")).unwrap();
    let error = scene.restore(id, true).map(drop);
    assert_eq!(error, Ok(()), "what was made is gone, as it was before");
}

#[test]
fn a_file_that_changes_after_the_look_at_it_is_left_alone() {
    let scene = Scene::default();
    scene.write("a.ex", "now");
    let restore =
        |expect: &str| Restore { path: scene.path("a.ex"), expect: Some(expect.into()), to: Some("to".into()) };
    let error = apply(&scene.top(), &[restore("then")]).unwrap_err();
    assert!(error.ends_with("a.ex was changed meanwhile: nothing was changed. Try again."), "{error}");
    assert_eq!(scene.text("a.ex").as_deref(), Some("now"));
    apply(&scene.top(), &[restore("now")]).unwrap();
    assert_eq!(scene.text("a.ex").as_deref(), Some("to"));
    let relative = Restore { path: "a.ex".into(), ..restore("to") };
    assert!(apply(&scene.top(), &[relative]).unwrap_err().contains("is outside of the workspace"));
}

#[cfg(unix)]
#[test]
fn where_one_file_fails_the_others_are_as_they_were() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::default();
    let id = scene.changed(&[("a.ex", Some("old"), Some("new")), ("locked/b.ex", Some("old"), Some("new"))]);
    fs::set_permissions(scene.path("locked"), fs::Permissions::from_mode(0o555)).unwrap();
    let restored = scene.restore(id, false);
    fs::set_permissions(scene.path("locked"), fs::Permissions::from_mode(0o755)).unwrap();
    let texts = (scene.text("a.ex").unwrap(), scene.text("locked/b.ex").unwrap());
    match restored {
        Err(error) => {
            assert!(error.contains("locked/b.ex could not be written: "), "{error}");
            assert_eq!(texts, ("new".into(), "new".into()));
        }
        // The superuser may write anywhere.
        Ok(_) => assert_eq!(texts, ("old".into(), "old".into())),
    }
}

//! `aiex checkpoints`: the list, the diff, and the way back.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use aiex_store::{CheckpointFile, NewCheckpoint, Store};
use aiex_tests::binary::Home;
use expect_test::expect;

use crate::cli::{Ended, end};

/// A workspace in which a change was made, one file changed and one new.
struct Scene {
    home: Home,
    workspace: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let home = Home::default();
        let workspace = home.path().canonicalize().expect("a path").join("shop");
        fs::create_dir_all(workspace.join("lib")).expect("a folder");
        fs::write(workspace.join(".aiex.toml"), "").expect("a file");
        let scene = Self { home, workspace };
        scene.change("Extract a function", &[("lib/cart.ex", Some("a\nb\n"), "a\nc\n"), ("lib/new.ex", None, "new\n")]);
        scene
    }

    fn change(&self, title: &str, files: &[(&str, Option<&str>, &str)]) {
        let mut kept = Vec::new();
        for (name, before, after) in files {
            let path = self.workspace.join(name);
            fs::write(&path, after).expect("a file");
            let (before, after) = (before.map(str::to_owned), Some((*after).to_owned()));
            kept.push(CheckpointFile { path: path.display().to_string(), before, after });
        }
        let store = Store::open(&self.home.path().join("data/aiex.db")).expect("the database");
        let workspace = self.workspace.display().to_string();
        let new = NewCheckpoint { workspace: &workspace, title, at: SystemTime::now(), restores: None, files: &kept };
        store.add_checkpoint(&new).expect("a checkpoint");
    }

    fn run_in(&self, folder: &Path, arguments: &[&str]) -> Ended {
        end(self.home.command(["checkpoints"].iter().chain(arguments)).current_dir(folder))
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_in(&self.workspace.join("lib"), arguments)
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.workspace.join(name)).ok()
    }
}

#[test]
fn a_change_is_listed_shown_and_taken_back() {
    let scene = Scene::new();
    let list = scene.run(&["list"]).done();
    assert!(list.starts_with("1  2") && list.ends_with("  Extract a function  2 files\n"), "{list}");
    expect![[r#"
        diff --git a/lib/cart.ex b/lib/cart.ex
        --- a/lib/cart.ex
        +++ b/lib/cart.ex
        @@ -1,2 +1,2 @@
         a
        -b
        +c
        diff --git a/lib/new.ex b/lib/new.ex
        new file mode 100644
        --- /dev/null
        +++ b/lib/new.ex
        @@ -0,0 +1,1 @@
        +new
    "#]]
    .assert_eq(&scene.run(&["show", "1"]).done());
    let restored = scene.run(&["restore"]);
    assert_eq!((restored.code, &*restored.stdout), (Some(0), ""));
    expect![[r#"
        Restored lib/cart.ex
        Restored lib/new.ex
        To undo this: aiex checkpoints restore 2
    "#]]
    .assert_eq(&restored.stderr);
    assert_eq!((scene.text("lib/cart.ex").as_deref(), scene.text("lib/new.ex")), (Some("a\nb\n"), None));
    scene.run(&["restore"]).failed(&["Aiex has changed nothing in ", " that could be restored"]);
    assert_eq!(scene.run(&["restore", "2"]).code, Some(0));
    assert_eq!(
        (scene.text("lib/cart.ex").as_deref(), scene.text("lib/new.ex").as_deref()),
        (Some("a\nc\n"), Some("new\n"))
    );
}

#[test]
fn later_work_needs_a_word() {
    let scene = Scene::new();
    fs::write(scene.workspace.join("lib/cart.ex"), "mine\n").expect("a file");
    scene.run(&["restore", "1"]).failed(&["lib/cart.ex was changed after checkpoint 1", "--force"]);
    assert_eq!(
        (scene.text("lib/cart.ex").as_deref(), scene.text("lib/new.ex").as_deref()),
        (Some("mine\n"), Some("new\n"))
    );
    assert_eq!(scene.run(&["restore", "1", "--force"]).code, Some(0));
    assert_eq!((scene.text("lib/cart.ex").as_deref(), scene.text("lib/new.ex")), (Some("a\nb\n"), None));
}

#[test]
fn other_workspaces_and_unknown_numbers() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let list = scene.run_in(elsewhere.path(), &["list"]);
    assert_eq!(
        (list.code, &*list.stdout, &*list.stderr),
        (Some(0), "", "Aiex has changed no files of this workspace.\n")
    );
    assert!(scene.run_in(elsewhere.path(), &["list", "--all"]).done().contains("Extract a function"));
    scene.run_in(elsewhere.path(), &["restore"]).failed(&["Aiex has changed nothing in "]);
    for arguments in [["show", "9"], ["restore", "9"]] {
        scene.run(&arguments).failed(&["checkpoint 9", "`aiex checkpoints list`"]);
    }
    assert_eq!(scene.run(&["show"]).code, Some(2));
}

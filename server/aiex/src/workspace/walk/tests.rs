//! What a walk finds in folders of every kind.

use super::*;

/// A folder with files, given by name and contents.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (name, contents) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    (folder, root)
}

fn rules(root: &Path, excluded: &[&str], limits: Limits) -> Arc<Rules> {
    let excluded: Vec<_> = excluded.iter().map(|&glob| glob.to_owned()).collect();
    Arc::new(Rules::new(root.to_path_buf(), Excluded::new(&excluded).unwrap(), limits))
}

fn names(found: &Found) -> Vec<&str> {
    found.files.iter().map(|file| &*file.path).collect()
}

fn walk(root: &Path) -> Found {
    rules(root, &[], Limits::default()).walk(None, &|| true)
}

#[test]
fn what_is_ignored_excluded_hidden_or_others_is_left_out() {
    let (_folder, root) = folder(&[
        (".gitignore", "/generated\n*.secret.rs\n"),
        (".aiexignore", "big/\n"),
        ("lib/.gitignore", "local.ex\n"),
        ("Cargo.toml", ""),
        ("mix.exs", ""),
        ("src/a.rs", ""),
        ("src/a.secret.rs", ""),
        ("src/target/kept.txt.rs", ""),
        ("lib/b.ex", ""),
        ("lib/c.html.heex", ""),
        ("lib/local.ex", ""),
        ("lib/deps/kept.ex", ""),
        ("lib/picture.png", ""),
        ("generated/x.rs", ""),
        ("big/x.rs", ""),
        ("secrets/key.exs", ""),
        (".hidden/x.rs", ""),
        ("node_modules/x/y.md", ""),
        ("target/x.rs", ""),
        ("deps/x/lib/x.ex", ""),
        ("_build/x.ex", ""),
    ]);
    let found = rules(&root, &["secrets/*.exs"], Limits::default()).walk(None, &|| true);
    assert_eq!(
        names(&found),
        [
            "Cargo.toml",
            "lib/b.ex",
            "lib/c.html.heex",
            "lib/deps/kept.ex",
            "mix.exs",
            "src/a.rs",
            "src/target/kept.txt.rs"
        ]
    );
    assert_eq!(found.left_out.excluded, 1);
    let folders: Vec<_> = found.left_out.folders.iter().map(String::as_str).collect();
    assert_eq!(folders, ["_build", "deps", "node_modules", "target"]);
    assert_eq!(
        found.left_out.sentence().unwrap(),
        "left out of the index: the folders `_build`, `deps`, `node_modules`, `target`"
    );
}

#[test]
fn a_walk_of_some_paths_keeps_to_the_same_rules() {
    let (_folder, root) =
        folder(&[(".gitignore", "*.out.rs"), ("a/b/c.rs", ""), ("a/b/d.rs", ""), ("a/e.rs", ""), ("a/b/x.out.rs", "")]);
    let rules = rules(&root, &[], Limits::default());
    let check = |only: &[&str], expect: &[&str]| {
        let only = only.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(names(&rules.walk(Some(&only), &|| true)), expect, "{only:?}");
    };
    check(&["a/b/c.rs"], &["a/b/c.rs"]);
    check(&["a/b"], &["a/b/c.rs", "a/b/d.rs"]);
    check(&["a/b/x.out.rs", "gone/x.rs"], &[]);
    check(&["a/b/d.rs", "a/e.rs"], &["a/b/d.rs", "a/e.rs"]);
}

#[test]
fn a_file_that_is_not_saved_yet_keeps_to_the_same_rules() {
    let (_folder, root) = folder(&[(".gitignore", "/gen\n"), ("lib/.aiexignore", "private*.ex"), ("mix.exs", "")]);
    let rules = rules(&root, &["**/*.pem.rs"], Limits::default());
    let check = |name: &str, expect: bool| assert_eq!(rules.admits(name), expect, "{name}");
    check("lib/new.ex", true);
    check("lib/new/folder/a.ex", true);
    check("lib/private_key.ex", false);
    check("gen/a.ex", false);
    check("deps/a/a.ex", false);
    check("node_modules/a.ex", false);
    check(".hidden/a.ex", false);
    check("lib/a.pem.rs", false);
}

#[test]
fn what_lies_above_counts_only_within_the_repository() {
    let (_folder, top) = folder(&[
        (".gitignore", "*"),
        ("repo/.git/HEAD", ""),
        ("repo/.gitignore", "gen/\nignored_app/"),
        ("repo/apps/one/lib/a.ex", ""),
        ("repo/apps/one/gen/b.ex", ""),
        ("repo/ignored_app/lib/a.ex", ""),
    ]);
    assert_eq!(names(&walk(&top.join("repo/apps/one"))), ["lib/a.ex"]);
    assert_eq!(names(&walk(&top.join("repo"))), ["apps/one/lib/a.ex"]);
    assert_eq!(names(&walk(&top.join("repo/ignored_app"))), ["lib/a.ex"]);
}

#[test]
fn limits_hold_and_are_told() {
    let (_folder, root) = folder(&[("a.rs", "12345"), ("b.rs", "12345"), ("c.rs", "123"), ("d.rs", "1234567890")]);
    let check = |limits: Limits, expect: &[&str], left_out: (usize, usize)| {
        let found = rules(&root, &[], limits).walk(None, &|| true);
        assert_eq!(names(&found), expect);
        assert_eq!((found.left_out.too_large, found.left_out.beyond_limits), left_out);
    };
    let all = Limits::default();
    check(Limits { file_bytes: 5, ..all }, &["a.rs", "b.rs", "c.rs"], (1, 0));
    check(Limits { bytes: 9, file_bytes: 5, ..all }, &["a.rs", "c.rs"], (1, 1));
    check(Limits { files: 3, ..all }, &["a.rs", "b.rs", "c.rs"], (0, 1));
    let found = rules(&root, &[], Limits { entries: 2, ..all }).walk(None, &|| true);
    assert!(!found.is_complete && found.left_out.is_cut && found.files.len() <= 2);
    assert!(!rules(&root, &[], all).walk(None, &|| false).is_complete);
    fs::write(root.join("e.md"), "").unwrap();
    fs::write(root.join("f.md"), "").unwrap();
    check(Limits { texts: 1, file_bytes: 5, ..all }, &["a.rs", "b.rs", "c.rs", "e.md"], (1, 1));
}

#[test]
fn an_empty_repository_has_no_files() {
    let (_folder, root) = folder(&[(".git/HEAD", "")]);
    let found = walk(&root);
    assert_eq!((names(&found), found.is_complete), (vec![], true));
    assert_eq!(found.left_out, LeftOut::default());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (_folder, root) = folder(&[("shop/a.rs", ""), ("secret/b.rs", "")]);
    let shop = root.join("shop");
    std::os::unix::fs::symlink(root.join("secret"), shop.join("out")).unwrap();
    std::os::unix::fs::symlink(&shop, shop.join("loop")).unwrap();
    std::os::unix::fs::symlink(shop.join("gone"), shop.join("dangling.rs")).unwrap();
    let found = walk(&shop);
    assert_eq!(names(&found), ["a.rs"]);
    assert_eq!(found.left_out.links, 3);
}

#[cfg(unix)]
#[test]
fn an_ignore_file_that_never_ends_is_not_read() {
    let (_folder, root) = folder(&[("a.rs", ""), ("sub/b.rs", "")]);
    std::os::unix::fs::symlink("/dev/zero", root.join("sub/.gitignore")).unwrap();
    let found = walk(&root);
    assert_eq!(names(&found), ["a.rs"]);
    assert_eq!(found.left_out.unreadable, 1);
    std::os::unix::fs::symlink("/dev/zero", root.join(".aiexignore")).unwrap();
    assert_eq!(names(&walk(&root)), Vec::<&str>::new());
}

#[cfg(unix)]
#[test]
fn folders_that_cannot_be_read_are_counted() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, root) = folder(&[("a.rs", ""), ("sub/b.rs", "")]);
    fs::set_permissions(root.join("sub"), fs::Permissions::from_mode(0o000)).unwrap();
    // Who may do everything reads it all the same.
    let is_root = fs::read_dir(root.join("sub")).is_ok();
    let found = walk(&root);
    fs::set_permissions(root.join("sub"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(found.left_out.unreadable, usize::from(!is_root));
    assert_eq!(names(&found), if is_root { vec!["a.rs", "sub/b.rs"] } else { vec!["a.rs"] });
}

//! The index of a workspace, as its user notices it: not at all, or by a sentence.

use std::fs;

use aiex_tests::{
    binary::Home,
    client::{Client, Profile},
};

#[test]
fn a_folder_is_indexed_once_and_taken_up_again() {
    let (home, folder) = (Home::default(), tempfile::tempdir().expect("a folder"));
    fs::create_dir(folder.path().join("src")).expect("a folder");
    for (name, text) in [("Cargo.toml", ""), ("src/a.rs", "fn a() {}"), ("src/b.rs", "fn b() {}")] {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        // What was written in this very moment may change without its time telling, and is not kept.
        let before = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(before)).expect("its time");
    }
    let indexed = || {
        let mut client = Client::start(&home, Profile::vscode().workspace(folder.path()));
        let line = client.wait_log("workspace indexed");
        client.wait_log(if line.contains("reused=2") { "files=2" } else { "index kept" });
        line
    };
    let line = indexed();
    assert!(line.contains("files=2 reused=0"), "{line}");
    let line = indexed();
    assert!(line.contains("files=2 reused=2"), "{line}");
}

#[test]
fn a_home_is_not_indexed_and_this_is_said() {
    let user = tempfile::tempdir().expect("a folder");
    let home = Home::default().with_variable("HOME", user.path().to_str().expect("a name"));
    let mut client = Client::start(&home, Profile::vscode().workspace(user.path()));
    client.message(&["is not indexed: it is or holds the home folder"]);
}

//! Workspaces of cargo and umbrellas of mix, by their files alone.

use std::fs;

use super::*;

/// The project of a file among these, each with its text. The tool and the root relative to the top.
fn check(files: &[(&str, &str)], file: &str, expected: Option<(BuildTool, &str)>) {
    let top = tempfile::tempdir().unwrap();
    let root = top.path().canonicalize().unwrap();
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = Project::of(&root.join(file));
    let expected = expected.map(|(tool, path)| Project { tool, root: root.join(path).components().collect() });
    assert_eq!(found, expected, "{file}");
}

const CARGO: BuildTool = BuildTool::Cargo;
const MIX: BuildTool = BuildTool::Mix;

#[test]
fn a_package_of_cargo_belongs_to_the_workspace_above() {
    let package = "[package]\nname = \"a\"\n";
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/out\", \"fixtures\"]\n"),
        ("crates/a/Cargo.toml", package),
        ("crates/out/Cargo.toml", package),
        ("fixtures/b/Cargo.toml", "[package]\nname = \"b\"\n[workspace]\n"),
        ("else/Cargo.toml", "[package]\nname = \"c\"\nworkspace = \"../fixtures/b\"\n"),
        ("lost/Cargo.toml", "[package]\nname = \"d\"\nworkspace = \"../nowhere\"\n"),
        ("half/Cargo.toml", "[package]\nname = \n[workspace]\n"),
    ];
    check(&files, "crates/a/src/new/file.rs", Some((CARGO, "")));
    check(&files, "crates/a/Cargo.toml", Some((CARGO, "")));
    check(&files, "crates/out/src/lib.rs", Some((CARGO, "crates/out")));
    check(&files, "fixtures/b/src/lib.rs", Some((CARGO, "fixtures/b")));
    check(&files, "else/src/lib.rs", Some((CARGO, "fixtures/b")));
    check(&files, "lost/src/lib.rs", Some((CARGO, "lost")));
    check(&files, "half/src/lib.rs", Some((CARGO, "half")));
    check(&files, "README.md", Some((CARGO, "")));
    check(&files, "lib/a.ex", None);
}

#[test]
fn what_a_workspace_names_although_it_excludes_the_folder_above_is_its_member() {
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"x/in\"]\nexclude = [\"x\"]\n"),
        ("x/in/Cargo.toml", "[package]\nname = \"a\"\n"),
    ];
    check(&files, "x/in/src/lib.rs", Some((CARGO, "")));
}

#[test]
fn an_application_of_mix_belongs_to_its_umbrella() {
    let files = [
        ("mix.exs", "def project, do: [\n  # apps_path: \"x\"\n  apps_path: \"apps\"\n]\n"),
        ("apps/a/mix.exs", "def project, do: [app: :a]\n"),
        ("other/mix.exs", "def project, do: [app: :b]\n"),
        ("apps/a/native/c/Cargo.toml", "[package]\nname = \"c\"\n"),
        ("apps/a/native/c/src/lib.rs", ""),
    ];
    check(&files, "apps/a/lib/a.ex", Some((MIX, "")));
    check(&files, "other/lib/b.ex", Some((MIX, "other")));
    check(&files, "apps/a/native/c/src/lib.rs", Some((CARGO, "apps/a/native/c")));
    check(&files, "apps/a/native/c/README.md", Some((CARGO, "apps/a/native/c")));
    check(&files, "apps/a/README.md", Some((MIX, "")));
    check(&[("a.rs", "")], "a.rs", None);
}

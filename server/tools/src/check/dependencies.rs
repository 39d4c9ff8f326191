//! Dependencies that the user's cargo and mix have fetched are there for a check, which fetches nothing.
#![cfg(unix)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::tests::{names, outcomes, shown};
use crate::testing::{World, with};

/// Runs a program as the user would, with the world's home.
fn user(world: &World, folder: &Path, program: &str, arguments: &[&str]) {
    let mut command = Command::new(world.programs().find(program).unwrap());
    command.args(arguments).current_dir(folder).env("HOME", world.home()).stdin(Stdio::null());
    for (name, value) in [("GIT_AUTHOR", "A"), ("GIT_COMMITTER", "A")] {
        command.env(format!("{name}_NAME"), value).env(format!("{name}_EMAIL"), "a@example.org");
    }
    for name in ["CARGO_HOME", "MIX_HOME", "MIX_ENV", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    // What cargo tells the programs that it runs, as this one.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("CARGO"))) {
        command.env_remove(name);
    }
    if env::var_os("RUSTUP_HOME").is_none() {
        command.env("RUSTUP_HOME", PathBuf::from(env::var_os("HOME").unwrap()).join(".rustup"));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository beside the workspace, with these files.
fn repository(world: &World, name: &str, files: &[(&str, &str)]) -> String {
    let folder = world.top.path().canonicalize().unwrap().join(name);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    user(world, &folder, "git", &["init", "-q", "-b", "main"]);
    user(world, &folder, "git", &["add", "."]);
    user(world, &folder, "git", &["-c", "commit.gpgsign=false", "commit", "-q", "-m", "One."]);
    folder.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn crates_from_git_are_found() {
    if with("cargo").is_none() || with("git").is_none() {
        return;
    }
    let world = World::package("pub fn two() -> i32 { Cart::one() + 1 }\n");
    let manifest = "[package]\nname = \"Cart\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let files = [("Cargo.toml", manifest), ("src/lib.rs", "pub fn one() -> i32 { 1 }\n")];
    let repository = repository(&world, "Cart.git", &files);
    let manifest = world.read("Cargo.toml");
    world.write("Cargo.toml", &format!("{manifest}[dependencies]\nCart = {{ git = \"file://{repository}\" }}\n"));
    let mut shadow = world.open().await.unwrap();
    let error = shadow.check().await.unwrap_err().to_string();
    assert!(error.ends_with("Run `cargo fetch` in the workspace and try again."), "{error}");
    drop(shadow);
    user(&world, &world.root(), "cargo", &["fetch"]);
    let before = world.state();
    for _ in 0..2 {
        assert_eq!(shown(&world.open().await.unwrap().check().await.unwrap()), "");
    }
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn caches_of_compilers_are_passed_over() {
    if with("cargo").is_none() {
        return;
    }
    let wrapper = "[build]\nrustc-wrapper = \"/nowhere/cache\"\n";
    let world = World::package("");
    world.write(".cargo/config.toml", wrapper);
    assert_eq!(shown(&world.open().await.unwrap().check().await.unwrap()), "");
    let world = World::package("");
    fs::write(world.home().join(".cargo/config.toml"), wrapper).unwrap();
    assert_eq!(shown(&world.open().await.unwrap().check().await.unwrap()), "");
}

#[tokio::test]
async fn crates_in_an_ignored_folder_are_found() {
    if with("cargo").is_none() {
        return;
    }
    let world = World::package("pub fn two() -> i32 { cart::one() + 1 }\n");
    let manifest = world.read("Cargo.toml");
    world.write("Cargo.toml", &format!("{manifest}[dependencies]\ncart = \"1\"\n"));
    world.write(".gitignore", "/target\n/third/vendor\n");
    let source = "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"third/vendor\"\n";
    world.write(".cargo/config.toml", source);
    world
        .write("third/vendor/cart/Cargo.toml", "[package]\nname = \"cart\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    world.write("third/vendor/cart/.cargo-checksum.json", "{\"files\":{}}");
    world.write("third/vendor/cart/src/lib.rs", "pub fn one() -> i32 { 1 }\n");
    let before = world.state();
    for _ in 0..2 {
        assert_eq!(shown(&world.open().await.unwrap().check().await.unwrap()), "");
    }
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn packages_of_mix_are_found() {
    if with("elixir").is_none() || with("git").is_none() {
        return;
    }
    let world = World::new();
    let project = |app: &str, deps: &str| {
        format!(
            "defmodule {app}.MixProject do\n  use Mix.Project\n  def project, do: [app: :{}, version: \"0.1.0\", deps: [{deps}]]\nend\n",
            app.to_lowercase()
        )
    };
    let files =
        [("mix.exs", project("Cart", "")), ("lib/cart.ex", "defmodule Cart do\n  def one, do: 1\nend\n".into())];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let repository = repository(&world, "cart", &files);
    world.write("mix.exs", &project("Shop", &format!("{{:cart, git: \"file://{repository}\"}}")));
    world.write(".gitignore", "/deps\n/_build\n");
    world.write("lib/shop.ex", "defmodule Shop do\n  def two, do: Cart.one() + 1\nend\n");
    world.write("test/test_helper.exs", "ExUnit.start()\n");
    world.write(
        "test/shop_test.exs",
        "defmodule ShopTest do\n  use ExUnit.Case\n  test \"two\" do\n    assert Shop.two() == 2\n  end\nend\n",
    );
    let mut shadow = world.open().await.unwrap();
    let error = shadow.check().await.unwrap_err().to_string();
    assert!(error.ends_with("Run `mix deps.get` in the workspace and try again."), "{error}");
    drop(shadow);
    user(&world, &world.root(), "mix", &["deps.get"]);
    let before = world.state();
    for _ in 0..2 {
        let mut shadow = world.open().await.unwrap();
        assert_eq!(shown(&shadow.check().await.unwrap()), "");
        assert_eq!(outcomes(&shadow.test("test/shop_test.exs", &names(&["two"])).await.unwrap()), "two: Passed\n");
    }
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn crates_of_the_registry_are_found() {
    // One of this workspace's own, as cargo has fetched it to build this.
    let lock: toml::Table = include_str!("../../../../Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let memchr = packages.iter().find(|package| package["name"].as_str() == Some("memchr")).unwrap();
    let version = memchr["version"].as_str().unwrap();
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"))) else { return };
    let caches = fs::read_dir(home.join("registry/cache")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_fetched = caches.into_iter().any(|cache| cache.join(format!("memchr-{version}.crate")).is_file());
    if with("cargo").is_none() || !is_fetched {
        return;
    }
    let world = World::package("pub fn find() -> Option<usize> { memchr::memchr(1, &[1]) }\n");
    let manifest = world.read("Cargo.toml");
    world.write("Cargo.toml", &format!("{manifest}[dependencies]\nmemchr = \"2\"\n"));
    world.write(
        "Cargo.lock",
        &format!(
            "version = 4\n[[package]]\nname = \"small\"\nversion = \"0.1.0\"\ndependencies = [\"memchr\"]\n[[package]]\n{}",
            memchr.as_table().unwrap()
        ),
    );
    std::os::unix::fs::symlink(home.join("registry"), world.home().join(".cargo/registry")).unwrap();
    let before = world.state();
    for _ in 0..2 {
        assert_eq!(shown(&world.open().await.unwrap().check().await.unwrap()), "");
    }
    assert_eq!(world.state(), before);
}

//! Projects that do not build, hang, fork, fill the disk and write where they should not.
#![cfg(unix)]

use std::{fs, path::Path};

use expect_test::{Expect, expect};

use super::tests::{errors_at, file, names, outcomes, shown};
use super::*;
use crate::{
    ShadowLimits,
    testing::{World, with},
};

const SHORT: ShadowLimits = ShadowLimits {
    bytes: 1 << 30,
    files: 10_000,
    disk: 10 << 30,
    age: Duration::from_secs(1_000),
    total: 1 << 40,
    check: Duration::from_secs(60),
    tests: Duration::from_secs(20),
};

/// What a check says, with the folder of the copy as COPY.
async fn said(world: &World) -> String {
    let mut shadow = world.open().await.unwrap();
    let folder = shadow.folder.clone();
    let said = match shadow.check().await {
        Ok(found) => shown(&found),
        Err(error) => error.to_string(),
    };
    said.replace(folder.to_str().unwrap(), "COPY")
}

/// What a check of a package with this build script says. The workspace and the home are as they were.
async fn check(script: &str, limits: ShadowLimits, expect: Expect) -> World {
    let world = World::package("").with_limits(limits);
    world.write("build.rs", &format!("fn main() {{\n{script}\n}}\n"));
    if with("cargo").is_some() {
        let before = world.state();
        expect.assert_eq(&said(&world).await);
        assert_eq!(world.state(), before);
    }
    world
}

/// The processes in whose variables this world's folder is named.
#[cfg(target_os = "linux")]
fn left(world: &World) -> Vec<String> {
    let name = world.top.path().join("cache");
    let name = name.to_str().unwrap();
    let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let variables = |id: &String| fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    ids.filter(|id| String::from_utf8_lossy(&variables(id)).contains(name)).collect()
}

#[tokio::test]
async fn a_build_that_hangs_or_forks_is_stopped_with_all_that_it_began() {
    let limits = ShadowLimits { check: Duration::from_secs(4), ..SHORT };
    let hang = "let nothing = std::process::Stdio::null;
    let mut shell = std::process::Command::new(\"setsid\");
    shell.args([\"sh\", \"-c\", \"setsid sleep 1000 & exec sleep 1000\"]);
    shell.stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn().unwrap();";
    let world = check(
        &format!("{hang} loop {{}}"),
        limits,
        expect!["`cargo check` did not end within 4 s and was stopped. Try it in a terminal."],
    )
    .await;
    #[cfg(target_os = "linux")]
    assert_eq!(left(&world), [""; 0]);
    // One that ends, and leaves something running.
    let world = check(hang, SHORT, expect![""]).await;
    #[cfg(target_os = "linux")]
    assert_eq!(left(&world), [""; 0]);
    drop(world);
}

#[tokio::test]
async fn a_build_that_fills_the_disk_is_stopped_and_its_files_removed() {
    let limits = ShadowLimits { disk: 300 << 20, ..SHORT };
    let world = World::package("").with_limits(limits);
    let fill = "let chunk = vec![1; 1 << 20];
    for name in [\"OUT_DIR\", \"HOME\", \"TMPDIR\"] {
        let mut file = std::fs::File::create(std::path::Path::new(&std::env::var_os(name).unwrap()).join(\"big\")).unwrap();
        for _ in 0..300 { std::io::Write::write_all(&mut file, &chunk).unwrap(); }
    }
    loop {}";
    world.write("build.rs", &format!("fn main() {{\n{fill}\n}}\n"));
    if with("cargo").is_none() {
        return;
    }
    let text = said(&world).await;
    let start = "`cargo check` was stopped, since it wrote more than 300 MiB or left less than 256 MiB free (";
    assert!(text.starts_with(start), "{text}");
    let mut shadow = world.open().await.unwrap();
    let left: Vec<_> = ["target", "home", "tmp"]
        .into_iter()
        .filter_map(|name| fs::read_dir(shadow.folder.join(name)).unwrap().next())
        .collect();
    assert!(left.is_empty(), "{left:?}");
    shadow.write(&[file("build.rs", "fn main() {}")]).unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
}

#[tokio::test]
async fn a_build_that_writes_into_its_sources_and_its_home_changes_nothing_of_the_user() {
    let script =
        "for path in [\"src/lib.rs\", \"src/more.rs\", \"Cargo.toml\"] { std::fs::write(path, \"!\").unwrap(); }
    for name in [\"HOME\", \"CARGO_HOME\", \"TMPDIR\"] {
        let folder = std::env::var(name).unwrap();
        assert!(std::fs::read_dir(&folder).unwrap().all(|entry| entry.unwrap().file_name() != \"notes\"));
        assert!(!std::path::Path::new(&folder).join(\"credentials.toml\").exists());
        std::fs::write(format!(\"{folder}/left\"), \"\").unwrap();
    }
    for (name, _) in std::env::vars_os() {
        assert!(!name.to_str().unwrap().ends_with(\"_KEY\"));
    }";
    let world = check(
        script,
        SHORT,
        expect![[r#"
            src/lib.rs:1-1:1: error: expected item, found `!`
                expected item
                note: for a full list of items that can appear in modules, see <https://doc.rust-lang.org/reference/items.html>
        "#]],
    )
    .await;
    if with("cargo").is_some() {
        // The next time, too.
        let mut shadow = world.open().await.unwrap();
        assert_eq!(fs::read_to_string(shadow.tree().join("Cargo.toml")).unwrap(), world.read("Cargo.toml"));
        shadow.write(&[file("build.rs", "fn main() {}")]).unwrap();
        assert_eq!(shown(&shadow.check().await.unwrap()), "");
    }
}

#[tokio::test]
async fn a_build_that_fails_says_why() {
    check(
        "panic!(\"no \\x1b[31mcompass\");",
        SHORT,
        expect![[r#"
        `cargo check` fails: failed to run custom build command for `small v0.1.0`
        panicked at build.rs:2:1:
          no compass"#]],
    )
    .await;
    let world = World::package("");
    world.write(
        "Cargo.toml",
        "[package]\nname = \"small\"\nversion = \"0.1.0\"\n[dependencies]\nserde = \"1\"\n[workspace]\n",
    );
    let manifest = "[package]\nname = \"small\nversion = \"0.1.0\"\n[workspace]\n";
    let old = "[toolchain]\nchannel = \"1.2.3\"\n";
    let linker = "[build]\nrustflags = [\"-Clinker=/nowhere/ld\"]\n";
    if with("cargo").is_some() {
        expect![[r#"
            `cargo check` fails: no matching package named `serde` found
            location searched: crates.io index
            required by package `small v0.1.0`
            Nothing is fetched for a check. Run `cargo fetch` in the workspace and try again."#]]
        .assert_eq(&said(&world).await);
        let world = World::package("");
        world.write("Cargo.toml", manifest);
        expect![[r#"
            Cargo.toml:2-2:14: error: invalid basic string, expected `"`
        "#]]
        .assert_eq(&said(&world).await);
        let world = World::package("");
        world.write(".cargo/config.toml", linker);
        world.write("build.rs", "fn main() {}");
        expect![[r#"
            `cargo check` fails: linker `/nowhere/ld` not found
            No such file or directory (os error 2)"#]]
        .assert_eq(&said(&world).await);
        let world = World::package("");
        world.write("rust-toolchain.toml", old);
        if world.programs().find("rustup").is_some() {
            let said = said(&world).await;
            assert!(
                said.starts_with("toolchain '1.2.3-") && said.contains("`rustup toolchain install 1.2.3-"),
                "{said}"
            );
        }
    }
    let world = World::package("");
    let programs = crate::Programs::of(&[], []);
    let mut shadow = world.shadows.open(&world.project(), &programs).await.unwrap();
    expect!["`cargo` is not on PATH. Install Rust (https://rustup.rs), outside of the workspace."]
        .assert_eq(&shadow.check().await.unwrap_err().to_string());
}

#[tokio::test]
async fn tests_that_loop_crash_print_and_look_around_are_told_apart() {
    if with("cargo").is_none() {
        return;
    }
    let world = World::package(
        "#[cfg(test)]
mod tests {
    #[test]
    fn loops() { loop { std::hint::spin_loop(); } }
    #[test]
    fn passes() {}
    #[test]
    fn fails() { assert_eq!(1, 2, \"no \\x1b[31m!\"); }
    #[test]
    #[ignore]
    fn waits() {}
    #[test]
    fn prints_much() { for _ in 0..200_000 { println!(\"{}\", \"x\".repeat(10)); } panic!(\"at last\"); }
    #[test]
    fn prints_past() { for _ in 0..200_000 { std::io::Write::write_all(&mut std::io::stdout(), b\"test x ... \").unwrap(); } }
    #[test]
    fn looks() {
        let home = std::env::var(\"HOME\").unwrap();
        assert!(std::fs::read_dir(home).unwrap().next().is_none());
        std::fs::write(\"src/lib.rs\", \"!\").unwrap();
    }
    #[test]
    fn aborts() { std::process::abort(); }
    #[test]
    fn exits() { std::process::exit(0); }
}
",
    )
    .with_limits(SHORT);
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    let all = ["passes", "fails", "waits", "prints_much", "prints_past", "looks", "tests::passes", "no_such"];
    expect![[r#"
        passes: Passed
        fails: Failed("panicked at src/lib.rs:8:18:\nassertion `left == right` failed: no !\n  left: 1\n right: 2")
        waits: Ignored
        prints_much: Failed("panicked at src/lib.rs:13:80:\nat last")
        prints_past: Passed
        looks: Passed
        tests::passes: Passed
        no_such: NotFound
    "#]]
    .assert_eq(&outcomes(&shadow.test("src/lib.rs", &names(&all)).await.unwrap()));
    drop(shadow);
    let mut shadow = world.open().await.unwrap();
    expect![[r#"
        aborts: Failed("It ended the process of the tests. signal: 6, SIGABRT: process abort signal")
        passes: Passed
        exits: Failed("It ended the process of the tests.")
    "#]]
    .assert_eq(&outcomes(&shadow.test("src/lib.rs", &names(&["aborts", "passes", "exits"])).await.unwrap()));
    shadow.limits.tests = Duration::from_secs(8);
    let all = names(&["passes", "loops", "no_such", "fails"]);
    expect![[r#"
        passes: Passed
        loops: DidNotEnd(8s)
        no_such: NotFound
        fails: Failed("It fails; why was not printed before the run was stopped.")
    "#]]
    .assert_eq(&outcomes(&shadow.test("src/lib.rs", &all).await.unwrap()));
    expect![[r#"
        x: NotFound
    "#]]
    .assert_eq(&outcomes(&shadow.test("nowhere/lib.rs", &names(&["x"])).await.unwrap()));
    drop(shadow);
    assert_eq!(world.state(), before);
    #[cfg(target_os = "linux")]
    assert_eq!(left(&world), [""; 0]);
}

fn mix(more: &str) -> World {
    let world = World::new().with_limits(SHORT);
    world.write(
        "mix.exs",
        &format!("defmodule Small.MixProject do\n  use Mix.Project\n  def project, do: [app: :small, version: \"0.1.0\"{more}]\nend\n"),
    );
    world.write("test/test_helper.exs", "ExUnit.start()\n");
    world.write("lib/small.ex", "defmodule Small do\n  def one, do: 1\nend\n");
    world
}

#[tokio::test]
async fn mix_projects_that_cannot_be_built_say_why() {
    if with("elixir").is_none() {
        return;
    }
    let check = async |world: World, expect: Expect| {
        let before = world.state();
        let mut shadow = world.open().await.unwrap();
        let said = match shadow.check().await {
            Ok(found) => errors_at(&found),
            Err(error) => error.to_string(),
        };
        let own = said.split_once("Elixir v").and_then(|(_, rest)| rest.split(' ').next());
        expect.assert_eq(&own.map_or(said.clone(), |own| said.replace(own, "1.0.0")));
        drop(shadow);
        assert_eq!(world.state(), before);
    };
    check(
        mix(", deps: [{:jason, \"~> 1.0\"}]"),
        expect![[r#"
        `mix compile` fails: ** (Mix) Could not find an SCM for dependency :jason from Small.MixProject
        Run `mix local.hex` and `mix deps.get` in the workspace, and try again."#]],
    )
    .await;
    check(
        mix(", deps: [{:a, git: \"https://127.0.0.1:1/a.git\"}]"),
        expect![[r#"
        `mix compile` fails: Unchecked dependencies for environment test:
        * a (https://127.0.0.1:1/a.git)
          the dependency is not available, run "mix deps.get"
        ** (Mix) Can't continue due to errors on dependencies
        Nothing is fetched for a check. Run `mix deps.get` in the workspace and try again."#]],
    )
    .await;
    check(mix(", elixir: \"~> 99.0\""), expect!["`mix compile` fails: ** (Mix) You're trying to run :small on Elixir v1.0.0 but it has declared in its mix.exs file it supports only Elixir ~> 99.0"]).await;
    let world = mix("");
    world.write("config/config.exs", "import Config\nconfig :small, a: b\n");
    check(
        world,
        expect![[r#"
            config/config.exs:2
        "#]],
    )
    .await;
    let world = mix("");
    world.write("lib/macro.ex", "defmodule Macros do\n  defmacro boom, do: raise \"boom\"\nend\n");
    world.write("lib/user.ex", "defmodule User do\n  require Macros\n  def a, do: Macros.boom()\nend\n");
    check(
        world,
        expect![[r#"
            lib/user.ex:3
        "#]],
    )
    .await;
    // A compiler of the project's own that fails without a word.
    let world = mix(", compilers: [:own] ++ Mix.compilers()");
    let manifest = world.read("mix.exs")
        + "defmodule Mix.Tasks.Compile.Own do\n  use Mix.Task.Compiler\n  def run(_), do: {:error, []}\nend\n";
    world.write("mix.exs", &manifest);
    check(world, expect!["`mix compile` fails: it says nothing"]).await;
    let world = mix("").with_limits(ShadowLimits { check: Duration::from_secs(3), ..SHORT });
    world.write("lib/loop.ex", "defmodule Loop do\n  System.cmd(\"setsid\", [\"sleep\", \"1000\"])\nend\n");
    check(world, expect!["`mix compile` did not end within 3 s and was stopped. Try it in a terminal."]).await;
    let world = mix("");
    world.write("lib/a.ex", "defmodule A do\n  File.write!(\"lib/small.ex\", \"!\")\n  File.write!(Path.expand(\"~/x\"), \"!\")\n  def a(b), do: 1\nend\n");
    check(world, expect![""]).await;
}

#[tokio::test]
async fn tests_of_mix_that_loop_crash_and_print_are_told_apart() {
    if with("elixir").is_none() {
        return;
    }
    let world = mix("").with_limits(ShadowLimits { tests: Duration::from_secs(16), ..SHORT });
    world.write(
        "test/small_test.exs",
        "defmodule SmallTest do
  use ExUnit.Case
  test \"passes: a, \\\"b\\\" & ü\" do
    assert Small.one() == 1
  end
  test \"prints\" do
    for _ <- 1..2000, do: IO.puts(String.duplicate(\"x\", 1000))
    IO.write(\"no end\")
    assert System.get_env(\"AIEX_MARK\") == nil
  end
  test \"loops\" do
    Stream.cycle([1]) |> Stream.run()
  end
  @tag timeout: :infinity
  test \"sleeps\" do
    Process.sleep(:infinity)
  end
  test \"halts\" do
    System.halt(0)
  end
end
",
    );
    let before = world.state();
    let mut shadow = world.open().await.unwrap();
    let mut run = async |some: &[&str]| outcomes(&shadow.test("test/small_test.exs", &names(some)).await.unwrap());
    expect![[r#"
        passes: a, "b" & ü: Passed
        prints: Passed
        loops: DidNotEnd(8s)
        missing: NotFound
    "#]]
    .assert_eq(&run(&["passes: a, \"b\" & ü", "prints", "loops", "missing"]).await);
    expect![[r#"
        sleeps: DidNotEnd(16s)
        prints: Passed
    "#]]
    .assert_eq(&run(&["sleeps", "prints"]).await);
    expect![[r#"
        halts: Failed("It ended the process of the tests.")
    "#]]
    .assert_eq(&run(&["halts"]).await);
    drop(shadow);
    assert_eq!(world.state(), before);
}

/// Texts of the same length that come and go faster than a clock's seconds, in one session and over several.
#[tokio::test]
async fn no_answer_is_that_of_the_text_before() {
    let rust = ("cargo", World::package(""), "src/lib.rs", "pub fn a() -> u8 { B }\n");
    let elixir = (
        "elixir",
        mix(""),
        "lib/small.ex",
        "defmodule Small do\n  def one, do: B\n  def two, do: (fn -> b end).()\nend\n",
    );
    for (program, world, path, wrong) in [rust, elixir] {
        if with(program).is_none() {
            continue;
        }
        let right = wrong.replace('B', "1").replace("b end", "1 end");
        assert_eq!(right.len(), wrong.len());
        let is_right = |found: &[Diagnostic]| errors_at(found).is_empty();
        for round in 0..3 {
            world.write(path, wrong);
            let mut shadow = world.open().await.unwrap();
            assert!(!is_right(&shadow.check().await.unwrap()), "{program} {round}");
            shadow.write(&[file(path, right.as_str())]).unwrap();
            assert!(is_right(&shadow.check().await.unwrap()), "{program} {round}");
            shadow.reset().unwrap();
            assert!(!is_right(&shadow.check().await.unwrap()), "{program} {round}");
            drop(shadow);
            world.write(path, &right);
            let mut shadow = world.open().await.unwrap();
            assert!(is_right(&shadow.check().await.unwrap()), "{program} {round}");
        }
    }
}

#[tokio::test]
async fn an_umbrella_is_checked_as_one() {
    if with("elixir").is_none() {
        return;
    }
    let world = World::new();
    world.write("mix.exs", "defmodule All.MixProject do\n  use Mix.Project\n  def project, do: [apps_path: \"apps\", version: \"0.1.0\", deps: []]\nend\n");
    for (app, deps) in [("one", ""), ("two", "{:one, in_umbrella: true}")] {
        let name = app.to_uppercase();
        let folders = ["build", "deps"]
            .map(|kind| format!("{kind}_path: \"../../{}\"", if kind == "build" { "_build" } else { kind }));
        world.write(
            &format!("apps/{app}/mix.exs"),
            &format!("defmodule {name}.MixProject do\n  use Mix.Project\n  def project, do: [app: :{app}, version: \"0.1.0\", {}, lockfile: \"../../mix.lock\", deps: [{deps}]]\nend\n", folders.join(", ")),
        );
        world.write(&format!("apps/{app}/lib/{app}.ex"), &format!("defmodule {name} do\n  def a, do: :{app}\nend\n"));
        world.write(&format!("apps/{app}/test/test_helper.exs"), "ExUnit.start()\n");
        world.write(
            &format!("apps/{app}/test/{app}_test.exs"),
            &format!("defmodule {name}Test do\n  use ExUnit.Case\n  test \"a\" do\n    assert {name}.a() == :one\n  end\nend\n"),
        );
    }
    let before = world.state();
    let project = crate::Project::of(&world.root().join("apps/two/lib/two.ex")).unwrap();
    assert_eq!(project, world.project());
    let mut shadow = world.open().await.unwrap();
    assert_eq!(shown(&shadow.check().await.unwrap()), "");
    let mut said = String::new();
    for app in ["one", "two"] {
        let run = shadow.test(&format!("apps/{app}/test/{app}_test.exs"), &names(&["a"])).await.unwrap();
        said += &outcomes(&run);
    }
    expect![[r#"
        a: Passed
        a: Failed("Assertion with == failed\ncode:  assert TWO.a() == :one\nleft:  :two\nright: :one\nstacktrace:\n  test/two_test.exs:4: (test)")
    "#]].assert_eq(&said);
    shadow.write(&[file("apps/two/lib/two.ex", "defmodule TWO do\n  def a, do: ONE.b() + c\nend\n")]).unwrap();
    expect![[r#"
        apps/two/lib/two.ex:2
    "#]]
    .assert_eq(&errors_at(&shadow.check().await.unwrap()));
    let run = shadow.test("apps/two/test/two_test.exs", &names(&["a"])).await.unwrap();
    expect![[r#"
        apps/two/lib/two.ex:2
    "#]]
    .assert_eq(&errors_at(&run.errors));
    shadow.reset().unwrap();
    shadow
        .write(&[file(
            "apps/two/test/two_test.exs",
            "defmodule TWOTest do\n  use ExUnit.Case\n  test \"a\" do\n    b\n  end\nend\n",
        )])
        .unwrap();
    let run = shadow.test("apps/two/test/two_test.exs", &names(&["a"])).await.unwrap();
    expect![[r#"
        apps/two/test/two_test.exs:4
    "#]]
    .assert_eq(&errors_at(&run.errors));
    drop(shadow);
    assert_eq!(world.state(), before);
}

#[test]
fn what_is_awaited_can_be_spawned() {
    fn can<T: Send>(_: T) {}
    async fn all(world: &Path, shadow: &mut Shadow) {
        let shadows = crate::Shadows::new(world.to_owned());
        let (project, programs) = (shadow.project.clone(), shadow.programs.clone());
        let _ = shadows.open(&project, &programs).await;
        let _ = shadow.check().await;
        let _ = shadow.test("a", &[]).await;
    }
    fn check(world: &Path, shadow: &mut Shadow) {
        can(all(world, shadow));
    }
    let _: fn(&Path, &mut Shadow) = check;
}

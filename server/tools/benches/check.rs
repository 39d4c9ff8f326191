//! How long a second check in the copy of a project takes, beside cargo in the project itself.
//!
//! `cargo bench -p aiex-tools --bench check [-- FOLDER FILE]…`: each a project of cargo and a file of it, which is edited
//! in a copy. Without them, the fixture for Rust. On a quiet machine.
#![allow(clippy::print_stdout, reason = "it is what a benchmark does")]

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use aiex_tools::{Programs, Project, Shadows};

const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rust_ledger");
    let mut projects: Vec<(PathBuf, &str)> =
        named.chunks(2).filter_map(|pair| Some((pair.first()?.into(), pair.get(1)?.as_str()))).collect();
    if projects.is_empty() {
        projects.push((fixture, "src/lib.rs"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("| project | what | in the copy | of it copying | by cargo there | ratio |");
    println!("|---|---|---|---|---|---|");
    for (folder, file) in projects {
        runtime.block_on(compare(&folder, file))?;
    }
    Ok(())
}

async fn compare(folder: &Path, file: &str) -> Result<(), Box<dyn Error>> {
    let top = tempfile::tempdir()?;
    let root = top.path().join("work");
    for entry in ignore::WalkBuilder::new(folder).hidden(false).require_git(false).build().filter_map(Result::ok) {
        let to = root.join(entry.path().strip_prefix(folder)?);
        if entry.path().is_dir() {
            fs::create_dir_all(to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    let shadows = Shadows::new(top.path().join("shadows"));
    let programs = Programs::new(std::slice::from_ref(&root));
    let project = Project::of(&root.join(file)).ok_or("no project")?;
    let text = fs::read_to_string(root.join(file))?;
    for with_tests in [false, true] {
        let (mut copying, mut copy, mut there) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let edit = |more: &str| {
                let probe = format!("{text}\n#[doc(hidden)]\npub fn probe_{more}_{round}() {{}}\n");
                fs::write(root.join(file), probe)
            };
            edit("a")?;
            let start = Instant::now();
            let mut shadow = shadows.open(&project, &programs).await?;
            copying.push(start.elapsed());
            let found = if with_tests { shadow.check().await? } else { shadow.check_without_tests().await? };
            drop(shadow);
            copy.push(start.elapsed());
            if let Some(error) = found.iter().find(|found| found.severity == aiex_tools::Severity::Error) {
                return Err(format!("{}:{}: {}", error.path, error.line, error.message).into());
            }
            edit("b")?;
            let more: &[&str] = if with_tests { &["--workspace", "--all-targets"] } else { &[] };
            there.push(cargo(&root, &top.path().join("target"), more)?);
        }
        let [copying, copy, there] = [copying, copy, there].map(median);
        println!(
            "| {} | {} | {} ms | {} ms | {} ms | {:.2} |",
            folder.file_name().unwrap_or_default().display(),
            if with_tests { "all targets" } else { "without tests" },
            copy.as_millis(),
            copying.as_millis(),
            there.as_millis(),
            copy.as_secs_f64() / there.as_secs_f64()
        );
    }
    Ok(())
}

fn cargo(root: &Path, target: &Path, more: &[&str]) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let mut cargo = Command::new("cargo");
    cargo.args(["check", "--offline", "--message-format=json"]).args(more).current_dir(root);
    // What a benchmark run by cargo sees of it.
    let own = env::vars_os().filter(|(name, _)| {
        name.to_str().is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME")
            || name == "RUSTUP_TOOLCHAIN"
    });
    for (name, _) in own {
        cargo.env_remove(name);
    }
    let status = cargo.env("CARGO_TARGET_DIR", target).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(start.elapsed()) } else { Err("cargo check fails in the project".into()) }
}

/// Of all but the first, which begins with nothing.
fn median(times: Vec<Duration>) -> Duration {
    let mut later: Vec<_> = times.into_iter().skip(1).collect();
    later.sort();
    later.get(later.len() / 2).copied().unwrap_or_default()
}

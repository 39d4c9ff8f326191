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
    println!(
        "| project | in the copy | there: `cargo check` | ratio | with the same targets | ratio | of it copying |"
    );
    println!("|---|---|---|---|---|---|---|");
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
    let (mut copying, mut copy, mut plain, mut same) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let edit = |more: &str| {
            fs::write(root.join(file), format!("{text}\n#[doc(hidden)]\npub fn probe_{more}_{round}() {{}}\n"))
        };
        edit("a")?;
        let start = Instant::now();
        let mut shadow = shadows.open(&project, &programs).await?;
        copying.push(start.elapsed());
        let found = shadow.check().await?;
        drop(shadow);
        copy.push(start.elapsed());
        if let Some(error) = found.iter().find(|found| found.severity == aiex_tools::Severity::Error) {
            return Err(format!("{}:{}: {}", error.path, error.line, error.message).into());
        }
        edit("b")?;
        plain.push(cargo(&root, &top.path().join("plain"), &[])?);
        edit("c")?;
        same.push(cargo(&root, &top.path().join("same"), &["--workspace", "--all-targets"])?);
    }
    let [copying, copy, plain, same] = [copying, copy, plain, same].map(median);
    let ratio = |other: Duration| copy.as_secs_f64() / other.as_secs_f64();
    println!(
        "| {} | {} ms | {} ms | {:.2} | {} ms | {:.2} | {} ms |",
        folder.file_name().unwrap_or_default().display(),
        copy.as_millis(),
        plain.as_millis(),
        ratio(plain),
        same.as_millis(),
        ratio(same),
        copying.as_millis()
    );
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

//! Programs that print much, hang, fork, leave their session, and fill the disk.
#![cfg(unix)]

use std::{fs, time::Duration};

use expect_test::expect;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    time::timeout,
};

use super::*;

const DISK: u64 = 10 << 30;

fn programs() -> Programs {
    Programs::of(&[], [("PATH".into(), "/usr/bin:/bin".into())])
}

/// Runs a script in a folder. How it ended, and what it printed.
async fn sh_in(folder: &Path, script: &str, time: Duration, disk: u64) -> (Result<End, RunError>, Vec<String>) {
    let arguments = ["-c".to_owned(), script.to_owned()];
    let variables = [("A", OsString::from("b"))];
    let task = Run { program: "sh", arguments: &arguments, folder, variables: &variables, time, copy: folder, disk };
    let mut lines = Vec::new();
    let ended = run(&programs(), &task, |stream, line| lines.push(format!("{stream:?} {line}"))).await;
    (ended, lines)
}

async fn sh(script: &str, time: Duration) -> (End, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let (ended, lines) = sh_in(folder.path(), script, time, DISK).await;
    (ended.unwrap(), lines)
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn lines_of_both_streams_are_passed_on() {
    let (end, mut lines) = sh("echo $A ä; echo no >&2; printf '\\r\\n'; printf 'last'; exit 3", MINUTE).await;
    lines.sort();
    assert_eq!(end, End::Exited(Some(3)));
    expect!["Err no|Out |Out b ä|Out last"].assert_eq(&lines.join("|"));
}

#[tokio::test]
async fn much_that_is_printed_is_read_within_bounds() {
    let (end, lines) =
        sh("head -c 20000000 /dev/zero | tr '\\0' x; echo; yes | head -n 500000; echo end", MINUTE).await;
    assert_eq!(end, End::Exited(Some(0)));
    assert_eq!((lines.len(), lines[0].len(), lines.last().unwrap().as_str()), (500_002, LINE + 4, "Out end"));
}

#[tokio::test]
async fn what_was_printed_before_it_was_stopped_counts() {
    let (end, lines) = sh("echo one; printf two; exec sleep 1000", Duration::from_millis(300)).await;
    assert_eq!((end, lines.join("|").as_str()), (End::TimedOut, "Out one|Out two"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_yields_to_others() {
    let script = "until [ \"$(cut -d' ' -f19 /proc/$$/stat)\" = 19 ]; do :; done; nice";
    assert_eq!(sh(script, MINUTE).await.1, ["Out 19"]);
}

/// A fifo, of which the reading end sees the end of file once every process that writes to it is gone.
fn fifo(folder: &TempDir) -> (String, BufReader<tokio::net::unix::pipe::Receiver>) {
    let path = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let reader = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&path).unwrap();
    (path.display().to_string(), BufReader::new(reader))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn processes_in_sessions_of_their_own_end_with_it() {
    let setsid = "setsid sh -c 'echo up >&3; setsid sleep 1000 & exec sleep 1000' &";
    // Stopped, ended by itself, and one that forks without end.
    for (rest, time) in [
        ("exec sleep 1000", 500),
        ("exit 0", 60_000),
        ("f() { setsid sh -c \"exec sleep 1000\" & sleep 0.01; f; }; f", 1_000),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut reader) = fifo(&folder);
        let script = format!("exec 3>'{path}'; {setsid} while ! [ -e up ]; do sleep 0.05; : >up; done; {rest}");
        sh_in(folder.path(), &script, Duration::from_millis(time), DISK).await.0.unwrap();
        let mut said = String::new();
        timeout(Duration::from_secs(30), reader.read_to_string(&mut said)).await.unwrap().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn all_of_it_ends_with_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut reader) = fifo(&folder);
    let script = format!("exec 3>'{path}'; setsid sh -c 'echo up >&3; exec sleep 1000' & exec sleep 1000");
    let mut line = String::new();
    tokio::select! {
        ended = sh_in(folder.path(), &script, MINUTE, DISK) => panic!("{ended:?}"),
        read = reader.read_line(&mut line) => assert_eq!((read.unwrap(), &*line), (3, "up\n")),
    }
    assert_eq!(timeout(Duration::from_secs(30), reader.read_line(&mut line)).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn one_that_fills_the_disk_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let script = "head -c 200000000 /dev/zero >big; exec sleep 1000";
    let (ended, _) = sh_in(folder.path(), script, MINUTE, 50_000_000).await;
    assert!(matches!(ended, Err(RunError::DiskFull { .. })), "{ended:?}");
    assert!(fs::metadata(folder.path().join("big")).is_ok());
}

#[test]
fn what_is_said_is_clean_and_bounded() {
    let mut said = Said::default();
    (0..1_000).for_each(|number| said.push(&number.to_string()));
    assert_eq!((said.lines().count(), said.lines().next(), said.lines().next_back()), (400, Some("0"), Some("999")));
    let lines = ["\u{1b}[31mred\u{1b}[0m \u{202e}at /tree/src/a.rs\t!", "", "b\r\u{7}", "c", "d"];
    expect![[r#"
        red at src/a.rs    !
        b
        c"#]]
    .assert_eq(&clean(lines.into_iter(), Path::new("/tree"), 3));
    assert_eq!(clean(std::iter::once("ä".repeat(5_000).as_str()), Path::new("/t"), 3).chars().count(), MOST_SAID + 1);
}

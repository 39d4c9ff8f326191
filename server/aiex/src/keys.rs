//! Where keys are kept beside the configuration: the system's keychain, or a program that prints one.

use std::{
    io::Read as _,
    process::{Child, Command as Process, Stdio},
    sync::mpsc,
    time::Duration,
};

use aiex_llm::{Endpoint, EndpointOptions, KeySource, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{files, paths};

/// How long a program may take to print a key: it may ask for a fingerprint.
const COMMAND_WAIT: Duration = Duration::from_secs(60);
/// The longest key that is taken, in bytes.
const LONGEST: u64 = 16 * 1024;

/// A program that prints a key as its first line.
#[derive(Debug)]
pub struct Command(pub Vec<String>);

impl KeySource for Command {
    fn key(&self) -> Result<Option<Secret>, String> {
        let Some((program, arguments)) = self.0.split_first() else { return Ok(None) };
        let failed = |what: &str| format!("api_key_command `{program}` {what}. Run it in a terminal to see why.");
        let mut child = Process::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&format!("could not be started ({error})")))?;
        let Some(output) = child.stdout.take() else { return Err(failed("has no output")) };
        let (send, printed) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Zeroizing::new(String::new());
            let read = output.take(LONGEST).read_to_string(&mut text);
            let _ = send.send(read.map(|_| Secret::new(text.lines().next().unwrap_or_default())));
        });
        let printed = printed.recv_timeout(COMMAND_WAIT);
        // One that has printed all and still runs has had its time.
        let ended = child.try_wait().ok().flatten();
        if printed.is_err() || (ended.is_none() && !ends_soon(&mut child)) {
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| failed(&format!("could not be waited for ({error})")))?;
        match printed {
            Err(_) => Err(failed("did not end within 60 s")),
            Ok(_) if !status.success() => Err(failed(&format!("failed ({status})"))),
            Ok(Err(_)) => Err(failed("printed something that is not text")),
            Ok(Ok(key)) if key.expose().is_empty() => Err(failed("printed nothing")),
            Ok(Ok(key)) => Ok(Some(key)),
        }
    }
}

/// Whether a program ends within a second.
fn ends_soon(child: &mut Child) -> bool {
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        matches!(child.try_wait(), Ok(Some(_)))
    })
}

/// The key of one provider in the system's keychain. It belongs to the origin for which it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keychain {
    /// The provider's name.
    pub provider: String,
    /// Scheme, host and port.
    pub origin: String,
}

/// Which keys are in the keychain, so that it is not opened for nothing, and can be listed. No key is in it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Index {
    keys: Vec<Keychain>,
}

impl Keychain {
    /// The entry of a provider at an address, if one was set for that very origin.
    pub fn of(provider: &str, base_url: &str) -> Option<Self> {
        let origin = origin(base_url)?;
        Self::list().into_iter().find(|entry| entry.provider == provider && entry.origin == origin)
    }

    /// Every entry that was set.
    pub fn list() -> Vec<Self> {
        let contents = paths::keys_file().and_then(|file| std::fs::read_to_string(file).ok());
        contents.and_then(|contents| toml::from_str::<Index>(&contents).ok()).unwrap_or_default().keys
    }

    /// Keeps a key.
    pub fn set(&self, key: &Secret) -> Result<(), String> {
        self.entry()?.set_password(key.expose()).map_err(|error| unusable(&error))?;
        let others = Self::list().into_iter().filter(|entry| entry != self);
        save(others.chain([self.clone()]).collect())
    }

    /// Forgets it.
    pub fn remove(&self) -> Result<(), String> {
        match self.entry()?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => {}
            Err(error) => return Err(unusable(&error)),
        }
        save(Self::list().into_iter().filter(|entry| entry != self).collect())
    }

    fn entry(&self) -> Result<keyring::Entry, String> {
        let user = format!("{} {}", self.provider, self.origin);
        keyring::Entry::new("aiex", &user).map_err(|error| unusable(&error))
    }
}

impl KeySource for Keychain {
    fn key(&self) -> Result<Option<Secret>, String> {
        match self.entry()?.get_password() {
            Ok(key) => Ok(Some(Secret::new(Zeroizing::new(key)))),
            Err(keyring::Error::NoEntry) => {
                Err(format!("It is no longer in the keychain. Set it again with `aiex auth set {}`.", self.provider))
            }
            Err(error) => Err(unusable(&error)),
        }
    }
}

/// Never falls back to a file in plain text.
fn unusable(error: &keyring::Error) -> String {
    // Its `Debug` may quote an entry.
    let reason = match error {
        keyring::Error::NoDefaultStore => "none runs here".to_owned(),
        error => error.to_string(),
    };
    format!(
        "The system's keychain can't be used ({reason}). Put the key into the provider's environment variable, or let \
         api_key_command in the configuration print it."
    )
}

/// Whether there is a keychain that can be used, or why not.
pub fn keychain() -> Result<(), String> {
    match keyring::Entry::store_status() {
        Ok(()) => Ok(()),
        Err(error) => Err(unusable(error)),
    }
}

fn save(keys: Vec<Keychain>) -> Result<(), String> {
    let file = paths::keys_file().ok_or("There is no home folder; set AIEX_HOME.")?;
    let contents = toml::to_string(&Index { keys }).map_err(|error| error.to_string())?;
    files::write_private(&file, contents.as_bytes()).map_err(|error| format!("{}: {error}.", file.display()))
}

/// The origin of an address, as an endpoint has it.
pub fn origin(base_url: &str) -> Option<String> {
    let options = EndpointOptions { base_url: base_url.to_owned(), allow_http: true, ..EndpointOptions::default() };
    Endpoint::new(options).ok().map(|endpoint| endpoint.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &[&str], expected: Result<&str, &str>) {
        let printed = Command(command.iter().map(|word| (*word).to_owned()).collect()).key();
        let printed = printed.map(|key| key.map(|key| key.expose().to_owned()).unwrap_or_default());
        match expected {
            Ok(key) => assert_eq!(printed.as_deref(), Ok(key)),
            Err(part) => assert!(printed.as_ref().is_err_and(|error| error.contains(part)), "{printed:?}"),
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_prints_a_key() {
        check(&["echo", "sk-1"], Ok("sk-1"));
        check(&["printf", " sk-1 \\nmore\\n"], Ok("sk-1"));
        // Not a shell.
        check(&["echo", "$HOME; id"], Ok("$HOME; id"));
        check(&["true"], Err("`true` printed nothing"));
        check(&["false"], Err("`false` failed"));
        check(&["/nowhere/at/all"], Err("could not be started"));
        check(&["printf", "\\377"], Err("not text"));
    }
}

//! `aiex auth`: keys in the system's keychain.

use std::{
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use aiex_llm::{Dialect, Endpoint, EndpointOptions, HttpProvider, Kind, Secret, well_known};
use anyhow::{Context as _, Error, Result, bail};
use clap::Subcommand;

use super::print;
use crate::{
    config::{self, Loaded, Places},
    engine::provider,
    keys::{self, Keychain},
    ledger::Database,
    login, workspace,
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Keep a provider's key in the system's keychain; it is typed unseen, or piped in
    Set {
        /// The provider's name
        provider: String,
    },
    /// Get a key by signing in with the browser (openrouter)
    Login {
        /// The provider's name
        provider: String,
    },
    /// Forget a provider's key
    Remove {
        /// The provider's name
        provider: String,
    },
    /// List the providers whose keys are known, and where from; never the keys
    List,
    /// Forget whether a workspace's code may go to a cloud that was only found by its key; it is asked again
    Forget {
        /// The workspace's top folder
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}

pub(super) fn auth(command: &Command) -> Result<()> {
    let loaded = config::load(&Places::default());
    super::warn(&loaded.problems);
    match command {
        Command::Set { provider } => {
            let entry = entry(provider, &loaded)?;
            // Before the key is asked for.
            keys::keychain().map_err(Error::msg)?;
            let key = typed(provider)?;
            if key.expose().is_empty() {
                bail!("no key was given, so nothing was changed");
            }
            keep(&entry, &key)
        }
        Command::Login { provider } if provider == login::OPENROUTER => {
            let entry = entry(provider, &loaded)?;
            keys::keychain().map_err(Error::msg)?;
            // Without the key that there may be: it could be the one that no longer works.
            let base_url = provider::configured(provider, &loaded)?.base_url;
            let options = EndpointOptions { provider: provider.clone(), base_url, ..EndpointOptions::default() };
            let keyless = HttpProvider::new(Endpoint::new(options)?, Dialect::of(Kind::OpenAiChat));
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let key = runtime.block_on(login::key(&keyless, &entry.origin, |address| {
                eprintln!("Open this address in your browser, if it does not open by itself:\n\n  {address}\n");
                login::open(address);
            }))?;
            keep(&entry, &key)
        }
        Command::Login { provider } => {
            bail!("`{provider}` has no sign-in that programs may use; set its key with `aiex auth set {provider}`")
        }
        Command::Remove { provider } => {
            let known: Vec<_> = Keychain::list().into_iter().filter(|entry| entry.provider == *provider).collect();
            if known.is_empty() {
                bail!("no key of `{provider}` is in the keychain");
            }
            for entry in known {
                entry.remove().map_err(Error::msg)?;
                eprintln!("Removed the key of {} for {}.", entry.provider, entry.origin);
            }
            Ok(())
        }
        Command::List => list(&loaded),
        Command::Forget { path } => {
            let workspace = workspace::root_of(path).display().to_string();
            let store = Database::default().open().map_err(Error::msg)?;
            let forgotten = well_known::ROWS
                .iter()
                .filter_map(|row| keys::origin(row.base_url))
                .map(|origin| store.forget_consent(&workspace, &origin));
            let forgotten = forgotten.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|was| *was).count();
            eprintln!("Forgot {forgotten} answers for {workspace}.");
            Ok(())
        }
    }
}

fn entry(name: &str, loaded: &Loaded) -> Result<Keychain> {
    let configured = provider::configured(name, loaded)?;
    Ok(Keychain { provider: name.to_owned(), origin: configured.origin })
}

/// Unseen from a terminal; else all of stdin.
fn typed(provider: &str) -> Result<Secret> {
    if io::stdin().is_terminal() {
        let key = rpassword::prompt_password(format!("Key of {provider} (not shown): "));
        return Ok(Secret::new(zeroize::Zeroizing::new(key.context("the key could not be read")?)));
    }
    let mut key = zeroize::Zeroizing::new(String::new());
    io::stdin().take(16 * 1024).read_to_string(&mut key).context("stdin could not be read")?;
    Ok(Secret::new(&*key))
}

fn keep(entry: &Keychain, key: &Secret) -> Result<()> {
    entry.set(key).map_err(Error::msg)?;
    eprintln!("Kept. It is sent to {} alone.", entry.origin);
    if let Some(model) = well_known::row(&entry.provider).and_then(|row| row.model) {
        eprintln!("To use it, write `model = \"{}/{model}\"` into your configuration.", entry.provider);
    }
    Ok(())
}

fn list(loaded: &Loaded) -> Result<()> {
    let configured = loaded.config.providers.iter().filter_map(|(name, provider)| {
        let place = match (&provider.api_key, provider.api_key_command.first()) {
            (Some(_), _) => "the configuration".to_owned(),
            (None, Some(program)) => {
                let program = Path::new(program).file_name().unwrap_or_default();
                format!("the program {}", program.display())
            }
            (None, None) => return None,
        };
        Some([name.clone(), place])
    });
    let environment = well_known::ROWS.iter().filter_map(|row| {
        let (variable, _) = provider::environment_key(row)?;
        Some([row.name.to_owned(), variable.to_owned()])
    });
    let keychain =
        Keychain::list().into_iter().map(|entry| [entry.provider, format!("the keychain, for {}", entry.origin)]);
    let lines: Vec<_> = configured.chain(environment).chain(keychain).collect();
    Ok(print(&super::columns(&lines, usize::MAX))?)
}

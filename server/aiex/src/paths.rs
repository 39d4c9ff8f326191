//! Where Aiex keeps its files: under `AIEX_HOME`, else in the folders that the XDG specification (or the system) names.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// `AIEX_CONFIG`, else `config.toml` in `AIEX_HOME` or the configuration folder.
pub fn config_file() -> Option<PathBuf> {
    match (variable("AIEX_CONFIG"), home()) {
        (Some(file), _) => Some(file),
        (None, Some(home)) => Some(home.join("config.toml")),
        (None, None) => Some(system()?.config_dir().join("aiex").join("config.toml")),
    }
}

/// Logs and answers.
pub fn state_folder() -> Option<PathBuf> {
    if let Some(home) = home() {
        return Some(home.join("state"));
    }
    let system = system()?;
    // Systems without a state folder of their own keep it beside the data.
    Some(system.state_dir().unwrap_or_else(|| system.data_dir()).join("aiex"))
}

/// What is kept for good: usage, later sessions.
pub fn database() -> Option<PathBuf> {
    Some(data_folder()?.join("aiex.db"))
}

/// Where the indexes of workspaces are kept.
pub fn indexes_folder() -> Option<PathBuf> {
    Some(cache_folder()?.join("workspaces"))
}

/// Where projects are copied to be built.
pub fn shadows_folder() -> Option<PathBuf> {
    Some(cache_folder()?.join("shadows"))
}

/// What can be made again.
fn cache_folder() -> Option<PathBuf> {
    match home() {
        Some(home) => Some(home.join("cache")),
        None => Some(system()?.cache_dir().join("aiex")),
    }
}

/// Which keys are in the keychain.
pub fn keys_file() -> Option<PathBuf> {
    Some(data_folder()?.join("keys.toml"))
}

fn data_folder() -> Option<PathBuf> {
    match home() {
        Some(home) => Some(home.join("data")),
        None => Some(system()?.data_dir().join("aiex")),
    }
}

fn home() -> Option<PathBuf> {
    variable("AIEX_HOME")
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn system() -> Option<impl BaseStrategy> {
    etcetera::choose_base_strategy().ok()
}

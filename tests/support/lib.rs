//! What the black-box tests share: the built binary, an editor's side of the protocol, servers that misbehave, set-up.

pub mod binary;
pub mod client;
pub mod profile;
pub mod project;
pub mod setup;
pub mod upstream;

/// How long a test waits for what must come. Nothing waits this long unless it is broken.
pub const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

//! Text that must never be shown; how it is sent is not its business.

use std::fmt;

use zeroize::Zeroizing;

/// A key or other credential. Its `Debug` and `Display` show `***`, and its memory is overwritten when it is dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret, without the white space around it that pasting and files add.
    pub fn new(secret: impl AsRef<str>) -> Self {
        Self(Zeroizing::new(secret.as_ref().trim().to_owned()))
    }

    /// The secret itself, to be put where it belongs and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

//! Where a key comes from; when it is asked for is the transport's business.

use std::{fmt::Debug, sync::Arc};

use crate::Secret;

/// A provider's key, or where it is kept.
#[derive(Debug, Clone, Default)]
pub enum Key {
    /// None is needed, or none is known.
    #[default]
    None,
    /// The key itself.
    Given(Secret),
    /// Asked before the first request, and once more where the provider no longer takes it.
    From(Arc<dyn KeySource>),
}

/// A place that keeps a key: a keychain, or a program that prints it.
pub trait KeySource: Debug + Send + Sync + 'static {
    /// The key as it is now; `None` where there is none. May block, and is called where that holds up nothing.
    ///
    /// # Errors
    /// A sentence that says what to do, without the key.
    fn key(&self) -> Result<Option<Secret>, String>;
}

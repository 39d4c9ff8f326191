//! [`Excluded`]: the files that `privacy.exclude` keeps back, wherever their workspace begins.

use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};

/// Patterns of files that are never read for a model.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    globs: GlobSet,
}

impl Excluded {
    /// From globs. Fails for a pattern that is none: nobody then knows what it was to keep back.
    pub fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let mut globs = GlobSetBuilder::new();
        for pattern in patterns {
            globs.add(Glob::new(pattern)?);
        }
        Ok(Self { globs: globs.build()? })
    }

    /// Whether a path, or any end of it, is excluded: `secrets/*.exs` holds for `/home/me/shop/secrets/prod.exs`.
    pub fn matches(&self, path: &Path) -> bool {
        if self.globs.is_empty() {
            return false;
        }
        let mut end = path.components();
        std::iter::from_fn(|| (!end.as_path().as_os_str().is_empty()).then(|| (end.as_path(), end.next()).0))
            .any(|end| self.globs.is_match(end))
    }
}

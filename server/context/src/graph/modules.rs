//! Where Rust files stand in their crates.

/// The crate and the modules of a Rust file by its path, as cargo lays them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    /// The folder that holds `src`, `tests` or their like; empty at the top.
    pub(super) package: &'p str,
    pub(super) modules: Vec<&'p str>,
}

impl<'p> Place<'p> {
    pub(super) fn of(path: &'p str) -> Self {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let parts: Vec<&str> = stem.split('/').collect();
        let root = parts.iter().rposition(|part| *part == "src");
        let from = root.map_or(0, |root| root + 1);
        let package = root.and_then(|root| parts.get(root.checked_sub(1)?)).copied().unwrap_or_default();
        let mut modules: Vec<_> = parts.get(from..).unwrap_or_default().to_vec();
        if modules.last().is_some_and(|last| matches!(*last, "mod" | "lib" | "main")) {
            modules.pop();
        }
        Self { package, modules }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_follow_folders() {
        let check = |path: &str, package: &str, modules: &[&str]| {
            assert_eq!(Place::of(path), Place { package, modules: modules.to_vec() }, "{path}");
        };
        check("src/lib.rs", "", &[]);
        check("src/sync/mpsc/mod.rs", "", &["sync", "mpsc"]);
        check("crates/text/src/rope.rs", "text", &["rope"]);
        check("build.rs", "", &["build"]);
    }
}

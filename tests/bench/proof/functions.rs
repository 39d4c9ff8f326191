//! Functions of the example projects, and tests that a model could write for them.

/// A function, and a reply with tests of it.
pub struct Function {
    /// Its file.
    pub file: &'static str,
    /// A piece of its first line, or of one inside of it.
    pub code: &'static str,
    /// The reply.
    pub tests: &'static str,
}

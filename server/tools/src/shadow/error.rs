//! Why there is no copy of a project, or why nothing was checked in it; each a sentence that a user can act on.

use std::{path::PathBuf, time::Duration};

/// Why there is no copy of a project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShadowError {
    /// Its files are more than is copied.
    #[error(
        "{} holds {} in files that git does not ignore, more than the {} that are copied for a compile check. Let \
         `.gitignore` name folders of data.", .root.display(), Bytes(*.bytes), Bytes(*.limit)
    )]
    TooLarge {
        /// Of the project.
        root: PathBuf,
        /// The sum of its files, in bytes.
        bytes: u64,
        /// In bytes.
        limit: u64,
    },
    /// They are too many.
    #[error(
        "{} holds more than {limit} files that git does not ignore, too many to copy for a compile check. Let \
         `.gitignore` name folders of data.", .root.display()
    )]
    TooManyFiles {
        /// Of the project.
        root: PathBuf,
        /// How many are copied at most.
        limit: usize,
    },
    /// The project is not all of the code that it is built of.
    #[error(
        "`{manifest}` takes `{name}` from `{path}`, outside of {}, which is not copied, so the project cannot be \
         compiled apart. Let one workspace hold both.", .root.display()
    )]
    OutsideDependency {
        /// Of the project.
        root: PathBuf,
        /// Of the dependency.
        name: String,
        /// As it is written.
        path: String,
        /// The file that says so, relative to the root.
        manifest: String,
    },
    /// What made it a project is gone.
    #[error("{} has no `{manifest}`.", .root.display())]
    NoProject {
        /// Of the project.
        root: PathBuf,
        /// `Cargo.toml` or `mix.exs`.
        manifest: &'static str,
    },
    /// A text was to be written where no file of the project is.
    #[error("`{path}` is no path of a file in the project.")]
    NoPath {
        /// As it was given.
        path: String,
    },
    /// The system would not let us.
    #[error("{} could not be copied for a compile check: {reason}. See to the file or to the disk.", .path.display())]
    Io {
        /// Of the file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// Why there is no answer of a compiler or of tests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A program is missing, or its toolchain.
    #[error("{reason} {install}")]
    Program {
        /// Its name.
        program: String,
        /// What is missing, as a sentence.
        reason: String,
        /// How to get it, as a sentence.
        install: String,
    },
    /// It did not end in time.
    #[error("`{command}` did not end within {} s and was stopped. Try it in a terminal.", .limit.as_secs())]
    TimedOut {
        /// As it is typed.
        command: String,
        /// The time that it had.
        limit: Duration,
    },
    /// It used up the disk.
    #[error(
        "`{command}` was stopped, since it wrote more than {} or left less than 256 MiB free ({} are); what it wrote is \
         removed. Look at what the build writes, or make room.", Bytes(*.limit), Bytes(*.free)
    )]
    DiskFull {
        /// As it is typed.
        command: String,
        /// The most that it may write, in bytes.
        limit: u64,
        /// What was free then, in bytes.
        free: u64,
    },
    /// It failed for another reason than the code, or where no file of the project is at fault.
    #[error("`{command}` fails: {said}{}", .hint.as_deref().map(|hint| format!("\n{hint}")).unwrap_or_default())]
    Unusable {
        /// As it is typed.
        command: String,
        /// The first lines of what it says.
        said: String,
        /// What may help, as a sentence.
        hint: Option<String>,
    },
    /// The copy could not be read or written.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
}

/// A number of bytes as people read it.
struct Bytes(u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match UNITS.into_iter().find(|(_, power)| self.0 >> power > 0) {
            Some((unit, power)) => {
                let whole = self.0 >> power;
                let tenth = ((self.0 - (whole << power)) * 10) >> power;
                if tenth == 0 { write!(to, "{whole} {unit}") } else { write!(to, "{whole}.{tenth} {unit}") }
            }
            None => write!(to, "{} bytes", self.0),
        }
    }
}

//! [`Intent`]: what the model is asked to do, and what that makes worth telling.

use std::{fmt, str::FromStr};

/// What the model is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Say what code does.
    Explain,
    /// Change code as told, without changing what it does otherwise.
    Refactor,
    /// Mend what a diagnostic says.
    Fix,
    /// Write documentation.
    Document,
    /// Write code that is not there yet.
    Generate,
    /// Write tests.
    GenerateTests,
    /// Find what is wrong.
    Review,
    /// Answer a question.
    Ask,
}

impl Intent {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Explain,
        Self::Refactor,
        Self::Fix,
        Self::Document,
        Self::Generate,
        Self::GenerateTests,
        Self::Review,
        Self::Ask,
    ];

    /// Its word on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explain => "explain",
            Self::Refactor => "refactor",
            Self::Fix => "fix",
            Self::Document => "document",
            Self::Generate => "generate",
            Self::GenerateTests => "generate-tests",
            Self::Review => "review",
            Self::Ask => "ask",
        }
    }

    /// What is less likely to be needed than this only distracts. For code that is still to be written nobody knows, so
    /// there it is little.
    pub(crate) fn least(self) -> f32 {
        match self {
            Self::Generate => 0.0005,
            Self::Refactor | Self::Fix | Self::GenerateTests => 0.15,
            Self::Explain | Self::Document | Self::Review | Self::Ask => 0.2,
        }
    }

    /// How sure it is that what a target uses is needed; without it, what else is said of a definition decides.
    pub(crate) fn of_used(self) -> f32 {
        match self {
            Self::Explain | Self::Review | Self::Ask => 0.97,
            Self::Refactor | Self::Fix | Self::Generate => 0.95,
            Self::GenerateTests => 0.9,
            Self::Document => 0.8,
        }
    }

    /// What remains of the likelihood of everything else, since the target's body shows what it uses.
    pub(crate) fn of_others(self) -> f32 {
        match self {
            Self::Generate => 1.0,
            Self::GenerateTests => 0.5,
            Self::Refactor | Self::Fix | Self::Explain | Self::Document | Self::Review | Self::Ask => 0.25,
        }
    }

    /// The same for what uses the target.
    pub(crate) fn of_callers(self) -> f32 {
        match self {
            Self::Refactor => 0.8,
            Self::Fix | Self::Review | Self::Ask => 0.5,
            Self::Explain | Self::Document | Self::GenerateTests => 0.4,
            // What is to be written has callers only if they wait for it.
            Self::Generate => 0.3,
        }
    }

    /// The same for tests of the target.
    pub(crate) fn of_tests(self) -> f32 {
        match self {
            Self::GenerateTests => 0.95,
            Self::Refactor | Self::Fix => 0.3,
            _ => 0.1,
        }
    }

    /// What the levels of telling a definition are worth, by [`crate::Level`], relative to its signature.
    pub(crate) fn levels(self) -> [f32; 5] {
        match self {
            Self::Generate => [0.05, 1.0, 1.01, 1.02, 1.05],
            Self::Document => [0.05, 1.0, 1.2, 1.25, 1.4],
            Self::Explain | Self::Ask | Self::Review => [0.08, 1.0, 1.3, 1.35, 2.4],
            Self::Refactor | Self::Fix => [0.05, 1.0, 1.15, 1.2, 2.0],
            Self::GenerateTests => [0.05, 1.0, 1.2, 1.25, 1.8],
        }
    }

    /// What the fields of a type are worth to someone who is told its name, relative to what levels are worth else.
    pub(crate) fn fields(self) -> f32 {
        match self {
            Self::Generate => 1.1,
            _ => 1.25,
        }
    }

    /// Whether what stands around the target is shown, too, and how much of the budget it may take, in hundredths.
    pub(crate) fn surroundings(self) -> u32 {
        match self {
            Self::Generate => 6,
            _ => 0,
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Intent {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|intent| intent.as_str() == word)
            .ok_or_else(|| format!("there is no intent `{word}`; there are {}", all()))
    }
}

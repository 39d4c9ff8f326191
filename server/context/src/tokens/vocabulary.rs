//! [`Vocabulary`]: OpenAI's public vocabularies, loaded on first need.

use std::sync::OnceLock;

use tiktoken_rs::CoreBPE;

use super::{Count, estimate, segments::segments};

/// A vocabulary that is public and at hand. From its first use to the end of the process it takes resident
/// memory: 48 MB for `o200k_base`, 20 MB for `cl100k_base` (measured on Linux). A process that never counts takes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// `o200k_base`, and `o200k_harmony`, which differs only in special tokens, which plain text never becomes.
    O200k,
    /// `cl100k_base`.
    Cl100k,
}

static O200K: OnceLock<Option<CoreBPE>> = OnceLock::new();
static CL100K: OnceLock<Option<CoreBPE>> = OnceLock::new();

impl Vocabulary {
    /// Its name, as OpenAI calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200k => "o200k_base",
            Self::Cl100k => "cl100k_base",
        }
    }

    /// Loads it, once for the process; takes 0.1 to 0.4 s the first time, by machine.
    pub fn load(self) {
        self.encoder();
    }

    /// Whether it is loaded, so that a count does not have to wait.
    pub fn is_loaded(self) -> bool {
        self.cell().get().is_some()
    }

    fn cell(self) -> &'static OnceLock<Option<CoreBPE>> {
        match self {
            Self::O200k => &O200K,
            Self::Cl100k => &CL100K,
        }
    }

    fn encoder(self) -> Option<&'static CoreBPE> {
        let load = match self {
            Self::O200k => tiktoken_rs::o200k_base,
            Self::Cl100k => tiktoken_rs::cl100k_base,
        };
        // The data is part of the binary: it loads, or the tests fail.
        self.cell().get_or_init(|| load().ok()).as_ref()
    }

    pub(super) fn count(self, text: &str) -> Count {
        let Some(encoder) = self.encoder() else {
            let tokens = estimate(text, None).ceil() as usize;
            return Count { tokens, exact: false };
        };
        let mut count = Count { tokens: 0, exact: true };
        for segment in segments(text, SEGMENT) {
            count.tokens += encoder.count_ordinary(segment.text);
            count.exact &= segment.ends_a_piece;
        }
        count
    }
}

/// The longest text that is encoded at a time, in bytes. The encoder's regular expression gives up, and panics, after a
/// million steps back, which one run of blanks of about that length would take. 5 MB of any one character take
/// 0.1 to 0.9 s.
const SEGMENT: usize = 16 * 1024;

//! [`Vocabulary`]: OpenAI's public vocabularies, as tables of the program file.

use super::{
    Count,
    hash::{EMPTY, RANK_BITS, hash, mark},
    merge::Merge,
    pieces::pieces,
    segments::segments,
};

/// A vocabulary that is public and at hand. It is looked up where it stands in the program file: nothing is loaded, and
/// what of it is in memory (4 MB of `o200k_base`, 2 MB of `cl100k_base` at most) the system can drop at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// `o200k_base`, and `o200k_harmony`, which differs only in special tokens, which plain text never becomes.
    O200k,
    /// `cl100k_base`.
    Cl100k,
}

static O200K: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/o200k_base.table"));
static CL100K: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cl100k_base.table"));

impl Vocabulary {
    /// Its name, as OpenAI calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200k => "o200k_base",
            Self::Cl100k => "cl100k_base",
        }
    }

    pub(super) fn count(self, text: &str) -> Count {
        let table = Table::of(self);
        let mut merge = Merge::default();
        let mut count = Count { tokens: 0, exact: true };
        for segment in segments(text, SEGMENT) {
            for piece in pieces(self, segment.text) {
                let piece = piece.as_bytes();
                count.tokens += match piece {
                    [_] => 1,
                    _ if table.rank(piece).is_some() => 1,
                    _ => merge.count(piece, |bytes| table.rank(bytes)),
                };
            }
            count.exact &= segment.ends_a_piece;
        }
        count
    }
}

/// The longest text that is encoded at a time, in bytes.
const SEGMENT: usize = 16 * 1024;

/// A vocabulary as the build script lays it out.
struct Table {
    slots: &'static [u8],
    ends: &'static [u8],
    bytes: &'static [u8],
}

impl Table {
    fn of(vocabulary: Vocabulary) -> Self {
        let table = match vocabulary {
            Vocabulary::O200k => O200K,
            Vocabulary::Cl100k => CL100K,
        };
        let (count, slots) = (number(table, 0).unwrap_or(0) as usize, number(table, 1).unwrap_or(0) as usize);
        let (_, table) = table.split_at_checked(8).unwrap_or_default();
        let (slots, table) = table.split_at_checked(slots * 4).unwrap_or_default();
        let (ends, bytes) = table.split_at_checked(count * 4).unwrap_or_default();
        Self { slots, ends, bytes }
    }

    /// The rank of a token; `None` if these bytes are none.
    fn rank(&self, token: &[u8]) -> Option<u32> {
        let hash = hash(token);
        let last = (self.slots.len() / 4).checked_sub(1)?;
        let mark = mark(hash);
        // The lower half of the hash chooses the slot, the upper one makes the mark.
        #[expect(clippy::cast_possible_truncation)]
        let mut slot = hash as usize & last;
        loop {
            let entry = number(self.slots, slot).filter(|entry| *entry != EMPTY)?;
            let rank = entry & ((1 << RANK_BITS) - 1);
            if entry ^ rank == mark && self.token(rank as usize) == Some(token) {
                return Some(rank);
            }
            slot = (slot + 1) & last;
        }
    }

    fn token(&self, rank: usize) -> Option<&[u8]> {
        let start = rank.checked_sub(1).map_or(Some(0), |before| number(self.ends, before))?;
        self.bytes.get(start as usize..number(self.ends, rank)? as usize)
    }
}

fn number(table: &[u8], at: usize) -> Option<u32> {
    table.get(at * 4..)?.first_chunk().copied().map(u32::from_le_bytes)
}

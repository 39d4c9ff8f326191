//! The hash by which a vocabulary's tokens are found; the build script lays the tables out by it.

/// Of the bytes of a token. Its low bits choose a slot, its high bits tell most others in that slot apart.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    let mut add = |part: u64| hash = (hash ^ part).wrapping_mul(FACTOR).rotate_left(29);
    for chunk in &mut chunks {
        add(chunk.iter().rev().fold(0, |part, byte| part << 8 | u64::from(*byte)));
    }
    add(chunks.remainder().iter().rev().fold(0, |part, byte| part << 8 | u64::from(*byte)));
    hash ^ hash >> 32
}

/// The bits of a slot that hold a token's rank; those above hold what its hash begins with.
pub(crate) const RANK_BITS: u32 = 18;

/// A slot that holds nothing: no vocabulary has so many tokens.
pub(crate) const EMPTY: u32 = u32::MAX;

/// What a slot says of a token's hash, in its place above the rank.
pub(crate) fn mark(hash: u64) -> u32 {
    u32::try_from(hash >> 50).unwrap_or(0) << RANK_BITS
}

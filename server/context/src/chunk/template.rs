//! Templates: by their tags.

use aiex_syntax::Pieces;

use super::lines;

pub(super) fn pieces(source: &str) -> Pieces {
    lines::pieces(source)
}

//! TOML, JSON and YAML: by tables and keys, deeper ones after those that hold them.

use aiex_syntax::Pieces;

use super::{lines, size::Size};

pub(super) fn toml(source: &str) -> Pieces {
    lines::pieces(source)
}

pub(super) fn json(source: &str, _size: Size) -> Pieces {
    lines::pieces(source)
}

pub(super) fn yaml(source: &str) -> Pieces {
    lines::pieces(source)
}

//! [`test_skeletons`]: tests that are to be written, from a signature and its clauses alone.

use aiex_syntax::{Outline, Syntax};
use aiex_text::Text;

/// Tests of a definition that are to be written.
pub fn test_skeletons(_syntax: &Syntax, _outline: &Outline, _text: &Text, _symbol: usize) -> Option<String> {
    None
}

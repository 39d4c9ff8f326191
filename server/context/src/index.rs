//! [`FileIndex`]: what one file defines and uses, as plain values that outlive its tree.
//!
//! Items come from the tree, uses from the tokens of their heads and bodies: a token costs a fraction of a node, and
//! the arguments of macros are tokens anyway.

mod elixir;
mod elixir_body;
mod elixir_tokens;
pub(crate) mod item;
pub(crate) mod names;
mod rust;
mod rust_body;
mod rust_heads;
mod rust_tokens;
pub(crate) mod template;
pub(crate) mod uses;

use aiex_syntax::{Language, Syntax};
use serde::{Deserialize, Serialize};

pub(crate) use item::{Import, ImportKind, Item, range as span_range};
use names::{Name, Names};
pub use template::is_template;
use uses::{Gathered, Use};

/// What one file defines and uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileIndex {
    pub(crate) names: Names,
    /// A container comes before what it contains.
    pub(crate) items: Vec<Item>,
    /// Each item's are a range of these.
    pub(crate) uses: Vec<Use>,
    /// Fields and variants, with the use that is their type; each item's are a range of these.
    pub(crate) fields: Vec<(Name, u32)>,
    pub(crate) imports: Vec<Import>,
    /// The segments of imports' paths.
    pub(crate) segments: Vec<Name>,
    /// The words of docs; each item's are a range of these.
    pub(crate) words: Vec<Name>,
    /// Length of the source in bytes.
    pub(crate) bytes: u32,
    /// How many lines it has.
    pub(crate) lines: u32,
    /// Whether all of it is for tests, benches or examples.
    pub(crate) is_test: bool,
}

impl FileIndex {
    /// Reads a source. `path` is relative to the workspace, with `/`; `syntax` must be the parse of `source`.
    pub fn new(path: &str, source: &str, syntax: &Syntax) -> Self {
        let symbols = syntax.symbols(source);
        let mut file = match syntax.language() {
            Language::Rust => rust::index(source, &symbols),
            Language::Elixir => elixir::index(source, &symbols),
        };
        file.bytes = names::narrow(source.len());
        file.is_test = is_test_path(path);
        // It stays for as long as the workspace does.
        file.items.shrink_to_fit();
        file.uses.shrink_to_fit();
        file.fields.shrink_to_fit();
        file.imports.shrink_to_fit();
        file.segments.shrink_to_fit();
        file.words.shrink_to_fit();
        file
    }

    /// Reads a HEEx or EEx template, one that [`is_template`]. Needs no parse, and is of [`Language::Elixir`].
    pub fn of_template(path: &str, source: &str) -> Self {
        let mut file = template::index(path, source);
        file.bytes = names::narrow(source.len());
        file.is_test = is_test_path(path);
        file
    }

    /// Whether another index of the same file says the same but for bodies, docs and places.
    pub(crate) fn defines_as(&self, other: &Self) -> bool {
        let name = |file: &Self, name: Name| (name != names::NONE).then(|| file.names.get(name).to_owned());
        let same_uses = |one: item::Span, two: item::Span| {
            let (from, to) = (
                self.uses.get(span_range(one)).unwrap_or_default(),
                other.uses.get(span_range(two)).unwrap_or_default(),
            );
            let offset = |base: u32, first: u32| base.wrapping_sub(first);
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| {
                    let is_number = from.what == uses::What::Types;
                    from.what == to.what
                        && from.arity == to.arity
                        && (offset(from.base, one.0) == offset(to.base, two.0)
                            || from.base == names::NONE && to.base == names::NONE)
                        && if is_number {
                            from.name == to.name
                        } else {
                            self.names.get(from.name) == other.names.get(to.name)
                        }
                })
        };
        // A use, relative to the head that it is in.
        let same_place = |(from, one): (u32, &Item), (to, two): (u32, &Item)| match (from, to) {
            (names::NONE, names::NONE) => true,
            (names::NONE, _) | (_, names::NONE) => false,
            _ => from.wrapping_sub(one.head_uses.0) == to.wrapping_sub(two.head_uses.0),
        };
        let same_item = |(one, two): (&Item, &Item)| {
            one.kind == two.kind
                && one.visibility == two.visibility
                && one.container == two.container
                && one.arity == two.arity
                && one.is_test == two.is_test
                && one.on_self == two.on_self
                && name(self, one.name) == name(other, two.name)
                && name(self, one.serves) == name(other, two.serves)
                && same_uses(one.head_uses, two.head_uses)
                && [(one.result, two.result), (one.of_type, two.of_type), (one.of_trait, two.of_trait)]
                    .into_iter()
                    .all(|(from, to)| same_place((from, one), (to, two)))
                && one.fields.1 - one.fields.0 == two.fields.1 - two.fields.0
                && self
                    .fields
                    .get(span_range(one.fields))
                    .unwrap_or_default()
                    .iter()
                    .zip(other.fields.get(span_range(two.fields)).unwrap_or_default())
                    .all(|(from, to)| name(self, from.0) == name(other, to.0) && same_place((from.1, one), (to.1, two)))
        };
        let path = |file: &Self, import: &Import| -> Vec<String> {
            file.segments
                .get(span_range(import.path))
                .unwrap_or_default()
                .iter()
                .map(|part| file.names.get(*part).to_owned())
                .collect()
        };
        let same_import = |(one, two): (&Import, &Import)| {
            one.kind == two.kind
                && one.owner == two.owner
                && name(self, one.name) == name(other, two.name)
                && path(self, one) == path(other, two)
        };
        self.items.len() == other.items.len()
            && self.imports.len() == other.imports.len()
            && self.items.iter().zip(&other.items).all(same_item)
            && self.imports.iter().zip(&other.imports).all(same_import)
    }

    /// How many items it defines.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it defines nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// By the folders that cargo and mix have for tests, benches and examples.
fn is_test_path(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let file = parts.next().unwrap_or_default();
    let folder =
        parts.any(|part| matches!(part, "tests" | "test" | "benches" | "bench" | "examples" | "fixtures" | "testdata"));
    folder || file.ends_with("_test.exs") || matches!(file, "tests.rs" | "test.rs" | "benches.rs")
}

//! The types of the uses of one item, as far as the syntax shows them.
//!
//! Of a type, only the first name counts that is the workspace's: `Result<Arc<Node>, Error>` is a `Node`. So wrappers of
//! the standard library, references and `?` need no rules of their own.

use aiex_syntax::SymbolKind;

use super::{
    Def, Global, Graph, Weights,
    rust::{MOST_NAMESAKES, Rust, count},
    rust_paths::narrowed,
};
use crate::index::{
    item::Span,
    names::NONE,
    uses::{Use, What},
};

/// How much the use of a field counts as a use of its type.
const FIELD: f32 = 0.5;

/// What each use of a range means.
pub(super) struct Types<'g> {
    rust: &'g Rust,
    graph: &'g Graph,
    file: usize,
    def: Def,
    owner: Option<Def>,
    begin: u32,
    uses: &'g [Use],
    meanings: Vec<Meaning>,
}

#[derive(Clone, Default)]
struct Meaning {
    /// The definitions that it names.
    defs: Vec<Def>,
    /// The type of its value, or itself if it is one.
    of: Option<Def>,
    /// Whether the definitions were found by name alone.
    guessed: bool,
    /// The type whose field it is.
    held_by: Option<Def>,
}

impl<'g> Types<'g> {
    pub(super) fn of(rust: &'g Rust, graph: &'g Graph, file: usize, def: Def, span: Span, owner: Option<Def>) -> Self {
        let all = graph.files.get(file).map_or(&[][..], |file| &file.index.uses);
        let uses = all.get(span.0 as usize..span.1 as usize).unwrap_or_default();
        let mut types =
            Self { rust, graph, file, def, owner, begin: span.0, uses, meanings: Vec::with_capacity(uses.len()) };
        for (at, one) in uses.iter().enumerate() {
            let meaning = types.meaning(at, one);
            types.meanings.push(meaning);
        }
        types
    }

    /// The type at a use.
    pub(super) fn get(&self, at: u32) -> Option<Def> {
        self.known(at).and_then(|meaning| meaning.of)
    }

    /// The types that are named, in order, each once.
    pub(super) fn mentioned(&self) -> Vec<Def> {
        let mut types = Vec::new();
        for meaning in &self.meanings {
            for def in &meaning.defs {
                if !types.contains(def) {
                    types.push(*def);
                }
            }
        }
        types
    }

    /// Adds what the uses of a range mean.
    pub(super) fn weigh(&self, span: Span, weights: &mut Weights) {
        for at in span.0..span.1 {
            let Some(meaning) = self.known(at) else { continue };
            let sure = if meaning.guessed { 0.8 } else { 1.0 };
            if let Some(holder) = meaning.held_by {
                weights.add(holder, FIELD);
            }
            for def in &meaning.defs {
                weights.add(*def, sure / count(meaning.defs.len()));
            }
        }
    }

    fn known(&self, at: u32) -> Option<&Meaning> {
        self.meanings.get(at.checked_sub(self.begin)? as usize)
    }

    fn global(&self, name: u32) -> Option<Global> {
        self.graph.files.get(self.file)?.globals.get(name as usize).copied()
    }

    fn meaning(&self, at: usize, one: &Use) -> Meaning {
        match one.what {
            What::Path => self.path(at, one),
            What::Segment => self.segment(one),
            What::Value => {
                let mut meaning = self.path(at, one);
                // A name that stands alone is a local far more often than a function from elsewhere.
                let here =
                    |def: &Def| self.graph.file_of.get(*def as usize) == self.graph.file_of.get(self.def as usize);
                let imported = self.global(one.name).is_some_and(|name| {
                    self.rust.imports.get(self.file).is_some_and(|imports| imports.contains_key(&name))
                });
                meaning.defs.retain(|def| here(def) || imported);
                meaning.of = None;
                meaning
            }
            What::Macro => {
                let found = self
                    .global(one.name)
                    .map(|name| self.rust.path(self.graph, self.file, self.def, &[name]))
                    .unwrap_or_default();
                let defs = found.into_iter().filter(|def| self.graph.kind(*def) == Some(SymbolKind::Macro)).collect();
                Meaning { defs, ..Meaning::default() }
            }
            What::Myself => Meaning { of: self.owner, ..Meaning::default() },
            What::Field => {
                // Who reads a field has to know the type that it is of.
                let base = self.base(one);
                let holder = base
                    .zip(self.global(one.name))
                    .filter(|(base, name)| self.rust.field(*base, *name).is_some() || self.has_field(*base, *name));
                let of = holder.and_then(|(base, name)| self.rust.field(base, name));
                Meaning { of, held_by: holder.map(|(base, _)| base), ..Meaning::default() }
            }
            What::Method => self.method(one),
            What::Types => {
                let of = (one.base..one.base.saturating_add(one.name)).find_map(|at| {
                    let meaning = self.known(at)?;
                    meaning.of.filter(|of| self.is_type(*of))
                });
                Meaning { of, ..Meaning::default() }
            }
            What::Same => Meaning { of: self.base(one), ..Meaning::default() },
            What::Wrapped => {
                let callee = self.known(one.name);
                let own = callee.and_then(|callee| callee.of);
                let of = own.or_else(|| self.wraps(one.name).then(|| self.base(one)).flatten());
                Meaning { of, ..Meaning::default() }
            }
            What::Payload => {
                let variant = self.uses.get(one.base.checked_sub(self.begin).map_or(usize::MAX, |at| at as usize));
                let name = variant.and_then(|variant| self.global(variant.name));
                let of = self.base(one).zip(name).and_then(|(base, name)| self.rust.field(base, name));
                Meaning { of, ..Meaning::default() }
            }
            What::Module | What::Call | What::Struct => Meaning::default(),
        }
    }

    /// Whether a callee is a constructor of the standard library that wraps its argument.
    fn wraps(&self, callee: u32) -> bool {
        let use_at = |at: u32| self.uses.get(at.checked_sub(self.begin)? as usize);
        let Some(callee) = use_at(callee) else { return false };
        let named = |one: &Use| self.global(one.name).is_some_and(|name| self.rust.known.wrappers.contains(&name));
        named(callee) || callee.what == What::Segment && use_at(callee.base).is_some_and(named)
    }

    fn has_field(&self, of: Def, name: Global) -> bool {
        let file = self.graph.file_of(of);
        let is = |field: &u32| file.and_then(|file| file.globals.get(*field as usize)) == Some(&name);
        self.graph.fields(of).iter().any(|(field, _)| is(field))
    }

    fn base(&self, one: &Use) -> Option<Def> {
        self.get(one.base)
    }

    fn is_type(&self, def: Def) -> bool {
        use SymbolKind::{Enum, Struct, Trait};
        self.graph.kind(def).is_some_and(|kind| matches!(kind, Struct | Enum | Trait))
    }

    /// What the value of a definition is.
    fn value_of(&self, def: Def) -> Option<Def> {
        if self.is_type(def) { Some(def) } else { self.graph.result(def) }
    }

    fn found(&self, defs: Vec<Def>) -> Meaning {
        let of = defs.iter().find_map(|def| self.value_of(*def));
        Meaning { defs, of, ..Meaning::default() }
    }

    fn path(&self, at: usize, one: &Use) -> Meaning {
        let Some(name) = self.global(one.name) else { return Meaning::default() };
        if Some(name) == self.rust.known.self_type {
            return Meaning { of: self.owner, ..Meaning::default() };
        }
        // What a path goes on with is resolved with all of it.
        let here = self.begin + u32::try_from(at).unwrap_or(NONE);
        let goes_on = self.uses.get(at + 1).is_some_and(|next| next.what == What::Segment && next.base == here);
        let found = self.rust.path(self.graph, self.file, self.def, &[name]);
        if goes_on {
            let types: Vec<_> = found.into_iter().filter(|def| self.value_of(*def).is_some()).collect();
            return self.found(types);
        }
        if found.is_empty()
            && let Some(enums) = self.rust.variants.get(&name)
        {
            let globbed = enums.iter().copied().filter(|of| {
                self.rust
                    .globs
                    .get(self.file)
                    .is_some_and(|globs| globs.iter().any(|glob| glob.last().copied() == self.graph.name(*of)))
            });
            return self.found(globbed.collect());
        }
        self.found(found)
    }

    fn segment(&self, one: &Use) -> Meaning {
        let Some(name) = self.global(one.name) else { return Meaning::default() };
        if let Some(base) = self.base(one) {
            if let Some(members) = self.rust.member(base, name) {
                return self.member(base, members);
            }
            let is_variant = self.rust.variants.get(&name).is_some_and(|enums| enums.contains(&base));
            if is_variant || self.is_type(base) {
                return Meaning { of: Some(base), ..Meaning::default() };
            }
        }
        // Back to the first name of the path.
        let mut path = vec![name];
        let mut base = one.base;
        while let Some(before) = base.checked_sub(self.begin).and_then(|at| self.uses.get(at as usize)) {
            if path.len() > 16 || !matches!(before.what, What::Path | What::Segment) {
                return Meaning::default();
            }
            path.extend(self.global(before.name));
            base = before.base;
        }
        path.reverse();
        self.found(self.rust.path(self.graph, self.file, self.def, &path))
    }

    fn member(&self, of: Def, members: &[Def]) -> Meaning {
        let best: Vec<_> = match members.len() {
            0 | 1 => members.to_vec(),
            _ => narrowed(self.graph, self.file, members.to_vec()),
        };
        let best = if best.is_empty() { members.iter().copied().take(MOST_NAMESAKES).collect() } else { best };
        let result = best.iter().find_map(|def| self.value_of(*def));
        // What a trait's method returns as `Self` is the type itself.
        let result =
            result.map(
                |result| if Some(result) == best.first().and_then(|def| self.graph.owner(*def)) { of } else { result },
            );
        Meaning { defs: best, of: result, ..Meaning::default() }
    }

    fn method(&self, one: &Use) -> Meaning {
        let Some(name) = self.global(one.name) else { return Meaning::default() };
        let base = self.base(one);
        if let Some(base) = base
            && let Some(members) = self.rust.member(base, name)
        {
            return self.member(base, members);
        }
        if self.rust.known.transparent.contains(&name) {
            return Meaning { of: base, ..Meaning::default() };
        }
        if self.rust.known.opaque.contains(&name) {
            return Meaning::default();
        }
        let named = self.graph.by_name.get(name as usize).into_iter().flatten().copied();
        let methods: Vec<_> = named.filter(|def| self.graph.item(*def).is_some_and(|item| item.on_self)).collect();
        let found = narrowed(self.graph, self.file, methods);
        let of = match found.as_slice() {
            [only] => self.value_of(*only),
            _ => None,
        };
        Meaning { defs: found, of, guessed: true, held_by: None }
    }
}

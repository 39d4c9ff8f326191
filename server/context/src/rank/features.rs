//! What speaks for and against a candidate, as numbers, and what each weighs.

use aiex_syntax::SymbolKind;
use rustc_hash::FxHashMap;

use super::scene::{Cosine, Scene, proximity};
use crate::graph::{Def, Global};

macro_rules! features {
    ($($name:ident = $weight:expr;)*) => {
        #[expect(non_camel_case_types)]
        #[derive(Clone, Copy)]
        enum Feature { $($name),* }
        /// What they are called.
        pub(crate) const NAMES: [&str; COUNT] = [$(stringify!($name)),*];
        /// What each weighs where a quick look has to do.
        pub(super) const WEIGHTS: [f32; COUNT] = [$($weight),*];
        pub(crate) const COUNT: usize = [$(Feature::$name),*].len();
    };
}

features! {
    one = -5.686;
    neighbours = 1.756;
    signature_votes = 1.812;
    lexical_votes = 1.637;
    file_votes = 0.436;
    lexical_name_votes = 0.359;
    proximity = 2.148;
    same_file = 0.080;
    near = 0.561;
    imported = 0.784;
    container_imported = 0.100;
    module_visible = 0.088;
    container_visible = 0.563;
    used_in_folder = 1.476;
    used_in_files = 1.446;
    environment = 0.510;
    is_result = 1.461;
    member_of_result = -0.008;
    own_type = 1.117;
    names = 1.285;
    doc_name = 0.842;
    head_name = 0.996;
    length = -2.289;
    stray_method = -2.197;
    is_type = -0.197;
    is_trait = -0.697;
    free_function = -0.274;
    sibling_votes = 0.523;
    owner_votes = 0.242;
    neighbour_name_votes = 0.085;
    same_container = -0.585;
    same_folder = -0.344;
    private = 0.392;
    constant = -0.395;
    is_macro = -0.404;
    environment_neighbours = -0.325;
    users = -0.832;
    own_name = -0.794;
    closest = 1.545;
    orphan_here = 4.324;
    orphan_elsewhere = 0.863;
    environment_share = 0.349;
    share = -0.191;
    doc_mentions = 0.338;
    private_here = 0.949;
    callers_votes = -0.554;
    near_votes = 0.847;
}

/// The feature that speaks most for a candidate, in words.
pub(super) fn strongest(features: &[f32; COUNT]) -> &'static str {
    use Feature as F;
    const WORDS: &[(Feature, &str)] = &[
        (F::neighbours, "similar functions use it"),
        (F::closest, "similar functions use it"),
        (F::signature_votes, "functions with like types use it"),
        (F::lexical_votes, "functions with like names use it"),
        (F::sibling_votes, "its neighbours use it"),
        (F::file_votes, "this file uses it"),
        (F::near_votes, "the code near by uses it"),
        (F::proximity, "it stands near by"),
        (F::near, "the code near by names it"),
        (F::imported, "this file imports it"),
        (F::container_imported, "this file imports its module"),
        (F::environment, "it belongs to a type of the signature"),
        (F::own_type, "it is the type of a field"),
        (F::is_result, "it is what is returned"),
        (F::names, "its name is like the target's"),
        (F::doc_name, "the docs speak of it"),
        (F::doc_mentions, "the docs name it"),
        (F::orphan_here, "nobody uses it yet"),
        (F::used_in_folder, "it is used a lot near by"),
        (F::used_in_files, "it is used a lot"),
    ];
    let weight = |feature: Feature| {
        features.get(feature as usize).copied().unwrap_or(0.0) * WEIGHTS.get(feature as usize).copied().unwrap_or(0.0)
    };
    let best =
        WORDS.iter().max_by(|one, other| weight(one.0).total_cmp(&weight(other.0)).then(std::cmp::Ordering::Less));
    best.map_or("", |(_, words)| words)
}

/// Computes the features of candidates.
pub(super) struct Features<'s, 'g> {
    scene: &'s Scene<'g>,
    names: Cosine<'g>,
    lexical_names: FxHashMap<Global, f32>,
    neighbour_names: FxHashMap<Global, f32>,
    owner_votes: FxHashMap<Def, f32>,
}

impl<'s, 'g> Features<'s, 'g> {
    pub(super) fn new(scene: &'s Scene<'g>) -> Self {
        let graph = scene.graph;
        Self {
            scene,
            names: Cosine::new(graph, graph.name(scene.target)),
            lexical_names: scene.votes.lexical.by(|def| graph.name(def)),
            neighbour_names: scene.votes.neighbours.by(|def| graph.name(def)),
            owner_votes: scene.votes.neighbours.by(|def| graph.owner(def)),
        }
    }

    pub(super) fn of(&mut self, def: Def) -> [f32; COUNT] {
        let mut all = [0.0; COUNT];
        let mut set = |feature: Feature, value: f32| {
            if let Some(entry) = all.get_mut(feature as usize) {
                *entry = value;
            }
        };
        let scene = self.scene;
        let graph = scene.graph;
        let (Some(item), Some(file)) = (graph.item(def), graph.file_of(def)) else { return all };
        let flag = |is: bool| f32::from(u8::from(is));
        let owner = graph.owner(def);
        let name = file.globals.get(item.name as usize).copied();
        let same_file = graph.file_of.get(def as usize) == Some(&scene.file);
        let votes = &scene.votes;
        let neighbours = votes.neighbours.get(def);
        set(Feature::one, 1.0);
        set(Feature::neighbours, neighbours);
        set(Feature::signature_votes, votes.signature.get(def));
        set(Feature::lexical_votes, votes.lexical.get(def));
        set(Feature::file_votes, votes.file.get(def));
        set(Feature::sibling_votes, votes.siblings.get(def));
        let by_name = |votes: &FxHashMap<Global, f32>| name.and_then(|name| votes.get(&name)).copied().unwrap_or(0.0);
        set(Feature::lexical_name_votes, by_name(&self.lexical_names));
        set(Feature::neighbour_name_votes, by_name(&self.neighbour_names));
        set(Feature::owner_votes, owner.and_then(|owner| self.owner_votes.get(&owner)).copied().unwrap_or(0.0));
        if same_file {
            set(Feature::proximity, proximity(item.lines.0.abs_diff(scene.line)));
        }
        set(Feature::same_file, flag(same_file));
        set(Feature::near, flag(scene.near.contains(&def)));
        set(Feature::imported, flag(scene.imported.contains(&def)));
        set(Feature::container_imported, flag(owner.is_some_and(|owner| scene.imported.contains(&owner))));
        let is_function = matches!(item.kind, SymbolKind::Function);
        let is_free = owner.is_none() || file.language == aiex_syntax::Language::Elixir;
        let module = graph.module_name(def);
        set(
            Feature::module_visible,
            flag(is_free && !same_file && module.is_some_and(|module| scene.visible.contains(&module))),
        );
        let owner_name = owner.and_then(|owner| graph.name(owner));
        set(Feature::container_visible, flag(owner_name.is_some_and(|owner| scene.visible.contains(&owner))));
        let users = graph.users.get(def as usize).unwrap_or_default();
        let files = graph.user_files.get(def as usize).copied().unwrap_or(0);
        let in_folder = scene.used_in_folder.get(&def).copied().unwrap_or(0);
        set(Feature::used_in_folder, (1.0 + f32::from(in_folder)).ln() / 51_f32.ln());
        set(Feature::used_in_files, (1.0 + f32::from(files)).ln() / 4.0);
        set(Feature::users, (1.0 + f32::from(u16::try_from(users.len()).unwrap_or(u16::MAX))).ln() / 4.0);
        let environment = owner.and_then(|owner| scene.environment.get(&owner)).copied().unwrap_or(0.0);
        set(Feature::environment, environment);
        set(Feature::environment_neighbours, environment * neighbours);
        set(Feature::is_result, flag(scene.result == Some(def)));
        set(Feature::member_of_result, flag(owner.is_some() && owner == scene.result));
        set(Feature::own_type, flag(scene.own_types.contains(&def)));
        set(Feature::names, self.names.with(graph, name));
        let stems = name.and_then(|name| graph.stems.get(name as usize)).unwrap_or_default();
        let shared = |with: &rustc_hash::FxHashSet<u32>| {
            stems.iter().filter(|stem| with.contains(stem)).map(|stem| graph.stem_rarity(*stem)).sum::<f32>() / 10.0
        };
        set(Feature::doc_name, shared(&scene.doc_stems));
        set(Feature::head_name, shared(&scene.head_stems));
        let tokens = f32::from(u16::try_from(item.head.1 - item.head.0).unwrap_or(u16::MAX)) / 4.0;
        set(Feature::length, tokens.max(1.0).ln() / 5.0);
        let is_method = item.kind == SymbolKind::Method;
        set(Feature::stray_method, flag(is_method && environment == 0.0 && !same_file && neighbours == 0.0));
        use SymbolKind::{Const, Enum, Exception, Macro, Struct, Trait, Type};
        set(Feature::is_type, flag(matches!(item.kind, Struct | Enum | Exception | Type)));
        set(Feature::is_trait, flag(item.kind == Trait));
        set(Feature::free_function, flag(is_function && owner.is_none()));
        set(Feature::same_container, flag(scene.container.is_some() && graph.container(def) == scene.container));
        set(Feature::same_folder, flag(file.folder == scene.folder && !same_file));
        set(Feature::private, flag(!graph.is_public(def) && !same_file));
        set(Feature::constant, flag(item.kind == Const));
        set(Feature::is_macro, flag(item.kind == Macro));
        set(Feature::closest, votes.closest.get(def));
        set(Feature::callers_votes, votes.callers.get(def));
        set(Feature::near_votes, votes.near.get(def));
        let is_orphan = users.is_empty() && !graph.is_public(def) && item.serves == crate::index::names::NONE;
        set(Feature::orphan_here, flag(is_orphan && same_file));
        set(Feature::orphan_elsewhere, flag(is_orphan && !same_file));
        set(Feature::private_here, flag(!graph.is_public(def) && same_file));
        let share = owner.map_or(0.0, |owner| graph.share(owner, users.len()));
        set(Feature::share, share);
        set(Feature::environment_share, share * environment);
        set(Feature::doc_mentions, flag(name.is_some_and(|name| scene.doc_names.contains(&name))));
        set(Feature::own_name, flag(name == graph.name(scene.target)));
        all
    }
}

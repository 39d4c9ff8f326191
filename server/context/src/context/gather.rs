//! [`gather`]: from a place to the pieces that are told for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use aiex_syntax::{Language, SymbolKind};
use rustc_hash::FxHashMap;

use super::{Context, Dropped, Piece, Ranked, Request, Sources, block, surroundings};
use crate::{
    Intent, Level,
    graph::{Def, Graph},
    index::Item,
    pack::{Choice, Offer, pack},
    rank::{self, Candidate},
    render::{LINE, SUMMARY, Told, one_line},
};

/// Of the candidates, so many are offered to the knapsack.
const OFFERED: usize = 600;
/// Of what found no room, so many are named.
const NAMED: usize = 20;
/// A definition is told whole up to so many tokens, and up to so many more if it is needed for sure.
const WHOLE: f32 = 150.0;
const WHOLE_OF_SURE: f32 = 1000.0;
/// A comment with a short name.
const LEAST_OF_NAME: usize = 5;

impl Ranked<'_> {
    /// Chooses what to tell within a budget. Asks `sources` for the texts of what it tells, and of the target's file,
    /// which has to be known. The same workspace, place and budget give the same context, byte for byte.
    ///
    /// `request` is the one that this was ranked for, but for its budget.
    pub fn context(&self, request: &Request, sources: &dyn Sources) -> Context {
        let graph = self.graph;
        let Some(text) = sources.read(request.path) else { return Context::default() };
        let item = self.target.and_then(|target| graph.item(target));
        let mut around = surroundings::piece(request, &text, item, sources);
        around.container = self.target.and_then(|target| container_head(graph, target, &text));
        let is_told = |candidate: &&Candidate| !is_shown(graph, candidate.def, &around);
        let candidates = self.candidates.iter().filter(is_told).cloned().collect();
        let mut gathered = Gathered { graph, request, sources, texts: FxHashMap::default(), around, candidates };
        gathered.texts.insert(request.path.into(), Some(text));
        gathered.context()
    }
}

pub(super) fn ranked<'g>(graph: &'g Graph, request: &Request) -> Ranked<'g> {
    let target = target(graph, request);
    Ranked { graph, target, candidates: candidates(graph, request, target) }
}

/// The innermost definition at the place, of those that can be told.
fn target(graph: &Graph, request: &Request) -> Option<Def> {
    let file = graph.files.get(graph.file(request.path)? as usize)?;
    let Range { start, end } = request.range;
    let holds = |item: &Item| item.range.0 as usize <= start && end <= item.range.1 as usize;
    let inside = file
        .index
        .items
        .iter()
        .zip(file.first..)
        .filter(|(item, def)| holds(item) && (graph.is_tellable(*def) || item.kind == SymbolKind::Test));
    inside.max_by_key(|(item, def)| (item.range.0, *def)).map(|(_, def)| def)
}

/// What could be told, the likeliest first.
fn candidates(graph: &Graph, request: &Request, target: Option<Def>) -> Vec<Candidate> {
    let intent = request.intent;
    let mut candidates = match target {
        Some(target) => rank::rank(graph, target, least_likely(intent)),
        None => rank::rank_range(graph, request.path, request.range.clone()),
    };
    for candidate in &mut candidates {
        let path = graph.file_of(candidate.def).map(|file| &file.path);
        if let Some((_, weight)) = request.co_changed.iter().find(|(changed, _)| Some(changed) == path) {
            candidate.value = likelier(candidate.value, *weight);
        }
    }
    if let Some(target) = target {
        let mut known: FxHashMap<Def, (f32, &'static str)> = FxHashMap::default();
        let mut raise = |def: Def, value: f32, reason: &'static str| {
            let entry = known.entry(def).or_insert((value, reason));
            if value > entry.0 {
                *entry = (value, reason);
            }
        };
        let row = graph.row(target);
        candidates.iter_mut().for_each(|candidate| candidate.value *= intent.of_others());
        for (used, weight) in row {
            raise(*used, intent.of_used() * weight, "the target uses it");
        }
        for of in graph.head_types(target).iter().filter(|of| graph.is_tellable(**of)) {
            raise(*of, intent.of_used() * 0.8, "the target's head names it");
        }
        for user in graph.users.get(target as usize).into_iter().flatten() {
            match graph.is_test(*user) {
                true => raise(*user, intent.of_tests(), "it tests the target"),
                false => raise(*user, intent.of_callers(), "it uses the target"),
            }
        }
        for candidate in &mut candidates {
            if let Some((value, reason)) = known.remove(&candidate.def)
                && value > candidate.value
            {
                candidate.value = value;
                candidate.why = reason;
            }
        }
        let mut further: Vec<_> = known.into_iter().collect();
        further.sort_by_key(|(def, _)| *def);
        candidates.extend(further.into_iter().map(|(def, (value, why))| Candidate { def, value, why }));
    }
    candidates.retain(|candidate| candidate.value >= intent.least() && Some(candidate.def) != target);
    candidates.sort_by(|one, other| other.value.total_cmp(&one.value).then(one.def.cmp(&other.def)));
    candidates
}

/// Whether a definition stands in the lines that are told anyway.
fn is_shown(graph: &Graph, def: Def, around: &Piece) -> bool {
    let (Some(file), Some(item)) = (graph.file_of(def), graph.item(def)) else { return true };
    let (from, to) = around.lines;
    *file.path == *around.path
        && from <= item.lines.0 as usize + 1
        && (item.lines.0 as usize) < to
        && around.level == Level::Full
}

/// What is less likely than this is not told, whatever is found of it later: a little less than what an intent asks
/// for, before [`likelier`] doubles the odds and [`Intent::of_others`] counts.
fn least_likely(intent: Intent) -> f32 {
    let value = (intent.least() / intent.of_others()).min(1.0);
    let odds = value / (1.0 - value).max(f32::EPSILON) / 2.0;
    0.99 * odds / (1.0 + odds)
}

/// A probability after the finding that the files change together: at most twice the odds.
fn likelier(value: f32, weight: f32) -> f32 {
    let odds = value / (1.0 - value).max(f32::EPSILON) * (1.0 + weight.clamp(0.0, 1.0));
    odds / (1.0 + odds)
}

/// Where the pieces of a file come: the target's last, the others by how much they are worth, and then by path.
type Order = (bool, u8, Arc<str>);

struct Gathered<'g> {
    graph: &'g Graph,
    request: &'g Request<'g>,
    sources: &'g dyn Sources,
    texts: FxHashMap<Arc<str>, Option<Arc<str>>>,
    around: Piece,
    candidates: Vec<Candidate>,
}

impl Gathered<'_> {
    /// Packs by estimates, counts what came out, and packs again with what the estimates missed.
    fn context(&mut self) -> Context {
        let budget = self.request.budget;
        let mut room = budget;
        let mut best: Option<(usize, Vec<Piece>, Vec<usize>)> = None;
        for _ in 0..4 {
            let (pieces, told) = self.pieces(room);
            let tokens = self.sources.count(&block::text(&pieces));
            if tokens <= budget {
                let is_better = best.as_ref().is_none_or(|(most, ..)| tokens > *most);
                if is_better {
                    best = Some((tokens, pieces, told));
                }
                if !is_better || tokens * 100 >= budget * 98 || self.candidates.is_empty() {
                    break;
                }
                room += (budget - tokens) * 9 / 10;
            } else {
                room = room.saturating_sub(tokens - budget + tokens / 100 + 1);
            }
        }
        // Estimates that are far off must not cost all but the target.
        for share in [2, 4, 8] {
            if best.is_none() {
                let (pieces, told) = self.pieces(budget / share);
                let tokens = self.sources.count(&block::text(&pieces));
                best = (!pieces.is_empty() && tokens <= budget).then_some((tokens, pieces, told));
            }
        }
        let (tokens, mut pieces, mut told) = best.unwrap_or_else(|| self.least());
        self.add_names(&mut pieces, &mut told, budget.saturating_sub(tokens));
        let dropped = self.dropped(&told);
        Context { pieces, dropped }
    }

    /// The names of what found no room, beside what is told of its file or block, in what is left of the budget. A name
    /// takes a few tokens, and says that there is something.
    fn add_names(&mut self, pieces: &mut Vec<Piece>, told: &mut Vec<usize>, mut left: usize) {
        let before = pieces.clone();
        let mut named = Vec::new();
        for at in (0..self.candidates.len().min(OFFERED)).filter(|at| !told.contains(at)) {
            if left < LEAST_OF_NAME || named.len() == NAMED {
                break;
            }
            let Some(candidate) = self.candidates.get(at).cloned() else { break };
            let path = self.graph.file_of(candidate.def).map(|file| file.path.clone());
            if !pieces.iter().any(|piece| Some(&piece.path) == path.as_ref()) {
                continue;
            }
            let Some((_, mut piece)) = self.piece(&candidate, Level::Name) else { continue };
            piece.tokens = self.sources.count(&piece.text) + 1;
            let beside = |other: &Piece| other.path == piece.path && other.container == piece.container;
            // The target comes last.
            let place = pieces.split_last().and_then(|(_, others)| others.iter().rposition(beside));
            if let Some(place) = place
                && piece.tokens <= left
            {
                left -= piece.tokens;
                pieces.insert(place + 1, piece);
                named.push(at);
            }
        }
        if self.sources.count(&block::text(pieces)) > self.request.budget {
            *pieces = before;
        } else {
            told.extend(named);
        }
    }

    /// The target alone, or nothing if not even that fits.
    fn least(&self) -> (usize, Vec<Piece>, Vec<usize>) {
        let pieces = vec![self.around.clone()];
        let tokens = self.sources.count(&block::text(&pieces));
        if tokens <= self.request.budget { (tokens, pieces, Vec::new()) } else { (0, Vec::new(), Vec::new()) }
    }

    fn pieces(&mut self, room: usize) -> (Vec<Piece>, Vec<usize>) {
        let heading = self.sources.count(&block::heading(self.request.path));
        let Some(left) = room.checked_sub(self.around.tokens + heading) else { return (Vec::new(), Vec::new()) };
        let (choices, headers) = self.choices();
        let chosen = pack(&choices, &headers, u32::try_from(left).unwrap_or(u32::MAX));
        let mut told = Vec::new();
        let mut by_file: BTreeMap<Order, Vec<(u32, Piece)>> = BTreeMap::new();
        let mut best: FxHashMap<Arc<str>, f32> = FxHashMap::default();
        for (candidate, _) in self.candidates.iter().zip(&chosen).filter(|(_, level)| level.is_some()) {
            if let Some(file) = self.graph.file_of(candidate.def) {
                let entry = best.entry(file.path.clone()).or_insert(0.0);
                *entry = entry.max(candidate.value);
            }
        }
        for (at, level) in chosen.into_iter().enumerate() {
            let Some(level) = level.and_then(|level| Level::ALL.get(level + 1)) else { continue };
            let Some(candidate) = self.candidates.get(at).cloned() else { continue };
            let Some((line, piece)) = self.piece(&candidate, *level) else { continue };
            told.push(at);
            // In few steps, so that the order rarely changes with the values.
            let value = best.get(&piece.path).copied().unwrap_or(0.0);
            let is_own = *piece.path == *self.request.path;
            let tier = if is_own {
                2
            } else if value < 0.2 {
                0
            } else if value < 0.6 {
                1
            } else {
                2
            };
            by_file.entry((is_own, tier, piece.path.clone())).or_default().push((line, piece));
        }
        let mut pieces = Vec::new();
        let around = self.around.clone();
        let own = (true, 2, around.path.clone());
        for (is_own, _, path) in by_file.keys().cloned().chain([own.clone()]).collect::<BTreeSet<_>>() {
            let tiers = (0..=2).filter_map(|tier| by_file.remove(&(is_own, tier, path.clone())));
            let mut of_file: Vec<_> = tiers.flatten().collect();
            // What stands in the target's own block comes right before it.
            of_file.sort_by_key(|(line, piece)| (is_own && piece.container == around.container, *line));
            if is_own {
                of_file.push((u32::MAX, around.clone()));
            }
            self.count(&mut of_file);
            pieces.extend(of_file.into_iter().map(|(_, piece)| piece));
        }
        (pieces, told)
    }

    /// Adds the tokens of headings to the pieces that they come with.
    fn count(&self, pieces: &mut [(u32, Piece)]) {
        let mut container = None;
        for (at, (_, piece)) in pieces.iter_mut().enumerate() {
            let mut with = String::new();
            if at == 0 {
                with.push_str(&block::heading(&piece.path));
            }
            if piece.container.is_some() && piece.container != container {
                let head = piece.container.as_deref().unwrap_or_default();
                with.push_str(&format!("{head}\n{}", block::closing(head)));
            }
            container = piece.container.clone();
            with.push_str(&piece.text);
            with.push('\n');
            piece.tokens = self.sources.count(&with);
        }
    }

    /// What each candidate costs and is worth at each level.
    fn choices(&self) -> (Vec<Choice>, Vec<u32>) {
        let graph = self.graph;
        let mut headers = Vec::new();
        let mut groups: FxHashMap<(u32, Option<Def>), usize> = FxHashMap::default();
        // The target's file has its heading anyway.
        let own = graph.file(self.request.path);
        let mut choices = Vec::new();
        for candidate in self.candidates.iter().take(OFFERED) {
            let (Some(item), Some(number)) =
                (graph.item(candidate.def), graph.file_of.get(candidate.def as usize).copied())
            else {
                choices.push(Choice::default());
                continue;
            };
            let path = graph.files.get(number as usize).map_or(0, |file| file.path.len());
            let mut group = |key, cost: usize| {
                *groups.entry(key).or_insert_with(|| {
                    headers.push(u32::try_from(cost).unwrap_or(u32::MAX));
                    headers.len() - 1
                })
            };
            let of_file = (Some(number) != own).then(|| group((number, None), 3 + path / 3));
            let container = shown_under(graph, candidate.def);
            let of_container = container.map(|container| {
                let head = graph.item(container).map_or(0, |item| item.head.1 - item.head.0);
                group((number, Some(container)), 4 + head as usize / 4)
            });
            let choice = Choice { levels: self.offers(item, candidate.value), groups: [of_file, of_container] };
            choices.push(choice);
        }
        (choices, headers)
    }

    /// What each level of a definition costs and is worth. A long body tells little of what is only a likely neighbour,
    /// so that the whole of it is offered only to a length that grows with how likely it is needed.
    fn offers(&self, item: &Item, value: f32) -> Vec<Offer> {
        let mut offers = offers(item, value, self.request.intent);
        let longest = WHOLE + WHOLE_OF_SURE * value * value;
        while self.request.intent != Intent::Generate
            && offers.len() > 2
            && offers.last().is_some_and(|most| most.cost as f32 > longest)
        {
            offers.pop();
        }
        offers
    }

    fn text(&mut self, path: &Arc<str>) -> Option<Arc<str>> {
        let sources = self.sources;
        self.texts.entry(path.clone()).or_insert_with(|| sources.read(path)).clone()
    }

    fn piece(&mut self, candidate: &Candidate, level: Level) -> Option<(u32, Piece)> {
        let graph = self.graph;
        let file = graph.file_of(candidate.def)?;
        let item = graph.item(candidate.def)?;
        let source = self.text(&file.path)?;
        let head = container_head(graph, candidate.def, &source);
        let told = Told {
            item,
            name: graph.name(candidate.def).map_or("", |name| graph.text(name)),
            source: &source,
            language: file.language,
            is_member: head.is_some(),
        };
        let (first, last) = told.lines(level);
        let piece = Piece {
            path: file.path.clone(),
            lines: (first as usize + 1, last as usize + 1),
            level,
            tokens: 0,
            reason: candidate.reason(),
            text: told.at(level),
            container: head,
        };
        Some((item.range.0, piece))
    }

    fn dropped(&self, told: &[usize]) -> Vec<Dropped> {
        let left_out =
            self.candidates.iter().enumerate().filter(|(at, candidate)| candidate.value >= 0.05 && !told.contains(at));
        let dropped = left_out.take(NAMED).filter_map(|(_, candidate)| {
            let item = self.graph.item(candidate.def)?;
            let file = self.graph.file_of(candidate.def)?;
            Some(Dropped {
                path: file.path.clone(),
                lines: (item.lines.0 as usize + 1, item.lines.1 as usize + 1),
                tokens: signature_cost(item) as usize,
                reason: format!("no room: {}", candidate.reason()),
            })
        });
        dropped.collect()
    }
}

/// The block in which a definition is shown: an impl, a trait or a module.
fn shown_under(graph: &Graph, def: Def) -> Option<Def> {
    use SymbolKind::{Impl, Module, Protocol, Trait};
    graph
        .container(def)
        .filter(|container| graph.kind(*container).is_some_and(|kind| matches!(kind, Impl | Trait | Module | Protocol)))
}

/// The line that opens that block.
pub(super) fn container_head(graph: &Graph, def: Def, source: &str) -> Option<Arc<str>> {
    let container = shown_under(graph, def)?;
    let (item, file) = (graph.item(container)?, graph.file_of(container)?);
    let head = one_line(source.get(item.head.0 as usize..item.head.1 as usize).unwrap_or_default(), file.language);
    let opens = match file.language {
        Language::Rust => "{",
        Language::Elixir => "do",
    };
    Some(format!("{head} {opens}").into())
}

/// What a definition costs and is worth from its signature on, by estimates.
fn offers(item: &Item, value: f32, intent: Intent) -> Vec<Offer> {
    let is_type = matches!(item.kind, SymbolKind::Struct | SymbolKind::Enum);
    let bytes = |bytes: u32| (bytes as f32 / 3.9) as u32 + 2;
    let signature = signature_cost(item);
    let fields = if is_type { item.body.map_or(0, |(start, end)| (end - start).min(SUMMARY as u32 + 20)) } else { 0 };
    let summary = signature + bytes(u32::from(item.doc_bytes).min(SUMMARY as u32) + fields);
    let body = item.body.map_or(0, |(start, end)| end - start);
    let full = bytes(item.range.1.saturating_sub(item.range.0));
    // Of several clauses none is left out.
    let elided = match item.clauses {
        0 | 1 => bytes((item.range.1.saturating_sub(item.range.0)).saturating_sub(body)) + 8,
        _ => full,
    };
    let mut offers: Vec<Offer> = Vec::new();
    // Of a type, its fields tell most, and all its docs little.
    let types = if is_type { [1.0, 1.0, intent.fields(), 0.0, 0.65] } else { [1.0; 5] };
    for ((cost, worth), more) in
        [signature, summary, elided, full].into_iter().zip(intent.levels().iter().skip(1)).zip(types.iter().skip(1))
    {
        let before = offers.last().copied().unwrap_or(Offer { cost: 0, value: 0.0 });
        let offer = Offer { cost: cost.max(before.cost), value: (value * worth * more).max(before.value) };
        offers.push(offer);
    }
    offers
}

fn signature_cost(item: &Item) -> u32 {
    let line = item.body.map(|(_, end)| end.saturating_sub(item.head.0)).filter(|line| *line as usize <= LINE);
    let head = line.unwrap_or(item.head.1.saturating_sub(item.head.0));
    (head as f32 / 3.9) as u32 + 3
}

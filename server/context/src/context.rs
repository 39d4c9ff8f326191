//! [`Context`]: the pieces of a workspace that are told for a place in it, within a budget of tokens.

mod block;
mod foreign;
mod gather;
mod surroundings;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc};

pub use foreign::Foreign;

use crate::{
    Intent, Level, Strategy, Workspace,
    graph::{Def, Graph},
    rank::Candidate,
};

/// What context is for.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The file, relative to the workspace, with `/`.
    pub path: &'r str,
    /// What is meant in it: bytes, half-open. The innermost definition that holds all of it is the target.
    pub range: Range<usize>,
    /// The byte at which the cursor stands: a target that is too long is cut around it.
    pub cursor: usize,
    /// What the model is asked to do.
    pub intent: Intent,
    /// The most that the pieces may take together, in tokens.
    pub budget: usize,
    /// How a target that is too long is made shorter, in this order.
    pub strategies: &'r [Strategy],
    /// Files that change together with this one, with weights between 0 and about 1.
    pub co_changed: &'r [(Arc<str>, f32)],
}

/// Where the texts of files come from.
pub trait Sources {
    /// The text of a file as it was indexed; `None` if it cannot be had, or has changed since.
    fn read(&self, path: &str) -> Option<Arc<str>>;

    /// How many tokens a text has for the model that is asked.
    fn count(&self, text: &str) -> usize;
}

/// What is told, in the order in which it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
    /// What was likeliest to be needed of what found no room, the likeliest first.
    pub dropped: Vec<Dropped>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Relative to the workspace, with `/`.
    pub path: Arc<str>,
    /// Its lines in the file, 1-based, both included.
    pub lines: (usize, usize),
    /// How fully it is told.
    pub level: Level,
    /// Its tokens, those of the headings that it needs included.
    pub tokens: usize,
    /// Why it is told, for people.
    pub reason: String,
    /// Its text as sent.
    pub text: String,
    /// The heads of what contains it, which it is shown under.
    container: Option<Arc<str>>,
}

/// What was left out for want of room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Relative to the workspace, with `/`.
    pub path: Arc<str>,
    /// Its lines in the file, 1-based, both included.
    pub lines: (usize, usize),
    /// What its signature would take.
    pub tokens: usize,
    /// Why it was thought of, and why it is not told.
    pub reason: String,
}

/// What could be told for a place, and how likely it is needed: the costly part of a choice, the same for any budget.
pub struct Ranked<'w> {
    graph: &'w Graph,
    target: Option<Def>,
    /// The likeliest first.
    candidates: Vec<Candidate>,
}

impl Workspace {
    /// Ranks what could be told for a place. The budget of `request` does not matter yet.
    pub fn ranked(&mut self, request: &Request) -> Ranked<'_> {
        gather::ranked(self.graph(), request)
    }

    /// Chooses what to tell for a place: [`Workspace::ranked`] and [`Ranked::context`] in one.
    pub fn context(&mut self, request: &Request, sources: &dyn Sources) -> Context {
        self.ranked(request).context(request, sources)
    }
}

impl Context {
    /// All pieces as one text, as they are sent.
    pub fn text(&self) -> String {
        block::text(&self.pieces)
    }
}

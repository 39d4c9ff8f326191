//! Where what is new goes: beside the target, after the imports, into an empty body.

use aiex_context::Intent;
use aiex_syntax::{Language, Symbol, SymbolKind, Token, TokenClass};

use super::{
    super::{
        Refusal, indent, scope,
        source::{File, is_callable, is_container},
    },
    Place, Placed,
    between::{squeezed, takes_imports},
};

impl Place<'_> {
    /// A new definition, in `within` if the reply says so, after `last` if something was placed before it.
    pub(super) fn insert(
        &self,
        member: usize,
        text: &str,
        within: Option<usize>,
        last: Option<usize>,
    ) -> Result<Placed, Refusal> {
        let Some(symbol) = self.reply.symbols.get(member) else { return Err(Refusal::Fragment(text.to_owned())) };
        if within.is_none() && self.is_free(symbol, text) {
            let chain =
                self.target.into_iter().flat_map(|target| std::iter::once(target).chain(self.file.containers(target)));
            let outside = |index: &usize| {
                let container = self.file.symbols.get(*index).and_then(|symbol| symbol.container);
                container
                    .and_then(|outer| self.file.symbols.get(outer))
                    .is_none_or(|outer| outer.kind == SymbolKind::Module)
            };
            if let Some(known) = chain.into_iter().find(outside).and_then(|index| self.file.symbols.get(index)) {
                let text = indent::moved(Some(self.language), text, self.file.indentation(known.range.start));
                let at = known.range.end;
                return Ok(Placed { range: at..at, text: format!("\n\n{text}"), anchor: known.range.clone() });
            }
        }
        let is_outermost = within.is_none() && self.is_outermost(symbol.kind, &symbol.name);
        let after = match is_outermost {
            true => last.or(self.target).map(|after| self.file.containers(after).last().unwrap_or(after)),
            false => last.or_else(|| self.neighbour(symbol.kind, within)),
        };
        let container = within.or_else(|| self.container_for(symbol.kind)).filter(|_| !is_outermost);
        let after = after.filter(|after| {
            self.file.symbols.get(*after).is_some_and(|one| {
                one.container == container || last.is_some() || within.is_none() && container.is_none()
            })
        });
        if let Some(known) = after.and_then(|after| self.file.symbols.get(after)) {
            let indentation = self.file.indentation(known.range.start);
            let text = indent::moved(Some(self.language), text, indentation);
            let at = known.range.end;
            return Ok(Placed { range: at..at, text: format!("\n\n{text}"), anchor: known.range.clone() });
        }
        match container.and_then(|index| self.file.symbols.get(index)) {
            Some(container) => self.at_end_of(container, text),
            None => {
                let text = indent::moved(Some(self.language), text, "");
                let whole = self.file.text.trim_end();
                let at = whole.len();
                let gap = if whole.is_empty() { "" } else { "\n\n" };
                let end = if self.file.text.len() > at { "" } else { "\n" };
                Ok(Placed { range: at..at, text: format!("{gap}{text}{end}"), anchor: at..at })
            }
        }
    }

    /// Whether a function of Rust belongs to no impl: it knows no `self`, and the reply calls it by its bare name.
    fn is_free(&self, symbol: &Symbol, text: &str) -> bool {
        let is_part = |char: char| char.is_alphanumeric() || char == '_';
        let knows_self = text.split(|char: char| !is_part(char)).any(|word| matches!(word, "self" | "Self"));
        let is_bare_call = self.reply.text.match_indices(&symbol.name).any(|(at, name)| {
            let before = self.reply.slice(0..at).trim_end();
            let after = self.reply.slice(at + name.len()..self.reply.text.len());
            after.starts_with('(') && !before.ends_with(['.', ':']) && !before.ends_with(is_part)
                || after.starts_with('(') && before.ends_with("return")
        });
        self.language == Language::Rust && symbol.kind == SymbolKind::Function && !knows_self && is_bare_call
    }

    /// Whether a module goes by its full name: inside of another, Elixir would lengthen it.
    fn is_outermost(&self, kind: SymbolKind, name: &str) -> bool {
        let is_full = match kind {
            SymbolKind::Module | SymbolKind::Protocol => name.contains('.'),
            SymbolKind::Impl => name.contains(" for "),
            _ => false,
        };
        self.language == Language::Elixir && is_full
    }

    fn at_end_of(&self, container: &aiex_syntax::Symbol, text: &str) -> Result<Placed, Refusal> {
        let Some(body) = container.body() else { return Err(Refusal::Fragment(text.to_owned())) };
        let indentation = format!("{}{}", self.file.indentation(container.range.start), self.unit());
        let text = indent::moved(Some(self.language), text, &indentation);
        let inside = self.file.slice(body.clone());
        let at = body.start + inside.trim_end().len();
        let outer = self.file.indentation(container.range.start);
        let gap = if inside.trim().is_empty() { "\n" } else { "\n\n" };
        // What closes the container keeps a line of its own.
        let end = if inside.get(at - body.start..).unwrap_or_default().contains('\n') {
            String::new()
        } else {
            format!("\n{outer}")
        };
        let anchor = container.range.start..body.start;
        Ok(Placed { range: at..at, text: format!("{gap}{text}{end}"), anchor })
    }

    /// What a new definition comes after: the target, or its container where that is what takes such a definition.
    fn neighbour(&self, kind: SymbolKind, within: Option<usize>) -> Option<usize> {
        let target = self.target?;
        let own = self.file.symbols.get(target)?;
        let takes = |container: Option<usize>| match container.and_then(|index| self.file.symbols.get(index)) {
            None => true,
            Some(container) => within.is_some() || self.holds(container.kind, kind),
        };
        if is_container(own.kind) && self.holds(own.kind, kind) {
            // Inside it, after its last member before the cursor.
            let members = self.file.members(Some(target)).filter(|member| {
                self.file.symbols.get(*member).is_some_and(|member| member.range.end <= self.task.cursor)
            });
            return members.last();
        }
        std::iter::once(target)
            .chain(self.file.containers(target))
            .find(|index| takes(self.file.symbols.get(*index).and_then(|symbol| symbol.container)))
    }

    fn container_for(&self, kind: SymbolKind) -> Option<usize> {
        let around = match self.target {
            Some(target) => Some(target),
            None => self.file.symbol_at(self.task.cursor).or_else(|| self.only_module()),
        };
        let around = around?;
        std::iter::once(around).chain(self.file.containers(around)).find(|index| {
            self.file
                .symbols
                .get(*index)
                .is_some_and(|symbol| is_container(symbol.kind) && self.holds(symbol.kind, kind))
        })
    }

    fn only_module(&self) -> Option<usize> {
        let mut members = self.file.members(None);
        members.next().filter(|_| members.next().is_none() && self.language == Language::Elixir)
    }

    /// Whether a container takes definitions of a kind: an impl of Rust takes functions alone.
    fn holds(&self, container: SymbolKind, kind: SymbolKind) -> bool {
        use SymbolKind::{Const, Function, Impl, Method, Module, TestGroup, Trait, Type};
        match (self.language, container) {
            (Language::Rust, Impl | Trait) => match kind {
                // A function of Rust that takes no `self` may stand in either; where the target is, it goes.
                Function | Method => true,
                Const | Type => false,
                _ => false,
            },
            (_, TestGroup) => kind == SymbolKind::Test,
            (Language::Elixir, _) => kind != Module || container == Module,
            (Language::Rust, _) => true,
        }
    }

    /// One step of indentation in this file.
    pub(super) fn unit(&self) -> String {
        let members = self.file.symbols.iter().filter(|symbol| symbol.container.is_some());
        let deepest =
            members.map(|symbol| self.file.indentation(symbol.range.start)).find(|indentation| !indentation.is_empty());
        match (deepest, self.language) {
            (Some(tab), _) if tab.starts_with('\t') => "\t".to_owned(),
            (_, Language::Elixir) => "  ".to_owned(),
            (_, Language::Rust) => "    ".to_owned(),
        }
    }

    /// The imports among tokens of the reply that the file does not have. `within` is the module that they are of.
    pub(super) fn imports(
        &self,
        own: &[&Token],
        within: Option<usize>,
        placed: &mut Vec<Placed>,
    ) -> Result<(), Refusal> {
        let mut groups: Vec<(usize, usize)> = Vec::new();
        for token in own.iter().filter(|token| token.class == TokenClass::Import) {
            match groups.last_mut() {
                Some((start, end)) if *start == token.group => *end = token.range.end,
                _ => groups.push((token.group, token.range.end)),
            }
        }
        let known: Vec<String> = {
            let mut known = Vec::new();
            let mut last = None;
            for token in self.file.tokens.iter().filter(|token| token.class == TokenClass::Import) {
                if last != Some(token.group) {
                    known.push(String::new());
                }
                last = Some(token.group);
                if let Some(text) = known.last_mut() {
                    text.push_str(&squeezed(self.file.slice(token.range.clone())));
                }
            }
            known
        };
        let fresh: Vec<&str> = groups
            .iter()
            .map(|(start, end)| self.reply.slice(*start..*end))
            .filter(|text| !known.contains(&squeezed(text)))
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        if !takes_imports(self.task.intent) {
            return Err(Refusal::Imports {
                text: fresh.join("\n"),
                intent: self.task.intent.as_str(),
                allowed: scope::allowed(self.task.intent),
            });
        }
        let (at, indentation, gap, end) = self.place_of_imports(within);
        let text: Vec<String> =
            fresh.iter().map(|text| indent::moved(Some(self.language), text, &indentation)).collect();
        placed.push(Placed { range: at..at, text: format!("{gap}{}{end}", text.join("\n")), anchor: at..at });
        Ok(())
    }

    /// After the last import of the module around the target; else first in it.
    fn place_of_imports(&self, within: Option<usize>) -> (usize, String, &'static str, &'static str) {
        let module = within.or(self.target).and_then(|target| {
            let chain = std::iter::once(target).chain(self.file.containers(target));
            chain
                .into_iter()
                .find(|index| self.file.symbols.get(*index).is_some_and(|symbol| symbol.kind == SymbolKind::Module))
        });
        let body = module.and_then(|index| self.file.symbols.get(index)).and_then(|symbol| symbol.body().cloned());
        let body = body.unwrap_or(0..self.file.text.len());
        let in_members = |at: usize| {
            self.file
                .members(module)
                .any(|member| self.file.symbols.get(member).is_some_and(|member| member.range.contains(&at)))
        };
        let last = self.file.tokens.iter().rfind(|token| {
            token.class == TokenClass::Import && body.contains(&token.range.start) && !in_members(token.range.start)
        });
        if let Some(last) = last {
            return (last.range.end, self.file.indentation(last.group).to_owned(), "\n", "");
        }
        if module.is_none() {
            let first = self.file.members(None).next().and_then(|index| self.file.symbols.get(index));
            let at = first.map_or(0, |first| self.file.whole_lines(&first.range).start);
            return (at, String::new(), "", "\n\n");
        }
        // Behind the module's own documentation.
        let doc = self.file.tokens.iter().rfind(|token| {
            token.class == TokenClass::Doc && body.contains(&token.range.start) && !in_members(token.range.start)
        });
        let outer = module
            .and_then(|index| self.file.symbols.get(index))
            .map(|symbol| self.file.indentation(symbol.range.start));
        let indentation = format!("{}{}", outer.unwrap_or_default(), self.unit());
        match doc {
            Some(doc) => (doc.range.end, indentation, "\n\n", ""),
            None => (body.start, indentation, "\n", "\n"),
        }
    }

    /// Statements alone: the body of a target that has none yet.
    pub(super) fn body(&self) -> Result<Vec<Placed>, Refusal> {
        let fragment = || Refusal::Fragment(self.reply.text.to_string());
        let target = self
            .target
            .filter(|target| self.task.intent == Intent::Generate && self.file.is_unwritten(*target))
            .ok_or_else(fragment)?;
        let symbol = self.file.symbols.get(target).filter(|symbol| is_callable(symbol.kind)).ok_or_else(fragment)?;
        let (Some(body), [_]) = (symbol.body(), symbol.clauses.as_slice()) else { return Err(fragment()) };
        let is_code = match self.language {
            Language::Elixir => self.reply.problems().is_empty(),
            // Statements stand in a function.
            Language::Rust => {
                let function = File::new(&self.reply.path, format!("fn body() {{\n{}\n}}", self.reply.text).into());
                function.symbols.len() == 1 && function.syntax.is_some_and(|syntax| !syntax.has_errors())
            }
        };
        if !is_code || self.reply.text.trim().is_empty() {
            return Err(fragment());
        }
        let is_block = match self.language {
            Language::Rust => true,
            Language::Elixir => self.file.slice(body.end..symbol.range.end).trim_start().starts_with("end"),
        };
        if !is_block {
            return Err(fragment());
        }
        let outer =
            self.file.indentation(symbol.clauses.first().map_or(symbol.range.start, |clause| clause.range.start));
        let text =
            indent::moved(Some(self.language), self.reply.text.trim_matches('\n'), &format!("{outer}{}", self.unit()));
        if let Some(mark) = self.marks.first() {
            return Err(Refusal::Elided(mark.text.clone()));
        }
        let text = format!("\n{text}\n{outer}");
        Ok(vec![Placed { range: body.clone(), text, anchor: symbol.range.clone() }])
    }
}

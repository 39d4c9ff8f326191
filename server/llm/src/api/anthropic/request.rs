//! The body that asks for an answer: turns of blocks, the instructions above them, cache points and thinking.

use std::collections::{HashMap, HashSet};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use crate::{CacheTtl, Effort, Message, Model, Part, Quirks, Reasoning, Request, Role, ToolChoice};

/// The most tokens of an answer where neither the request nor the model says it: the format wants a number.
const OUTPUT: u64 = 8192;
/// No more than this without being told so, however much the model could write.
const SANE_OUTPUT: u64 = 32_000;
/// The smallest budget that thinking may have.
const LEAST_BUDGET: u64 = 1024;
/// What is left for the answer behind a budget.
const ANSWER: u64 = 4096;
/// The most cache points of a request.
const CACHE_POINTS: usize = 4;

pub(super) fn body(request: &Request, model: &Model, quirks: &Quirks) -> Value {
    let mut turns = turns(request);
    let usual = || model.output.map_or(OUTPUT, |output| output.min(SANE_OUTPUT));
    let mut limit = request.max_tokens.map_or_else(usual, u64::from);
    let thinking = Thinking::of(request, model, &turns, &mut limit);
    let mut system = system(request);
    let mut tools: Vec<Value> = request
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters}))
        .collect();
    let is_cached = model.cache != Some(false);
    if is_cached {
        mark(&mut turns, &mut system, tools.last_mut().zip(request.cache_tools));
    }

    let mut body = Map::new();
    let mut put = |key: &str, value: Value| _ = body.insert(key.to_owned(), value);
    put("model", request.model.as_str().into());
    put("max_tokens", limit.into());
    put("stream", true.into());
    if is_cached && system.iter().any(|block| block.cache.is_some()) {
        put("system", system.into_iter().map(|block| block.value).collect());
    } else if !system.is_empty() {
        put("system", request.system().into());
    }
    put("messages", turns.into_iter().map(Turn::into_value).collect());
    if !tools.is_empty() {
        put("tools", tools.into());
        match request.tool_choice {
            // A model that thinks can't be made to call.
            ToolChoice::Any if thinking.is_on() => {}
            ToolChoice::Auto => {}
            ToolChoice::Any => put("tool_choice", json!({"type": "any"})),
            ToolChoice::None => put("tool_choice", json!({"type": "none"})),
        }
    }
    // One of white space alone is refused.
    let stop: Vec<&str> = request.stop.iter().map(String::as_str).filter(|stop| !stop.trim().is_empty()).collect();
    if !stop.is_empty() {
        put("stop_sequences", stop.into());
    }
    let is_plain = model.temperature != Some(false) && !thinking.is_on();
    if let Some(temperature) = request.temperature.filter(|_| is_plain) {
        put("temperature", json!(temperature));
    }
    let mut output = Map::new();
    if let Thinking::Adaptive(effort) = thinking {
        output.insert("effort".to_owned(), effort.into());
    }
    if let Some(schema) = request.schema.as_ref().filter(|_| !quirks.json_object_only) {
        output.insert("format".to_owned(), json!({"type": "json_schema", "schema": schema.schema}));
    }
    if !output.is_empty() {
        put("output_config", output.into());
    }
    match thinking {
        Thinking::Unsaid => {}
        Thinking::Off => put("thinking", json!({"type": "disabled"})),
        Thinking::Budget(tokens) => put("thinking", json!({"type": "enabled", "budget_tokens": tokens})),
        Thinking::Adaptive(_) => put("thinking", json!({"type": "adaptive"})),
    }
    Value::Object(body)
}

/// What a request says of thinking.
#[derive(Debug, Clone, Copy)]
enum Thinking {
    Unsaid,
    Off,
    /// In tokens.
    Budget(u64),
    /// With an effort.
    Adaptive(&'static str),
}

impl Thinking {
    /// `limit` is the most tokens of the answer, thoughts included: it is raised where there would be no room for both.
    fn of(request: &Request, model: &Model, turns: &[Turn], limit: &mut u64) -> Self {
        let (tokens, word) = match request.effort {
            None => return Self::Unsaid,
            Some(Effort::Off) if model.reasoning == Some(Reasoning::Adaptive) => return Self::Off,
            Some(Effort::Off) => return Self::Unsaid,
            Some(Effort::Low) => (2048, "low"),
            Some(Effort::Medium) => (8192, "medium"),
            Some(Effort::High) => (24_576, "high"),
        };
        match model.reasoning {
            Some(Reasoning::Adaptive) => Self::Adaptive(word),
            Some(Reasoning::Budget) if may_begin_to_think(turns) => {
                let most = model.output.map_or(u64::MAX, |output| output.max(*limit));
                let raised = (tokens + ANSWER).clamp(*limit, most);
                let tokens = tokens.min(raised.saturating_sub(ANSWER).max(LEAST_BUDGET));
                if tokens >= raised {
                    return Self::Unsaid;
                }
                *limit = raised;
                Self::Budget(tokens)
            }
            _ => Self::Unsaid,
        }
    }

    fn is_on(self) -> bool {
        matches!(self, Self::Budget(_) | Self::Adaptive(_))
    }
}

/// Whether a budget for thoughts is accepted: not while results go to calls that were made without thoughts, as they
/// are where another model made them.
fn may_begin_to_think(turns: &[Turn]) -> bool {
    let calling = turns.rchunks(2).map_while(|pair| match pair {
        [model, user] if user.blocks.first().is_some_and(|block| block.sort == Sort::Result) => Some(model),
        _ => None,
    });
    calling.last().is_none_or(|turn| turn.blocks.first().is_some_and(|block| block.sort == Sort::Thought))
}

/// What one side says before the other does: the format wants them to alternate.
#[derive(Debug)]
struct Turn {
    role: Role,
    blocks: Vec<Block>,
}

/// A piece of a turn.
#[derive(Debug)]
struct Block {
    value: Value,
    sort: Sort,
    /// A cache point is asked for behind it.
    cache: Option<CacheTtl>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A tool's result: must come first.
    Result,
    /// The model's thought: goes back unchanged, so it can't have a cache point.
    Thought,
    Other,
}

impl Turn {
    fn into_value(self) -> Value {
        let role = if self.role == Role::Assistant { "assistant" } else { "user" };
        json!({"role": role, "content": self.blocks.into_iter().map(|block| block.value).collect::<Vec<_>>()})
    }
}

impl Block {
    fn of(value: Value, sort: Sort) -> Self {
        Self { value, sort, cache: None }
    }

    /// No text of white space alone, which is refused.
    fn text(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self::of(json!({"type": "text", "text": text}), Sort::Other))
    }
}

/// The conversation without the instructions above it.
fn turns(request: &Request) -> Vec<Turn> {
    let mut ids = Ids::default();
    let mut turns: Vec<Turn> = Vec::new();
    for message in request.messages.iter().filter(|message| message.role != Role::System) {
        let mut blocks: Vec<Block> = message.parts.iter().filter_map(|part| block(message, part, &mut ids)).collect();
        // The last, once the results come first.
        let markable = blocks.iter_mut().filter(|block| block.sort != Sort::Thought);
        if let Some(last) = markable.max_by_key(|block| block.sort != Sort::Result) {
            last.cache = message.cache;
        }
        match turns.last_mut() {
            Some(turn) if turn.role == message.role => turn.blocks.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push(Turn { role: message.role, blocks }),
        }
    }
    for turn in &mut turns {
        turn.blocks.sort_by_key(|block| block.sort != Sort::Result);
    }
    turns
}

fn block<'a>(message: &Message, part: &'a Part, ids: &mut Ids<'a>) -> Option<Block> {
    match (part, message.role) {
        (Part::Text(text), _) => Block::text(text),
        (Part::Image(image), Role::User) => {
            let source = json!({"type": "base64", "media_type": image.media_type, "data": BASE64.encode(&image.data)});
            Some(Block::of(json!({"type": "image", "source": source}), Sort::Other))
        }
        (Part::Call(call), Role::Assistant) => {
            let call = json!({"type": "tool_use", "id": ids.call(&call.id), "name": call.name, "input": call.object()});
            Some(Block::of(call, Sort::Other))
        }
        (Part::Result(result), Role::User) => {
            // An error that says nothing is refused.
            let is_mute = result.is_error && result.content.trim().is_empty();
            let content = if is_mute { "The tool failed." } else { &result.content };
            let mut value = json!({"type": "tool_result", "tool_use_id": ids.result(&result.id), "content": content});
            if let (true, Some(value)) = (result.is_error, value.as_object_mut()) {
                value.insert("is_error".to_owned(), true.into());
            }
            Some(Block::of(value, Sort::Result))
        }
        (Part::Replay(thought), Role::Assistant) if thought.is_object() => {
            Some(Block::of(thought.clone(), Sort::Thought))
        }
        _ => None,
    }
}

/// The ids of calls. Those that other providers made may have letters that are refused here, or be the same in two
/// answers.
#[derive(Debug, Default)]
struct Ids<'a> {
    sent: HashSet<String>,
    /// As what each was sent last.
    latest: HashMap<&'a str, String>,
}

impl<'a> Ids<'a> {
    fn call(&mut self, id: &'a str) -> String {
        let mut sent = Self::letters(id);
        while !self.sent.insert(sent.clone()) {
            sent.push('_');
        }
        self.latest.insert(id, sent.clone());
        sent
    }

    fn result(&self, id: &str) -> String {
        self.latest.get(id).cloned().unwrap_or_else(|| Self::letters(id))
    }

    fn letters(id: &str) -> String {
        let is_taken = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let id: String = id.chars().map(|c| if is_taken(c) { c } else { '_' }).collect();
        if id.is_empty() { "call".to_owned() } else { id }
    }
}

/// The instructions above the conversation. Of several cache points in them the last says it all.
fn system(request: &Request) -> Vec<Block> {
    let messages = request.messages.iter().filter(|message| message.role == Role::System);
    let blocks = messages.filter_map(|message| Some(Block { cache: message.cache, ..Block::text(&message.text())? }));
    let mut blocks: Vec<Block> = blocks.collect();
    for block in blocks.iter_mut().rev().skip_while(|block| block.cache.is_none()).skip(1) {
        block.cache = None;
    }
    blocks
}

/// Sets the cache points that were asked for: those of system and tools, and as many of the latest messages' as may be.
fn mark(turns: &mut [Turn], system: &mut [Block], tools: Option<(&mut Value, CacheTtl)>) {
    let system = system.iter_mut().find(|block| block.cache.is_some());
    let room = CACHE_POINTS - usize::from(system.is_some()) - usize::from(tools.is_some());
    let blocks = turns.iter_mut().flat_map(|turn| &mut turn.blocks);
    let latest = blocks.rev().filter(|block| block.cache.is_some()).take(room);
    let blocks = latest.chain(system).filter_map(|block| Some((&mut block.value, block.cache?)));
    let mut is_long = false;
    for (value, ttl) in blocks.chain(tools) {
        // Backwards, because what is kept for an hour must not come after what is kept for less.
        is_long |= ttl == CacheTtl::Long;
        let point = match is_long {
            true => json!({"type": "ephemeral", "ttl": "1h"}),
            false => json!({"type": "ephemeral"}),
        };
        if let Some(value) = value.as_object_mut() {
            value.insert("cache_control".to_owned(), point);
        }
    }
}

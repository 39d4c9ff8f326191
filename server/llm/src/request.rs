//! What is asked of a model, in no provider's wire format.

use serde_json::Value;

/// One request for one answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The model's name as the provider knows it.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it may, must or must not call one of them.
    pub tool_choice: ToolChoice,
    /// Keeps the tools in the provider's cache, where the caller can say so.
    pub cache_tools: Option<CacheTtl>,
    /// The most tokens that the answer may have; the provider's own limit where `None`.
    pub max_tokens: Option<u32>,
    /// Sampling temperature; the provider's default where `None`. Not sent to models that are known to refuse one.
    pub temperature: Option<f32>,
    /// Texts that end the answer where the model writes one of them. Most providers take at most four.
    pub stop: Vec<String>,
    /// How much the model is to think; its own habit where `None`. Not sent to models that are not known to reason.
    pub effort: Option<Effort>,
    /// The shape that the answer must have, where the provider can promise one.
    pub schema: Option<Schema>,
}

/// One message of the conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// A cache point: everything up to the end of this message stays the same from one request to the next.
    pub cache: Option<CacheTtl>,
    /// Which model wrote it. [`Part::Replay`] and signatures go back to that one alone.
    pub author: Option<Author>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture, for models that see.
    Image(Image),
    /// The model's call of a tool, in an assistant's message.
    Call(ToolCall),
    /// What a tool said, in a user's message.
    Result(ToolResult),
    /// What the model needs to find its own thoughts again, as [`crate::Event::Replay`] gave it.
    Replay(Value),
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Such as `image/png`.
    pub media_type: String,
    /// The file's bytes.
    pub data: Vec<u8>,
}

/// A model's call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The call's id, unique within the answer; made here where the server gave none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: meant to be a JSON object, but not checked against anything.
    pub arguments: String,
    /// The provider's seal on it, which must go back with it.
    pub signature: Option<String>,
}

impl ToolCall {
    /// The arguments as a JSON object; an empty one where the model wrote something else.
    pub(crate) fn object(&self) -> Value {
        serde_json::from_str(&self.arguments).ok().filter(Value::is_object).unwrap_or_else(|| serde_json::json!({}))
    }
}

/// What a tool said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolResult {
    /// The id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its output.
    pub content: String,
    /// It failed.
    pub is_error: bool,
}

/// Something that a model may call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tool {
    /// Letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it is for, told to the model.
    pub description: String,
    /// JSON schema of an object.
    pub parameters: Value,
}

/// Whether the model calls a tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it thinks best.
    #[default]
    Auto,
    /// It must call one.
    Any,
    /// It must not.
    None,
}

/// How much a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effort {
    /// Not at all, where the model can do that, else as little as it can.
    Off,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// The shape of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// JSON schema of an object.
    pub schema: Value,
}

/// How long a provider keeps what is marked with a cache point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheTtl {
    /// Five minutes.
    Short,
    /// One hour, at a higher price.
    Long,
}

/// A model at a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author {
    /// The provider, as the user named it.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
}

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// The program, about how to answer.
    System,
    /// The person who asks, or a tool that was called.
    #[default]
    User,
    /// The model.
    Assistant,
}

impl Message {
    /// Instructions that stand above the conversation.
    pub fn system(content: impl Into<String>) -> Self {
        Self::of(Role::System, content)
    }

    /// What the user asks.
    pub fn user(content: impl Into<String>) -> Self {
        Self::of(Role::User, content)
    }

    /// What the model answered in an earlier turn.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::of(Role::Assistant, content)
    }

    /// The same with a cache point at its end.
    pub fn cached(self, ttl: CacheTtl) -> Self {
        Self { cache: Some(ttl), ..self }
    }

    fn of(role: Role, content: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(content.into())], ..Self::default() }
    }

    /// Its texts, one after another.
    pub fn text(&self) -> String {
        self.texts().collect()
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

impl Request {
    /// Every text that belongs to the user or came from one of the user's tools.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Call(call) => Some(call.arguments.as_str()),
            Part::Result(result) => Some(result.content.as_str()),
            Part::Image(_) | Part::Replay(_) => None,
        })
    }

    /// The instructions of all system messages, in order.
    pub(crate) fn system(&self) -> String {
        let texts = self.messages.iter().filter(|message| message.role == Role::System).map(Message::text);
        texts.collect::<Vec<_>>().join("\n\n")
    }

    /// Without what only another model could read: its thoughts and its seals.
    pub fn addressed_to(mut self, reader: &Author) -> Self {
        for message in self.messages.iter_mut().filter(|message| message.author.as_ref() != Some(reader)) {
            message.parts.retain(|part| !matches!(part, Part::Replay(_)));
            for part in &mut message.parts {
                if let Part::Call(call) = part {
                    call.signature = None;
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_and_seals_go_back_to_their_author_alone() {
        let author = Author { provider: "a".into(), model: "m".into() };
        let call = ToolCall { id: "1".into(), signature: Some("seal".into()), ..ToolCall::default() };
        let message = Message {
            role: Role::Assistant,
            parts: vec![Part::Replay(Value::Null), Part::Text("yes".into()), Part::Call(call.clone())],
            author: Some(author.clone()),
            ..Message::default()
        };
        let request = Request { messages: vec![message], ..Request::default() };
        assert_eq!(request.clone().addressed_to(&author), request);
        let parts = vec![Part::Text("yes".into()), Part::Call(ToolCall { signature: None, ..call })];
        for other in [("b", "m"), ("a", "n")] {
            let other = Author { provider: other.0.into(), model: other.1.into() };
            assert_eq!(request.clone().addressed_to(&other).messages[0].parts, parts);
        }
    }
}

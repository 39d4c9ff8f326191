//! What is asked of a model, in no provider's wire format.

/// One request for one answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The model's name as the provider knows it.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The most tokens that the answer may have; the provider's own limit where `None`.
    pub max_tokens: Option<u32>,
    /// Sampling temperature; the provider's default where `None`. Some reasoning models take none.
    pub temperature: Option<f32>,
    /// Texts that end the answer where the model writes one of them. Most providers take at most four.
    pub stop: Vec<String>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// Instructions that stand above the conversation.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// What the user asks.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model answered in an earlier turn.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The program, about how to answer.
    System,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
}

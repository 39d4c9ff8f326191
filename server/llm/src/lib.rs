//! Language-model providers behind one stream of typed events.
//!
//! A [`Provider`] takes a [`Request`] and returns an [`EventStream`]. What a server sends on the wire is decoded
//! by a codec, which is pure; the sockets, the time limits and the key belong to the transport. This crate knows
//! nothing of documents, editors or prompts: it carries text to a model and typed events back.
//!
//! ```no_run
//! use aiex_llm::{Endpoint, EndpointOptions, Event, Message, OpenAiChat, Provider, Request, Secret, Timeouts};
//! use futures::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::new(EndpointOptions {
//!     provider: "openai".into(),
//!     base_url: "https://api.openai.com/v1".into(),
//!     api_key: Some(Secret::new("sk-…")),
//!     ..EndpointOptions::default()
//! })?;
//! let provider = OpenAiChat::new(endpoint, Timeouts::default());
//! let mut events = provider.stream(Request {
//!     model: "gpt-5-mini".into(),
//!     messages: vec![Message::user("Say hello.")],
//!     ..Request::default()
//! });
//! while let Some(event) = events.next().await {
//!     match event? {
//!         Event::Text(text) => { /* show it */ }
//!         Event::Stop(reason) => { /* only now is the answer complete */ }
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```

mod codec;
mod endpoint;
mod error;
mod event;
mod excerpt;
mod failure;
pub mod fake;
mod http;
mod openai_chat;
mod provider;
mod request;
mod secret;
pub mod sse;

pub use endpoint::{Endpoint, EndpointError, EndpointOptions};
pub use error::{Class, Error, Upstream};
pub use event::{Event, StopReason, Usage};
pub use http::Timeouts;
pub use openai_chat::OpenAiChat;
pub use provider::{EventStream, Provider};
pub use request::{Message, Request, Role};
pub use secret::Secret;

//! Language-model providers behind one stream of typed events.
//!
//! A [`Provider`] takes a [`Request`] and returns an [`EventStream`]. What a server sends on the wire is decoded
//! by a format of `api`, which is pure; the sockets, the time limits and the key belong to the transport. This crate knows
//! nothing of documents, editors or prompts: it carries text to a model and typed events back.
//!
//! ```no_run
//! use aiex_llm::{Dialect, Endpoint, EndpointOptions, Event, HttpProvider, Key, Kind, Message, Provider, Request, Secret};
//! use futures::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::new(EndpointOptions {
//!     provider: "openai".into(),
//!     base_url: "https://api.openai.com/v1".into(),
//!     key: Key::Given(Secret::new("sk-…")),
//!     ..EndpointOptions::default()
//! })?;
//! let provider = HttpProvider::new(endpoint, Dialect::of(Kind::OpenAiChat));
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

mod api;
mod endpoint;
mod error;
mod event;
mod excerpt;
mod failure;
pub mod fake;
mod frames;
mod http;
mod key;
mod model;
mod provider;
mod quota;
mod request;
mod router;
mod secret;
mod single_flight;
pub mod sse;
pub mod well_known;

pub use api::Kind;
pub use endpoint::{Auth, Endpoint, EndpointError, EndpointOptions};
pub use error::{Class, Error, Retry, Upstream};
pub use event::{Event, Spent, StopReason, Usage};
pub use http::{Dialect, HttpProvider, Timeouts};
pub use key::{Key, KeySource};
pub use model::{Model, Price, Reasoning};
pub use provider::{EventStream, Provider};
pub use request::{
    Author, CacheTtl, Effort, Image, Message, Part, Request, Role, Schema, Tool, ToolCall, ToolChoice, ToolResult,
};
pub use router::{Denied, Health, Ledger, Limits, Outcome, Planned, Router, Strategy, Target, Used};
pub use secret::Secret;
pub use well_known::Quirks;

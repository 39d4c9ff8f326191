//! [`Meter`]: what one request uses and costs, told to a [`Ledger`] before and after, however it ends.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use crate::{Author, Error, Event, Model, Request, Spent, Usage};

/// Keeps what is spent, and refuses what would be too much. Its methods may block, and are called where that holds up
/// nothing.
pub trait Ledger: Send + Sync + 'static {
    /// Before a request is sent.
    ///
    /// # Errors
    /// [`Denied`], and then nothing is sent.
    fn reserve(&self, planned: &Planned) -> Result<i64, Denied>;

    /// After it has ended. `id` is what `reserve` returned.
    fn settle(&self, id: i64, used: &Used);
}

/// What is known before a request is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Who is asked.
    pub author: Author,
    /// What for, such as `explain`.
    pub task: &'static str,
    /// The most that it is expected to cost, in US dollars; `None` where the model's prices are not known.
    pub cost_usd: Option<f64>,
}

/// What a request used.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    /// Tokens and cost.
    pub spent: Spent,
    /// How it ended.
    pub outcome: Outcome,
    /// From its sending to the first token.
    pub first_token: Option<Duration>,
    /// From its sending to its end.
    pub total: Duration,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a whole answer.
    Done,
    /// With an error.
    Failed,
    /// Nobody wanted it any more.
    Cancelled,
}

/// Why nothing more may be spent.
#[derive(Debug, Clone, PartialEq)]
pub enum Denied {
    /// The day's limit would be passed.
    Limit {
        /// In US dollars.
        limit_usd: f64,
        /// What was spent today, in US dollars.
        today_usd: f64,
    },
    /// What was spent could not be looked up; a sentence that says why.
    Unknown(String),
}

/// Bytes of English or code to a token, on the safe side of what most vocabularies give.
const BYTES_PER_TOKEN: u64 = 3;
/// An answer that is paid for and for which no limit is set is no longer than this, in tokens.
const PAID_OUTPUT: u32 = 8192;
/// The tokens of a picture: what most providers count for a large one.
const IMAGE_TOKENS: u64 = 1600;

/// The tokens of a request, guessed from its length.
pub(super) fn estimate(request: &Request) -> u64 {
    let bytes: usize = request.texts().map(str::len).sum();
    let tools: usize =
        request.tools.iter().map(|tool| tool.description.len() + tool.parameters.to_string().len()).sum();
    let images = request.messages.iter().flat_map(|message| &message.parts);
    let images = images.filter(|part| matches!(part, crate::Part::Image(_))).count() as u64;
    (bytes as u64 + tools as u64).div_ceil(BYTES_PER_TOKEN) + images * IMAGE_TOKENS
}

/// The most tokens that an answer may have: what is paid for has an end, so that its cost can be planned.
pub(super) fn most_output(request: &Request, model: &Model) -> Option<u32> {
    let is_paid = model.price.is_some_and(|price| price.output > 0.0);
    let most = request.max_tokens.or(is_paid.then_some(PAID_OUTPUT))?;
    Some(model.output.and_then(|output| u32::try_from(output).ok()).map_or(most, |output| most.min(output)))
}

/// What a request would cost at most, in US dollars, as far as can be known.
pub(super) fn planned_cost(request: &Request, model: &Model) -> Option<f64> {
    let output = most_output(request, model).map_or(0, u64::from);
    Some(model.price?.of(&Usage { input: estimate(request), output, ..Usage::default() }))
}

/// What a request used that was never sent.
fn nothing(author: Author) -> Used {
    let spent = Spent { author, usage: Usage::default(), estimated: false, cost_usd: Some(0.0) };
    Used { spent, outcome: Outcome::Cancelled, first_token: None, total: Duration::ZERO }
}

/// One request's use.
pub(super) struct Meter {
    ledger: Option<(Arc<dyn Ledger>, i64)>,
    author: Author,
    model: Model,
    prompt: u64,
    /// In bytes.
    written: usize,
    usage: Option<Usage>,
    /// In US dollars, by the provider's own word.
    charged: Option<f64>,
    sent: Instant,
    first_token: Option<Duration>,
    is_settled: bool,
}

impl Meter {
    /// Reserves what the request may cost.
    pub(super) async fn start(
        ledger: Option<Arc<dyn Ledger>>,
        request: &Request,
        author: Author,
        model: Model,
        task: &'static str,
    ) -> Result<Self, Error> {
        let planned = Planned { author: author.clone(), task, cost_usd: planned_cost(request, &model) };
        let ledger = match ledger {
            None => None,
            Some(ledger) => {
                let (send, reserved) = oneshot::channel();
                let (asked, nothing) = (Arc::clone(&ledger), nothing(author.clone()));
                tokio::task::spawn_blocking(move || {
                    // Whoever asked may be gone by now; then nothing was sent.
                    if let Err(Ok(id)) = send.send(asked.reserve(&planned)) {
                        asked.settle(id, &nothing);
                    }
                });
                match reserved.await.unwrap_or_else(|_| Err(Denied::Unknown("This is a bug of Aiex.".to_owned()))) {
                    Ok(id) => Some((ledger, id)),
                    Err(Denied::Limit { limit_usd, today_usd }) => return Err(Error::Limit { limit_usd, today_usd }),
                    Err(Denied::Unknown(detail)) => return Err(Error::Ledger { detail }),
                }
            }
        };
        Ok(Self {
            ledger,
            author,
            model,
            prompt: estimate(request),
            written: 0,
            usage: None,
            charged: None,
            sent: Instant::now(),
            first_token: None,
            is_settled: false,
        })
    }

    /// An event went by.
    pub(super) fn saw(&mut self, event: &Event) {
        match event {
            Event::Text(text) | Event::Reasoning(text) => self.written += text.len(),
            Event::ToolCall(call) => self.written += call.name.len() + call.arguments.len(),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Charged(usd) => self.charged = Some(*usd),
            _ => {}
        }
    }

    /// The first token came, this long after the request.
    pub(super) fn first_token(&mut self, after: Duration) {
        self.first_token = Some(after);
    }

    /// Settles, and returns when that is done.
    pub(super) async fn settle(mut self, outcome: Outcome) -> Spent {
        let spent = self.spent(outcome);
        if let Some(settling) = self.settling(outcome) {
            let _ = settling.await;
        }
        spent
    }

    fn spent(&self, outcome: Outcome) -> Spent {
        let written = (self.written as u64).div_ceil(BYTES_PER_TOKEN);
        let was_answered = self.first_token.is_some();
        let usage = match (self.usage, outcome) {
            (Some(usage), Outcome::Done) => usage,
            // Reported before the end: the rest is guessed.
            (Some(usage), _) => Usage { output: usage.output.max(written), ..usage },
            // What failed before its answer began is not paid for.
            (None, Outcome::Failed) if !was_answered => Usage::default(),
            (None, _) => Usage { input: self.prompt, output: written, ..Usage::default() },
        };
        let estimated = outcome == Outcome::Cancelled || (self.usage.is_none() && usage != Usage::default());
        let cost_usd = self.charged.or_else(|| Some(self.model.price?.of(&usage)));
        Spent { author: self.author.clone(), usage, estimated, cost_usd }
    }

    fn settling(&mut self, outcome: Outcome) -> Option<tokio::task::JoinHandle<()>> {
        if std::mem::replace(&mut self.is_settled, true) {
            return None;
        }
        let used =
            Used { spent: self.spent(outcome), outcome, first_token: self.first_token, total: self.sent.elapsed() };
        let (ledger, id) = self.ledger.take()?;
        // Without a runtime the program is at its end, and the reservation stands.
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn_blocking(move || ledger.settle(id, &used)))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.settling(Outcome::Cancelled));
    }
}

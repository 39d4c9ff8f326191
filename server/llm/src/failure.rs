//! Recognises failures: from what the network, a status, or an error object says to an [`Error`]. Pure.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value;

use crate::api::Fault;
use crate::excerpt::{excerpt, hidden};
use crate::{Endpoint, Error, Request, Retry, Secret};

/// The request that failed, as far as messages need it.
pub(crate) struct Failure<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) request: &'a Request,
    /// The key that was sent.
    pub(crate) key: Option<&'a Secret>,
}

impl Failure<'_> {
    /// The request was not sent, or its answer did not begin.
    pub(crate) fn sending(&self, error: &reqwest::Error, connect_timeout: Duration) -> Error {
        let at = self.endpoint.upstream();
        let detail = self.show(&root(error));
        if !error.is_connect() {
            return Error::Reset { at, detail };
        }
        if error.is_timeout() {
            return Error::ConnectTimeout { at, after: connect_timeout };
        }
        if error.is_dns() {
            return Error::Dns { at };
        }
        if causes(error).any(|cause| cause.is::<rustls::Error>()) {
            return Error::Tls { at, detail };
        }
        if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) {
            return Error::Refused { at };
        }
        Error::Connect { at, detail }
    }

    /// The body broke off.
    pub(crate) fn receiving(&self, error: &reqwest::Error) -> Error {
        let at = self.endpoint.upstream();
        match io_kind(error) {
            // Framing that ends too early: a last chunk or promised bytes that are missing.
            Some(io::ErrorKind::UnexpectedEof) => Error::Truncated { at },
            _ => Error::Reset { at, detail: self.show(&root(error)) },
        }
    }

    /// The server answered with a status other than success.
    pub(crate) fn status(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Error {
        if (300..400).contains(&status) {
            let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
            let base = self.endpoint.base_url();
            let to = base.join(location).unwrap_or_else(|_| base.clone());
            // Without user part, query and fragment, which may hold anything.
            let to = self.show(&format!("{}{}", to.origin().ascii_serialization(), to.path()));
            return Error::Redirect { at: self.endpoint.upstream(), to };
        }
        let said = match serde_json::from_slice::<Value>(body) {
            Ok(value) => Said::from_json(&value),
            Err(_) => Said { message: String::from_utf8_lossy(body).into_owned(), ..Said::default() },
        };
        self.classify(
            Some(status),
            Retry { after: retry_after(headers).or(said.retry_after), told: told(headers) },
            &said,
        )
    }

    /// The codec could not read the answer. `body` is the whole of it where it was not a stream.
    pub(crate) fn fault(&self, fault: Fault, body: &[u8]) -> Error {
        let at = self.endpoint.upstream();
        match fault {
            Fault::Malformed(detail) => Error::Malformed { at, detail: self.show(&detail) },
            Fault::Truncated => Error::Truncated { at },
            Fault::NotAnAnswer => Error::NotAnAnswer { at, detail: self.show(&String::from_utf8_lossy(body)) },
            Fault::Reply(value) => {
                let said = Said::from_json(&value);
                self.classify(said.status, Retry { after: said.retry_after, told: None }, &said)
            }
        }
    }

    /// Fit to be shown, without anything that belongs to the user.
    pub(crate) fn show(&self, text: &str) -> String {
        let secrets = self.endpoint.secrets().iter().chain(self.key).cloned();
        excerpt(text, &hidden(&secrets.collect::<Vec<_>>(), self.request))
    }

    fn classify(&self, status: Option<u16>, retry: Retry, said: &Said) -> Error {
        let at = self.endpoint.upstream();
        let model = self.request.model.clone();
        let detail = self.show(&said.message);
        let code = |known: &[&str]| said.codes.iter().any(|code| known.contains(&code.as_str()));

        if code(&["context_length_exceeded", "exceed_context_size_error"]) || self.is_overflow(status, said) {
            let (used, limit) = said.sizes(&detail);
            return Error::ContextOverflow { at, model, used, limit, detail };
        }
        if status == Some(402)
            || code(&["insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "billing_error"])
            || said.codes.iter().any(|code| code.ends_with("spend_limit_exceeded"))
            || said.is_final
            || said.message.contains("credit balance is too low")
            // Anthropic's, with status 400, and that of Ollama's cloud.
            || (detail.contains("reached your") && detail.contains("usage limit"))
        {
            return Error::Quota { at, detail };
        }
        // Gemini's and xAI's, with status 400.
        if code(&["API_KEY_INVALID"]) || said.message.contains("Incorrect API key") {
            return Error::Auth { at, status: status.unwrap_or(401), sent: self.key.is_some(), detail };
        }
        if code(&["content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "refusal"]) {
            return Error::Refusal { at, detail };
        }
        let status = status.or_else(|| STATUSES.iter().find(|(_, known)| code(&[known])).map(|(status, _)| *status));
        match status {
            Some(status @ (401 | 403)) => Error::Auth { at, status, sent: self.key.is_some(), detail },
            Some(404) => {
                let base_url = self.show(self.endpoint.base_url().as_str());
                Error::NotFound { at, model, base_url, detail }
            }
            Some(429) => Error::RateLimited { at, retry, detail },
            // Time-out, conflict and "too early" pass by themselves.
            Some(status @ (408 | 409 | 425 | 500..)) => Error::Unavailable { at, status, retry, detail },
            // The server knows better than its status.
            Some(status) if retry.told == Some(true) => Error::Unavailable { at, status, retry, detail },
            Some(status) => Error::Rejected { at, status, model, detail },
            None => Error::Reported { at, detail },
        }
    }

    /// Compatible servers often send no code, only these words.
    fn is_overflow(&self, status: Option<u16>, said: &Said) -> bool {
        let message = said.message.to_ascii_lowercase();
        let words = [
            "maximum context length",
            "context length exceeded",
            "exceeds the available context",
            "context window",
            "prompt is too long",
            "exceeds the maximum number of tokens",
            "exceeds the context length",
            "maximum prompt length",
            "input is too long",
            "range of input length",
        ];
        matches!(status, None | Some(400 | 413 | 422 | 500)) && words.iter().any(|words| message.contains(words))
    }
}

/// The statuses of errors that arrive within an answer, by their codes.
const STATUSES: [(u16, &str); 16] = [
    (400, "invalid_request_error"),
    (401, "invalid_api_key"),
    (401, "authentication_error"),
    (401, "UNAUTHENTICATED"),
    (403, "permission_error"),
    (403, "PERMISSION_DENIED"),
    (404, "model_not_found"),
    (404, "not_found_error"),
    (429, "rate_limit_exceeded"),
    (429, "rate_limit_error"),
    (429, "slow_down"),
    (429, "RESOURCE_EXHAUSTED"),
    (503, "overloaded_error"),
    (503, "UNAVAILABLE"),
    (500, "api_error"),
    (500, "server_error"),
];

/// What an error body or an error object says.
#[derive(Debug, Default)]
struct Said {
    message: String,
    codes: Vec<String>,
    status: Option<u16>,
    used: Option<u64>,
    limit: Option<u64>,
    retry_after: Option<Duration>,
    /// A quota of a whole day is used up.
    is_final: bool,
}

impl Said {
    /// OpenAI's `{"error": {message, type, code}}`, Google's with `status` and `details`, and what compatible servers
    /// make of it: a bare text, the fields without `error` around them, FastAPI's `detail`, a code that is an HTTP
    /// status, all of it in a list.
    fn from_json(value: &Value) -> Self {
        let value = value.get(0).unwrap_or(value);
        let inner = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let message = [Some(inner), inner.get("message"), value.get("message"), inner.get("detail")]
            .into_iter()
            .flatten()
            .find_map(Value::as_str);
        let fields = ["code", "type", "status"].map(|field| inner.get(field));
        let number = |field| inner.get(field).and_then(Value::as_u64);
        let details = || inner.get("details").and_then(Value::as_array).into_iter().flatten();
        let is = |detail: &&Value, kind: &str| {
            detail.get("@type").and_then(Value::as_str).is_some_and(|name| name.ends_with(kind))
        };
        let delay = details().filter(|detail| is(detail, "RetryInfo")).find_map(|detail| {
            let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok()?;
            Duration::try_from_secs_f64(seconds).ok()
        });
        let reasons = details().filter_map(|detail| detail.get("reason"));
        let mut violations = details().filter(|detail| is(detail, "QuotaFailure")).flat_map(|detail| {
            let violations = detail.get("violations").and_then(Value::as_array).into_iter().flatten();
            violations.filter_map(|violation| violation.get("quotaId")?.as_str())
        });
        Self {
            message: message.map_or_else(|| value.to_string(), str::to_owned),
            codes: fields.into_iter().flatten().chain(reasons).filter_map(Value::as_str).map(str::to_owned).collect(),
            status: [number("code"), number("status")]
                .into_iter()
                .flatten()
                .find_map(|code| u16::try_from(code).ok().filter(|code| (400..600).contains(code))),
            // llama.cpp's names.
            used: number("n_prompt_tokens"),
            limit: number("n_ctx"),
            retry_after: delay,
            is_final: violations.any(|quota| quota.contains("PerDay")),
        }
    }

    /// The tokens that a request has and those that it may have: told apart, or as the two numbers of a sentence such
    /// as "prompt is too long: 210000 tokens > 200000 maximum". `shown` is the message without what it quotes of the
    /// request, which may have numbers too.
    fn sizes(&self, shown: &str) -> (Option<u64>, Option<u64>) {
        if self.used.is_some() || self.limit.is_some() {
            return (self.used, self.limit);
        }
        // Not the digits of a name, such as gpt-4-0613.
        let words = shown.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
        let numbers = words.filter_map(|word| word.replace(',', "").parse::<u64>().ok());
        let numbers: Vec<_> = numbers.filter(|number| *number >= 256).collect();
        match numbers[..] {
            [a, b, ..] if a != b => (Some(a.max(b)), Some(a.min(b))),
            [limit] => (None, Some(limit)),
            _ => (None, None),
        }
    }
}

/// `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name| text(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"));
    let date = || {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(text("retry-after")?).ok()?;
        Some(date.duration_since(Timestamp::now()).as_secs_f64().max(0.0))
    };
    Duration::try_from_secs_f64(seconds.or_else(date)?).ok()
}

/// `x-should-retry`, as OpenAI and Anthropic send it.
fn told(headers: &HeaderMap) -> Option<bool> {
    headers.get("x-should-retry")?.to_str().ok()?.parse().ok()
}

/// The error and what caused it. An [`io::Error`] hides what it was made of from `source`.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

/// The first cause says the most, and does not name the URL.
fn root(error: &reqwest::Error) -> String {
    causes(error).skip(1).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{EndpointOptions, Message, Secret};

    fn endpoint() -> Endpoint {
        Endpoint::new(EndpointOptions {
            provider: "acme".into(),
            base_url: "https://api.example/v1".into(),
            ..EndpointOptions::default()
        })
        .unwrap()
    }

    fn request() -> Request {
        Request { model: "tiny".into(), messages: vec![Message::user("fn the_users_code() {}")], ..Request::default() }
    }

    fn check(status: u16, headers: &[(&'static str, &str)], body: &str, expect: Expect) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let failure = Failure { endpoint: &endpoint(), request: &request(), key: Some(&Secret::new("sk-planted")) };
        let error = failure.status(status, &headers, body.as_bytes());
        expect.assert_eq(&format!("{:?}: {error}\n", error.class()));
    }

    fn check_in_stream(object: &str, expect: Expect) {
        let failure = Failure { endpoint: &endpoint(), request: &request(), key: Some(&Secret::new("sk-planted")) };
        let error = failure.fault(Fault::Reply(serde_json::from_str(object).unwrap()), b"");
        expect.assert_eq(&format!("{:?}: {error}\n", error.class()));
    }

    #[test]
    fn keys() {
        check(
            401,
            &[],
            r#"{"error":{"message":"Incorrect API key provided: sk-planted.","code":"invalid_api_key"}}"#,
            expect![[r#"
                Auth: acme (https://api.example) did not accept the API key (status 401). It said: “Incorrect API key provided: ***”. Check the key that is configured for this provider.
            "#]],
        );
        check(
            403,
            &[],
            "",
            expect![[r#"
                Auth: acme (https://api.example) does not permit this request with the API key (status 403). Check the key that is configured for this provider.
            "#]],
        );
    }

    #[test]
    fn model_or_address() {
        check(
            404,
            &[],
            "<html><title>404 Not Found</title></html>",
            expect![[r#"
            Invalid: acme (https://api.example) does not know the model `tiny`, or base_url https://api.example/v1 is not the address of its API (status 404). It said: “404 Not Found”. Check both.
        "#]],
        );
    }

    #[test]
    fn rates_and_quotas() {
        check(
            429,
            &[("retry-after", "20")],
            r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#,
            expect![[r#"
                RateLimited: acme (https://api.example) limits how much may be asked. It said: “Rate limit reached”. Try again in 20 s.
            "#]],
        );
        check(
            429,
            &[("retry-after-ms", "1500"), ("retry-after", "2")],
            "slow",
            expect![[r#"
            RateLimited: acme (https://api.example) limits how much may be asked. It said: “slow”. Try again in 1.5 s.
        "#]],
        );
        check(
            429,
            &[("retry-after", "-1")],
            "",
            expect![[r#"
            RateLimited: acme (https://api.example) limits how much may be asked. Try again in a moment.
        "#]],
        );
        check(
            429,
            &[],
            r#"{"error":{"message":"You exceeded your quota","type":"insufficient_quota"}}"#,
            expect![[r#"
            Quota: The account at acme (https://api.example) has no quota or credit left. It said: “You exceeded your quota”. Check its plan and billing.
        "#]],
        );
        check(
            402,
            &[],
            r#"{"error":{"message":"Insufficient credits","code":402}}"#,
            expect![[r#"
            Quota: The account at acme (https://api.example) has no quota or credit left. It said: “Insufficient credits”. Check its plan and billing.
        "#]],
        );
        check(
            429,
            &[],
            r#"{"error":{"message":"No","code":"project_spend_limit_exceeded"}}"#,
            expect![[r#"
            Quota: The account at acme (https://api.example) has no quota or credit left. It said: “No”. Check its plan and billing.
        "#]],
        );
    }

    #[test]
    fn context_overflow() {
        check(
            400,
            &[],
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#,
            expect![[r#"
                ContextOverflow: The request is too long for the model `tiny` of acme (https://api.example): 9000 tokens of at most 4096. It said: “the request exceeds the available context size”. Select less, or choose a model with a larger context.
            "#]],
        );
        check(
            400,
            &[],
            r#"{"object":"error","message":"This model's maximum context length is 8192 tokens."}"#,
            expect![[r#"
                ContextOverflow: The request is too long for the model `tiny` of acme (https://api.example): at most 8192 tokens. It said: “This model's maximum context length is 8192 tokens”. Select less, or choose a model with a larger context.
            "#]],
        );
    }

    #[test]
    fn other_refusals_do_not_repeat_the_prompt() {
        check(
            422,
            &[],
            r#"{"detail":[{"loc":["body"],"msg":"bad","input":"fn the_users_code() {}"}]}"#,
            expect![[r#"
            Invalid: acme (https://api.example) rejected the request (status 422). It said: “{"detail":[{"input":"***","loc":["body"],"msg":"bad"}]}”. Check that the model `tiny` supports the configured settings.
        "#]],
        );
        check(
            400,
            &[],
            r#"{"error":{"message":"filtered","code":"content_filter"}}"#,
            expect![[r#"
            Refusal: acme (https://api.example) refused to answer because of its content policy. It said: “filtered”. Ask in another way.
        "#]],
        );
    }

    #[test]
    fn server_failures() {
        check(
            529,
            &[],
            r#"{"error":"overloaded"}"#,
            expect![[r#"
            Transient: acme (https://api.example) could not answer now (status 529). It said: “overloaded”. Try again in a moment.
        "#]],
        );
        check(
            502,
            &[("retry-after", "3")],
            "\u{1b}[31mbad gateway\u{202e}",
            expect![[r#"
            Transient: acme (https://api.example) could not answer now (status 502). It said: “bad gateway”. Try again in 3 s.
        "#]],
        );
        check(
            408,
            &[],
            "",
            expect![[r#"
            Transient: acme (https://api.example) could not answer now (status 408). Try again in a moment.
        "#]],
        );
    }

    #[test]
    fn redirects_are_named_without_their_query() {
        check(
            307,
            &[("location", "https://me:secret@other.example/steal?key=sk-planted")],
            "",
            expect![[r#"
            Invalid: acme (https://api.example) redirects to https://other.example/steal, and requests with a key do not follow redirects. If you trust that address, change base_url to match it.
        "#]],
        );
        check(
            301,
            &[("location", "/v2")],
            "",
            expect![[r#"
            Invalid: acme (https://api.example) redirects to https://api.example/v2, and requests with a key do not follow redirects. If you trust that address, change base_url to match it.
        "#]],
        );
    }

    #[test]
    fn errors_inside_a_stream() {
        check_in_stream(
            r#"{"error":{"message":"Rate limited","code":429}}"#,
            expect![[r#"
            RateLimited: acme (https://api.example) limits how much may be asked. It said: “Rate limited”. Try again in a moment.
        "#]],
        );
        check_in_stream(
            r#"{"error":{"message":"Overloaded","type":"overloaded_error"}}"#,
            expect![[r#"
            Transient: acme (https://api.example) could not answer now (status 503). It said: “Overloaded”. Try again in a moment.
        "#]],
        );
        check_in_stream(
            r#"{"object":"error","message":"CUDA out of memory","code":50001}"#,
            expect![[r#"
            Transient: acme (https://api.example) reported an error instead of an answer. It said: “CUDA out of memory”. Ask again.
        "#]],
        );
        check_in_stream(
            r#"{"error":"model runner has stopped"}"#,
            expect![[r#"
            Transient: acme (https://api.example) reported an error instead of an answer. It said: “model runner has stopped”. Ask again.
        "#]],
        );
    }
}

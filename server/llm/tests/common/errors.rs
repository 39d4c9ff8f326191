//! How each provider says no: the status and the body, in its own words. `SAID` stands where it may quote the request.

use aiex_llm::Kind;

/// Why it says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum No {
    /// It does not take the key.
    Key,
    /// It does not know the model.
    Model,
    /// Too much in a short time.
    Rate,
    /// Nothing is left to spend.
    Quota,
    /// The prompt is too long.
    Overflow,
    /// It failed.
    Broken,
    /// It has too much to do.
    Overloaded,
}

/// All of it, each format's reasons in the same order.
pub(crate) const ERRORS: [(Kind, No, &str, &str); 35] = [
    (
        Kind::OpenAiChat,
        No::Key,
        "401 Unauthorized",
        r#"{"error":{"message":"Incorrect API key provided: SAID.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Model,
        "404 Not Found",
        r#"{"error":{"message":"The model `tiny` does not exist. SAID","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Rate,
        "429 Too Many Requests",
        r#"{"error":{"message":"Rate limit reached for tiny: Limit 3, Used 3, Requested 1. SAID","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Quota,
        "429 Too Many Requests",
        r#"{"error":{"message":"You exceeded your current quota. SAID","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Overflow,
        "400 Bad Request",
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. SAID","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Broken,
        "500 Internal Server Error",
        r#"{"error":{"message":"The server had an error. SAID","type":"server_error","param":null,"code":null}}"#,
    ),
    (
        Kind::OpenAiChat,
        No::Overloaded,
        "503 Service Unavailable",
        r#"{"error":{"message":"The engine is currently overloaded. SAID","type":"server_error","param":null,"code":null}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Key,
        "401 Unauthorized",
        r#"{"error":{"message":"Incorrect API key provided: SAID.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Model,
        "404 Not Found",
        r#"{"error":{"message":"The model `tiny` does not exist. SAID","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Rate,
        "429 Too Many Requests",
        r#"{"error":{"message":"Slow down. SAID","type":"requests","param":null,"code":"slow_down"}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Quota,
        "429 Too Many Requests",
        r#"{"error":{"message":"The project's limit is reached. SAID","type":"requests","param":null,"code":"project_spend_limit_exceeded"}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Overflow,
        "400 Bad Request",
        r#"{"error":{"message":"Your input exceeds the context window of this model. SAID","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Broken,
        "500 Internal Server Error",
        r#"{"error":{"message":"The server had an error. SAID","type":"server_error","param":null,"code":null}}"#,
    ),
    (
        Kind::OpenAiResponses,
        No::Overloaded,
        "503 Service Unavailable",
        r#"{"error":{"message":"The engine is currently overloaded. SAID","type":"server_error","param":null,"code":null}}"#,
    ),
    (
        Kind::Anthropic,
        No::Key,
        "401 Unauthorized",
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key: SAID"},"request_id":"req_1"}"#,
    ),
    (
        Kind::Anthropic,
        No::Model,
        "404 Not Found",
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: tiny SAID"},"request_id":"req_1"}"#,
    ),
    (
        Kind::Anthropic,
        No::Rate,
        "429 Too Many Requests",
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account's rate limit. SAID"},"request_id":"req_1"}"#,
    ),
    // https://github.com/anthropics/claude-code/issues/38035
    (
        Kind::Anthropic,
        No::Quota,
        "400 Bad Request",
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC. SAID"},"request_id":"req_1"}"#,
    ),
    (
        Kind::Anthropic,
        No::Overflow,
        "400 Bad Request",
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum SAID"},"request_id":"req_1"}"#,
    ),
    (
        Kind::Anthropic,
        No::Broken,
        "500 Internal Server Error",
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error SAID"},"request_id":"req_1"}"#,
    ),
    (
        Kind::Anthropic,
        No::Overloaded,
        "529 ",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded SAID"},"request_id":"req_1"}"#,
    ),
    // https://github.com/continuedev/continue/issues/10290
    (
        Kind::Gemini,
        No::Key,
        "400 Bad Request",
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key. SAID","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#,
    ),
    (
        Kind::Gemini,
        No::Model,
        "404 Not Found",
        r#"{"error":{"code":404,"message":"models/tiny is not found for API version v1beta. SAID","status":"NOT_FOUND"}}"#,
    ),
    (
        Kind::Gemini,
        No::Rate,
        "429 Too Many Requests",
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan. SAID","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#,
    ),
    (
        Kind::Gemini,
        No::Quota,
        "429 Too Many Requests",
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan. SAID","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#,
    ),
    (
        Kind::Gemini,
        No::Overflow,
        "400 Bad Request",
        r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576). SAID","status":"INVALID_ARGUMENT"}}"#,
    ),
    (
        Kind::Gemini,
        No::Broken,
        "500 Internal Server Error",
        r#"[{"error":{"code":500,"message":"An internal error has occurred. SAID","status":"INTERNAL"}}]"#,
    ),
    (
        Kind::Gemini,
        No::Overloaded,
        "503 Service Unavailable",
        r#"{"error":{"code":503,"message":"The model is overloaded. SAID","status":"UNAVAILABLE"}}"#,
    ),
    (Kind::Ollama, No::Key, "401 Unauthorized", r#"{"error":"unauthorized: SAID"}"#),
    (Kind::Ollama, No::Model, "404 Not Found", r#"{"error":"model 'tiny' not found SAID"}"#),
    (Kind::Ollama, No::Rate, "429 Too Many Requests", r#"{"error":"too many concurrent requests SAID"}"#),
    // https://github.com/continuedev/continue/issues/9233
    (
        Kind::Ollama,
        No::Quota,
        "429 Too Many Requests",
        r#"{"error":"you've reached your hourly usage limit, please wait or upgrade to continue SAID"}"#,
    ),
    // https://github.com/ollama/ollama/issues/17889
    (
        Kind::Ollama,
        No::Overflow,
        "400 Bad Request",
        r#"{"error":"request (7900 tokens) exceeds the available context size (4096 tokens), try increasing it SAID"}"#,
    ),
    (
        Kind::Ollama,
        No::Broken,
        "500 Internal Server Error",
        r#"{"error":"model runner has unexpectedly stopped SAID"}"#,
    ),
    (
        Kind::Ollama,
        No::Overloaded,
        "503 Service Unavailable",
        r#"{"error":"server busy, please try again. maximum pending requests exceeded SAID"}"#,
    ),
];

/// The status and the body with which a server of this format says no for this reason.
pub(crate) fn error(kind: Kind, no: No) -> (&'static str, &'static str) {
    let found = ERRORS.iter().find(|(of, why, ..)| (*of, *why) == (kind, no));
    found.map(|(.., status, body)| (*status, *body)).unwrap()
}

//! The five wire formats as their servers write them: one good answer of each, and what can be wrong with it.

use aiex_llm::{Auth, Kind, Usage};

use super::server::Act;

/// What the good answers say, in two pieces.
pub(crate) const HELLO: [&str; 2] = ["Hé", "llo €😀"];
/// What they used.
pub(crate) const USAGE: Usage = Usage { input: 12, output: 3, cached_input: 0, cache_written: 0, reasoning: 0 };

/// How events follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events without names.
    Data,
    /// Server-sent events, named after the `type` in their data.
    Named,
    /// One a line.
    Lines,
}

/// A wire format. An event is written as its data; where one is to quote what it must not, it has the word `SAID`.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) kind: Kind,
    pub(crate) auth: Auth,
    /// Where answers are asked for.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) framing: Framing,
    /// The good answer: what comes before its text,
    pub(crate) start: &'static [&'static str],
    /// its text,
    pub(crate) hello: [&'static str; 2],
    /// what follows the text,
    pub(crate) finish: &'static [&'static str],
    /// and what alone makes it complete.
    pub(crate) terminal: &'static str,
    /// The good answer as it is where no stream was asked for.
    pub(crate) whole: &'static str,
    /// An answer with a call of a tool and another one that the token limit cut.
    pub(crate) cut: &'static [&'static str],
    /// Further counts of tokens, to be sent before the end.
    pub(crate) usages: &'static [&'static str],
    /// Errors in place of the next event, in every shape that is known.
    pub(crate) errors: &'static [&'static str],
    /// Tells that the server is alive, and nothing else.
    pub(crate) alive: &'static str,
    /// Events and fields that nobody knows.
    pub(crate) unknown: &'static [&'static str],
}

impl Format {
    pub(crate) fn is_sse(&self) -> bool {
        self.framing != Framing::Lines
    }

    /// All events of the good answer.
    pub(crate) fn answer(&self) -> Vec<&'static str> {
        [self.start, &self.hello, self.finish, &[self.terminal]].concat()
    }

    /// The good answer up to the end of its text.
    pub(crate) fn begun(&self) -> Vec<&'static str> {
        [self.start, &self.hello].concat()
    }

    /// An event as it is sent.
    pub(crate) fn frame(&self, data: &str) -> String {
        match self.framing {
            Framing::Data => format!("data: {data}\n\n"),
            Framing::Lines => format!("{data}\n"),
            Framing::Named => {
                let value: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
                format!("event: {}\ndata: {data}\n\n", value["type"].as_str().unwrap_or("odd"))
            }
        }
    }

    pub(crate) fn frames(&self, events: &[&str]) -> String {
        events.iter().map(|data| self.frame(data)).collect()
    }

    /// The head of an answer that ends with the connection.
    pub(crate) fn head(&self) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nConnection: close\r\n\r\n", self.content_type)
    }

    /// An answer of these events that ends with the connection.
    pub(crate) fn stream(&self, events: &[&str]) -> String {
        self.head() + &self.frames(events)
    }

    /// Something that says nothing, for ever.
    pub(crate) fn flood_of_nothing(&self, before: &[&str]) -> Act {
        let nothing = if self.is_sse() { ": PROCESSING\n\n" } else { "\n" };
        Act::Flood {
            head: self.stream(before).into_bytes(),
            piece: nothing.repeat(100).into_bytes(),
            limit: usize::MAX,
        }
    }
}

/// The one of this kind.
pub(crate) fn format(kind: Kind) -> &'static Format {
    FORMATS.iter().find(|format| format.kind == kind).unwrap()
}

pub(crate) static FORMATS: [Format; 5] = [
    Format {
        kind: Kind::OpenAiChat,
        auth: Auth::Bearer,
        path: "/v1/chat/completions",
        content_type: "text/event-stream",
        framing: Framing::Data,
        start: &[
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
        ],
        hello: [
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hé"},"finish_reason":null}]}"#,
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"llo €😀"},"finish_reason":null}]}"#,
        ],
        finish: &[
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}"#,
        ],
        terminal: "[DONE]",
        whole: r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Héllo €😀"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3}}"#,
        cut: &[
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read_file","arguments":""}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"é.rs\"}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"write_file","arguments":"{\"path\":"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#,
            "[DONE]",
        ],
        usages: &[
            r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}"#,
        ],
        errors: &[
            r#"{"error":{"message":"Overloaded: SAID","type":"server_error","code":503}}"#,
            // OpenRouter's, with a choice beside it, and vLLM's.
            r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"Overloaded: SAID","code":503}}"#,
            r#"{"object":"error","message":"Overloaded: SAID","type":"ServiceUnavailableError","code":503}"#,
        ],
        alive: r#"{"choices":[],"prompt_filter_results":[]}"#,
        unknown: &[r#"{"new":[1],"choices":[{"index":0,"delta":{"audio":{}},"x":null}]}"#, r#"{"choices":[]}"#],
    },
    Format {
        kind: Kind::OpenAiResponses,
        auth: Auth::Bearer,
        path: "/v1/responses",
        content_type: "text/event-stream; charset=utf-8",
        framing: Framing::Named,
        start: &[
            r#"{"type":"response.created","response":{"id":"r","object":"response","status":"in_progress","output":[],"usage":null}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"m","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
            r#"{"type":"response.content_part.added","item_id":"m","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}"#,
        ],
        hello: [
            r#"{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"Hé"}"#,
            r#"{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"llo €😀"}"#,
        ],
        finish: &[
            r#"{"type":"response.output_text.done","item_id":"m","output_index":0,"content_index":0,"text":"Héllo €😀"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message","status":"completed","content":[{"type":"output_text","text":"Héllo €😀"}],"role":"assistant"}}"#,
        ],
        terminal: r#"{"type":"response.completed","response":{"id":"r","object":"response","status":"completed","output":[{"id":"m","type":"message","status":"completed","content":[{"type":"output_text","text":"Héllo €😀"}],"role":"assistant"}],"usage":{"input_tokens":12,"output_tokens":3}}}"#,
        whole: r#"{"id":"r","object":"response","status":"completed","error":null,"output":[{"id":"m","type":"message","status":"completed","content":[{"type":"output_text","text":"Héllo €😀"}],"role":"assistant"}],"usage":{"input_tokens":12,"output_tokens":3}}"#,
        cut: &[
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"function_call","status":"in_progress","arguments":"","call_id":"a","name":"read_file"}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"i","output_index":0,"delta":"{\"path\":\"é.rs\"}"}"#,
            r#"{"type":"response.function_call_arguments.done","item_id":"i","output_index":0,"arguments":"{\"path\":\"é.rs\"}"}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"i","type":"function_call","status":"completed","arguments":"{\"path\":\"é.rs\"}","call_id":"a","name":"read_file"}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"j","type":"function_call","status":"in_progress","arguments":"","call_id":"b","name":"write_file"}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"j","output_index":1,"delta":"{\"path\":"}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"j","type":"function_call","status":"incomplete","arguments":"{\"path\":","call_id":"b","name":"write_file"}}"#,
            r#"{"type":"response.incomplete","response":{"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}"#,
        ],
        usages: &[
            r#"{"type":"response.in_progress","response":{"id":"r","object":"response","status":"in_progress","usage":{"input_tokens":12,"output_tokens":2}}}"#,
        ],
        errors: &[
            r#"{"type":"error","code":"server_error","message":"Overloaded: SAID","param":null}"#,
            r#"{"type":"error","error":{"type":"server_error","code":"server_error","message":"Overloaded: SAID"}}"#,
            r#"{"type":"response.failed","response":{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"Overloaded: SAID"},"output":[]}}"#,
        ],
        alive: r#"{"type":"keepalive","sequence_number":3}"#,
        unknown: &[
            r#"{"type":"response.new_thing.delta","delta":{"odd":[1]},"item":7,"output_index":"x","item_id":0}"#,
            r#"{"type":"response.output_text.annotation.added","annotation":{"type":"url_citation"}}"#,
        ],
    },
    Format {
        kind: Kind::Anthropic,
        auth: Auth::Header("x-api-key"),
        path: "/v1/messages",
        content_type: "text/event-stream; charset=utf-8",
        framing: Framing::Named,
        start: &[
            r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":12,"output_tokens":1}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"ping"}"#,
        ],
        hello: [
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hé"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"llo €😀"}}"#,
        ],
        finish: &[
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}"#,
        ],
        terminal: r#"{"type":"message_stop"}"#,
        whole: r#"{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"Héllo €😀"}],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":3}}"#,
        cut: &[
            r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"stop_reason":null}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"read_file","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"é.rs\"}"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"write_file","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"path\":"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null}}"#,
            r#"{"type":"message_stop"}"#,
        ],
        usages: &[
            r#"{"type":"message_delta","delta":{},"usage":{"input_tokens":12,"output_tokens":2}}"#,
            r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":3}}"#,
            r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":3}}"#,
        ],
        errors: &[
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded: SAID"},"request_id":"req_1"}"#,
        ],
        alive: r#"{"type":"ping"}"#,
        unknown: &[
            r#"{"type":"new_thing","index":"x","delta":7}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"new_delta","text":7}}"#,
        ],
    },
    Format {
        kind: Kind::Gemini,
        auth: Auth::Header("x-goog-api-key"),
        path: "/v1/models/tiny:streamGenerateContent?alt=sse",
        content_type: "text/event-stream",
        framing: Framing::Data,
        start: &[],
        hello: [
            r#"{"candidates":[{"content":{"parts":[{"text":"Hé"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":1}}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"llo €😀"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":2}}"#,
        ],
        finish: &[],
        terminal: r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":3}}"#,
        whole: r#"{"candidates":[{"content":{"parts":[{"text":"Héllo €😀"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":3}}"#,
        cut: &[
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"a","name":"read_file","args":{"path":"é.rs"}}}],"role":"model"},"index":0}]}"#,
            r#"{"candidates":[{"finishReason":"MAX_TOKENS","index":0}]}"#,
        ],
        usages: &[
            r#"{"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":2}}"#,
            r#"{"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":2}}"#,
        ],
        errors: &[
            r#"{"error":{"code":503,"message":"Overloaded: SAID","status":"UNAVAILABLE"}}"#,
            r#"[{"error":{"code":503,"message":"Overloaded: SAID","status":"UNAVAILABLE"}}]"#,
        ],
        alive: r#"{"responseId":"r","modelVersion":"tiny"}"#,
        unknown: &[
            r#"{"newField":{"a":[1]},"candidates":[]}"#,
            r#"{"candidates":[{"content":{"parts":[{"executableCode":{"code":"1"}}]},"newField":7}]}"#,
        ],
    },
    Format {
        kind: Kind::Ollama,
        auth: Auth::Bearer,
        path: "/v1/api/chat",
        content_type: "application/x-ndjson",
        framing: Framing::Lines,
        start: &[],
        hello: [
            r#"{"model":"tiny","message":{"role":"assistant","content":"Hé"},"done":false}"#,
            r#"{"model":"tiny","message":{"role":"assistant","content":"llo €😀"},"done":false}"#,
        ],
        finish: &[],
        terminal: r#"{"model":"tiny","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":12,"eval_count":3}"#,
        whole: r#"{"model":"tiny","message":{"role":"assistant","content":"Héllo €😀"},"done":true,"done_reason":"stop","prompt_eval_count":12,"eval_count":3}"#,
        cut: &[
            r#"{"model":"tiny","message":{"role":"assistant","content":"","tool_calls":[{"id":"a","function":{"index":0,"name":"read_file","arguments":{"path":"é.rs"}}}]},"done":false}"#,
            r#"{"model":"tiny","message":{"role":"assistant","content":""},"done":true,"done_reason":"length"}"#,
        ],
        usages: &[
            r#"{"model":"tiny","message":{"role":"assistant","content":""},"done":false,"prompt_eval_count":12,"eval_count":2}"#,
        ],
        errors: &[r#"{"error":"Overloaded: SAID"}"#],
        alive: r#"{"model":"tiny","created_at":"2026-11-04T09:12:31Z"}"#,
        unknown: &[
            r#"{"progress":0.5,"done":false}"#,
            r#"{"model":"tiny","message":{"role":"assistant","content":"","new":[1]},"done":false}"#,
        ],
    },
];

//! Reads an answer: responses, each with its next parts and the counts so far.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Event, StopReason, ToolCall, Usage,
    api::{Decoder, Fault, Step},
    sse::SseEvent,
};

/// One answer in this format.
#[derive(Debug, Default)]
pub(super) struct GeminiDecoder {
    calls: usize,
    usage: Usage,
}

impl GeminiDecoder {
    /// Decodes one response, or a list of them: so come answers that are not streamed, and some errors.
    fn response(&mut self, value: Value, out: &mut Vec<Event>) -> Result<Step, Fault> {
        if let Value::Array(list) = value {
            let mut step = Step::Nothing;
            for value in list {
                match self.response(value, out)? {
                    Step::Nothing => {}
                    Step::Progress => step = Step::Progress,
                    Step::Done => return Ok(Step::Done),
                }
            }
            return Ok(step);
        }
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Fault::Reply(value));
        }
        let response: Response = serde_json::from_value(value).map_err(|error| Fault::Malformed(error.to_string()))?;
        // One answer is asked for.
        let candidate = response.candidates.unwrap_or_default().into_iter().next();
        let Some(candidate) = candidate else {
            let blocked = response.prompt_feedback.and_then(|feedback| feedback.block_reason);
            if let Some(reason) = blocked.filter(|reason| !reason.is_empty()) {
                let message = format!("The prompt was blocked: {reason}");
                return Err(Fault::Reply(json!({"error": {"message": message, "type": "content_filter"}})));
            }
            self.usage(response.usage_metadata, out);
            return Ok(Step::Nothing);
        };
        for part in candidate.content.unwrap_or_default().parts.unwrap_or_default() {
            self.part(part, out);
        }
        self.usage(response.usage_metadata, out);
        let Some(reason) = candidate.finish_reason.filter(|reason| !reason.is_empty()) else {
            return Ok(Step::Progress);
        };
        out.push(Event::Stop(match reason.as_str() {
            "STOP" if self.calls > 0 => StopReason::ToolUse,
            "STOP" => StopReason::End,
            "MAX_TOKENS" => StopReason::Length,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
                StopReason::ContentFilter
            }
            _ => StopReason::Other(reason),
        }));
        Ok(Step::Done)
    }

    fn part(&mut self, part: AnswerPart, out: &mut Vec<Event>) {
        let text = part.text.unwrap_or_default();
        let signature = part.thought_signature.filter(|signature| !signature.is_empty());
        if let Some(call) = part.function_call {
            let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", self.calls));
            let arguments = call.args.filter(|args| !args.is_null()).map_or("{}".to_owned(), |args| args.to_string());
            self.calls += 1;
            out.push(Event::ToolCall(ToolCall { id, name: call.name.unwrap_or_default(), arguments, signature }));
        } else if !text.is_empty() {
            out.push(if part.thought.unwrap_or(false) { Event::Reasoning(text) } else { Event::Text(text) });
        } else if let Some(signature) = signature {
            // With a text even where the server sent none: it refuses a part that has only a signature.
            out.push(Event::Replay(json!({"text": "", "thoughtSignature": signature})));
        }
    }

    /// Each count stands for the whole answer so far. Those that are left out, as the last response of a filtered answer
    /// does, stay as they were.
    fn usage(&mut self, counts: Option<Counts>, out: &mut Vec<Event>) {
        let (counts, before) = (counts.unwrap_or_default(), self.usage);
        let reasoning = counts.thoughts_token_count.unwrap_or(before.reasoning);
        let answer = counts.candidates_token_count.unwrap_or(before.output.saturating_sub(before.reasoning));
        self.usage = Usage {
            input: counts.prompt_token_count.unwrap_or(before.input),
            output: answer.saturating_add(reasoning),
            cached_input: counts.cached_content_token_count.unwrap_or(before.cached_input),
            cache_written: 0,
            reasoning,
        };
        if self.usage != before {
            out.push(Event::Usage(self.usage));
        }
    }
}

impl Decoder for GeminiDecoder {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<Event>) -> Result<Step, Fault> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(Step::Nothing);
        }
        let value = serde_json::from_str(data).map_err(|error| Fault::Malformed(error.to_string()))?;
        self.response(value, out)
    }

    fn end(&mut self, _: &mut Vec<Event>) -> Result<(), Fault> {
        Err(Fault::Truncated)
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<Event>) -> Result<(), Fault> {
        let value = serde_json::from_slice(body).map_err(|_| Fault::NotAnAnswer)?;
        match self.response(value, out) {
            Ok(Step::Done) => Ok(()),
            Err(reply @ Fault::Reply(_)) => Err(reply),
            _ => Err(Fault::NotAnAnswer),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Counts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Counts {
    /// Those from the cache included.
    prompt_token_count: Option<u64>,
    /// Thoughts not included.
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Content {
    parts: Option<Vec<AnswerPart>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerPart {
    text: Option<String>,
    /// The text is a summary of thoughts.
    thought: Option<bool>,
    thought_signature: Option<String>,
    function_call: Option<FunctionCall>,
}

#[derive(Deserialize)]
struct FunctionCall {
    /// Gemini 2.5 gives none.
    id: Option<String>,
    name: Option<String>,
    args: Option<Value>,
}

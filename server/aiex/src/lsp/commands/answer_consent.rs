//! `aiex.answerConsent`: the user's answer to the open question whether code may be sent, in editors that can't ask.

use serde_json::Value;
use tower_lsp::jsonrpc::Result;

use crate::lsp::{consent, session::Server};

/// `aiex.answerConsent {allow}`. Answers nothing; where no question is open, does nothing.
pub async fn answer_consent(server: &Server, argument: &Value) -> Result<Option<Value>> {
    let Some(allow) = argument.get("allow").and_then(Value::as_bool) else {
        return Err(super::invalid("the argument must say {\"allow\": true} or {\"allow\": false}".to_owned()));
    };
    if let Some(open) = server.open_consent() {
        consent::keep(server, open, allow).await;
    }
    Ok(None)
}

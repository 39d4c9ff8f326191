//! What a repository may set: style, budgets downwards, excludes, and a choice among models that the user configured.
//!
//! Applies to the workspace's file and to the editor's settings, into which editors merge the repository's own.

use serde_json::{Map, Value};

use super::{
    Config, Problem,
    layer::{Layer, Source, join},
};

/// Takes out of an untrusted layer what it may not set, and reports it.
pub fn restrict(layer: &mut Layer, trusted: &Config, problems: &mut Vec<Problem>) {
    let mut values = std::mem::take(&mut layer.values);
    let mut refused = Vec::new();
    table(&mut values, "", trusted, &mut refused);
    layer.values = values;
    let writer = match layer.source {
        Source::Workspace(_) => "a workspace's file",
        _ => "the editor's settings (a repository can write to them)",
    };
    problems.extend(refused.into_iter().map(|(path, why)| Problem {
        place: layer.place(&path),
        message: format!("`{path}` cannot be set by {writer}: {why}"),
    }));
}

fn table(values: &mut Map<String, Value>, prefix: &str, trusted: &Config, refused: &mut Vec<(String, &'static str)>) {
    values.retain(|key, value| {
        let path = join(prefix, key);
        if let Value::Object(values) = value
            && !matches!(path.as_str(), "providers" | "trust" | "routing")
        {
            table(values, &path, trusted, refused);
            return true;
        }
        match allowed(&path, value, trusted) {
            Ok(()) => true,
            Err(why) => {
                refused.push((path, why));
                false
            }
        }
    });
}

const USER_ONLY: &str = "it belongs in your own configuration file; `aiex config path` shows where that is";

fn allowed(path: &str, value: &Value, trusted: &Config) -> Result<(), &'static str> {
    let unless = |allowed: bool, why| if allowed { Ok(()) } else { Err(why) };
    match path {
        "language" | "hover.facts" | "edits.verify" | "chat.stream" | "privacy.exclude" => Ok(()),
        "model" | "fast_model" => {
            let configured = trusted.model.iter().chain(&trusted.fast_model).chain(&trusted.routing.fallbacks);
            let known = configured.into_iter().any(|model| value == model) || value == "offline";
            unless(known, "it may only choose among the models that your own configuration names")
        }
        "limits.daily_cost_usd" => {
            let lower = match (value.as_f64(), trusted.limits.daily_cost_usd) {
                (Some(new), Some(limit)) => new <= limit,
                (new, None) => new.is_some(),
                _ => false,
            };
            unless(lower, "it may only lower your own limit")
        }
        "context.budget_tokens" => unless(
            value.as_u64().is_some_and(|new| new <= trusted.context.budget_tokens),
            "it may only lower your own budget",
        ),
        "edits.max_repairs" => unless(
            value.as_u64().is_some_and(|new| new <= trusted.edits.max_repairs),
            "it may only lower your own limit",
        ),
        "privacy.local_only" | "privacy.redact_secrets" => {
            unless(value == &Value::Bool(true), "it may only be switched on there")
        }
        _ => Err(USER_ONLY),
    }
}

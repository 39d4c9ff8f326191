//! `aiex doctor`: what was found, what is wrong, and the one command that would mend it.

use std::{process::ExitCode, sync::Arc, time::SystemTime};

use anyhow::Result;
use serde::Serialize;

use super::{
    print,
    providers::{self, State},
};
use crate::{
    config::{self, Loaded, Places},
    engine::{Engine, Engines},
    keys, paths, workspace,
};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: Verdict,
    /// What was found.
    detail: String,
    /// What would mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warning,
    Error,
}

pub(super) fn doctor(json: bool) -> Result<ExitCode> {
    let workspace = workspace::root_of(std::path::Path::new("."));
    let loaded = Arc::new(config::load(&Places { workspaces: vec![workspace], ..Places::default() }));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let findings = runtime.block_on(examine(&loaded));
    if json {
        print(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?;
    } else {
        print(&findings.iter().map(line).collect::<String>())?;
    }
    let is_ill = findings.iter().any(|finding| finding.state == Verdict::Error);
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn line(finding: &Finding) -> String {
    let mark = match finding.state {
        Verdict::Ok => "ok     ",
        Verdict::Warning => "warning",
        Verdict::Error => "error  ",
    };
    let fix = finding.fix.as_ref().map(|fix| format!("\n         to mend it: {fix}")).unwrap_or_default();
    format!("{mark}  {}: {}{fix}\n", finding.check, finding.detail)
}

async fn examine(loaded: &Arc<Loaded>) -> Vec<Finding> {
    let engines = Engines::default();
    let mut findings = vec![configuration(loaded)];
    let engine = engines.of(loaded).await;
    let asked = match &engine {
        Ok(Engine::Offline) => None,
        Ok(Engine::Model(model) | Engine::Detected(model, _)) => Some(model.name.clone()),
        Err(_) => None,
    };
    findings.push(match engine {
        Err(error) => Finding {
            check: "model",
            state: Verdict::Error,
            detail: error.to_string(),
            fix: Some(format!("edit {}", config_path())),
        },
        Ok(Engine::Offline) => Finding {
            check: "model",
            state: Verdict::Warning,
            detail: "no model is configured, no key is in the environment, and no local server answers: Aiex answers from the parse".to_owned(),
            fix: Some("`ollama pull qwen2.5-coder:7b`, or export a provider's key, such as ANTHROPIC_API_KEY".to_owned()),
        },
        Ok(Engine::Detected(model, detected)) => Finding {
            check: "model",
            state: Verdict::Ok,
            detail: format!("{}, found by {}; each workspace asks once before code is sent", model.name, detected.variable),
            fix: Some(format!("`model = \"{}\"` in {} chooses it for good", model.name, config_path())),
        },
        Ok(Engine::Model(model)) => {
            let found = if loaded.config.model.is_some() { "configured" } else { "found on this computer" };
            Finding { check: "model", state: Verdict::Ok, detail: format!("{}, {found}", model.name), fix: None }
        }
    });
    for shown in providers::all(loaded, true).await {
        let is_asked =
            asked.as_deref().and_then(|model| model.split_once('/')).is_some_and(|(name, _)| name == shown.name);
        let (state, fix) = match shown.state {
            State::Ok if shown.detail.contains("not in its list") => {
                (Verdict::Warning, Some(format!("choose one of its models in {}", config_path())))
            }
            State::Ok => (Verdict::Ok, None),
            State::NoKey => (severity(is_asked), Some(shown.detail.clone())),
            State::Unreachable | State::Error => {
                (severity(is_asked), Some(format!("check [providers.{}] in {}", shown.name, config_path())))
            }
        };
        let detail = match shown.state {
            State::NoKey => format!("{} has no key", shown.name),
            _ => {
                let latency = shown.latency_ms.map(|ms| format!(" in {ms} ms")).unwrap_or_default();
                format!("{}{latency}: {}", shown.name, shown.detail)
            }
        };
        findings.push(Finding { check: "provider", state, detail, fix });
    }
    findings.push(keychain());
    findings.push(database(&engines, loaded));
    findings
}

/// What is not asked may be ill without harm.
fn severity(is_asked: bool) -> Verdict {
    if is_asked { Verdict::Error } else { Verdict::Warning }
}

fn configuration(loaded: &Loaded) -> Finding {
    let read: Vec<_> = loaded.files.iter().filter(|(_, found)| found.is_some()).collect();
    match loaded.problems.first() {
        Some(problem) => Finding {
            check: "configuration",
            state: Verdict::Error,
            detail: format!("{} mistakes, the first: {problem}", loaded.problems.len()),
            fix: Some("`aiex config check` lists them".to_owned()),
        },
        None if read.is_empty() => Finding {
            check: "configuration",
            state: Verdict::Ok,
            detail: format!("none; it would be {}", config_path()),
            fix: None,
        },
        None => {
            let files = read.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(", ");
            Finding { check: "configuration", state: Verdict::Ok, detail: files, fix: None }
        }
    }
}

fn keychain() -> Finding {
    match keys::keychain() {
        Ok(()) => Finding { check: "keychain", state: Verdict::Ok, detail: "it can be used".to_owned(), fix: None },
        // Keys in the environment do as well.
        Err(error) => Finding { check: "keychain", state: Verdict::Warning, detail: error, fix: None },
    }
}

fn database(engines: &Engines, loaded: &Loaded) -> Finding {
    let limit = loaded.config.limits.daily_cost_usd;
    let of = limit.map(|limit| format!(" of ${limit:.2}")).unwrap_or_default();
    let spent = engines
        .database
        .open()
        .and_then(|store| store.spent_today(SystemTime::now()).map_err(|error| error.to_string()));
    match spent {
        Ok(today) => {
            Finding { check: "usage", state: Verdict::Ok, detail: format!("${today:.4}{of} spent today"), fix: None }
        }
        Err(error) => Finding { check: "usage", state: severity(limit.is_some()), detail: error, fix: None },
    }
}

fn config_path() -> String {
    paths::config_file().map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string())
}

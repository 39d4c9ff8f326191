//! What editors say of themselves in `initialize`.

use std::path::Path;

use serde_json::{Value, json};
use url::Url;

/// An editor, as it introduces itself.
#[derive(Clone, Debug)]
pub struct Profile {
    params: Value,
    pub(crate) settings: Option<Value>,
}

impl Profile {
    /// An editor with just these capabilities.
    pub fn new(name: &str, capabilities: Value) -> Self {
        let params = json!({
            "processId": std::process::id(),
            "clientInfo": {"name": name},
            "rootUri": null,
            "capabilities": capabilities,
        });
        Self { params, settings: None }
    }

    /// An editor that can do nothing that it need not.
    pub fn minimal() -> Self {
        Self::new("minimal", json!({}))
    }

    /// VS Code, as vscode-languageclient 11 speaks for it.
    pub fn vscode() -> Self {
        Self::new(
            "Visual Studio Code",
            json!({
                "general": {"positionEncodings": ["utf-16"]},
                "workspace": {
                    "applyEdit": true,
                    "workspaceEdit": {"documentChanges": true, "changeAnnotationSupport": {"groupsOnLabel": true}},
                    "configuration": true,
                    "didChangeConfiguration": {"dynamicRegistration": true},
                    "didChangeWatchedFiles": {"dynamicRegistration": true, "relativePatternSupport": true},
                    "executeCommand": {"dynamicRegistration": true},
                    "workspaceFolders": true,
                },
                "textDocument": {
                    "synchronization": {"dynamicRegistration": true, "didSave": true},
                    "hover": {"dynamicRegistration": true, "contentFormat": ["markdown", "plaintext"]},
                    "codeAction": {
                        "dynamicRegistration": true,
                        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [
                            "", "quickfix", "refactor", "refactor.extract", "refactor.inline", "refactor.rewrite",
                            "source", "source.organizeImports",
                        ]}},
                        "resolveSupport": {"properties": ["edit"]},
                    },
                },
                "window": {
                    "workDoneProgress": true,
                    "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
                    "showDocument": {"support": true},
                },
            }),
        )
    }

    /// Neovim 0.12.
    pub fn neovim() -> Self {
        Self::new(
            "Neovim",
            json!({
                "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
                "workspace": {
                    "applyEdit": true,
                    "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
                    "configuration": true,
                    "didChangeConfiguration": {"dynamicRegistration": false},
                    "didChangeWatchedFiles": {"dynamicRegistration": false, "relativePatternSupport": true},
                    "workspaceFolders": true,
                },
                "textDocument": {
                    "synchronization": {"dynamicRegistration": false, "didSave": true},
                    "hover": {"dynamicRegistration": true, "contentFormat": ["markdown", "plaintext"]},
                    "codeAction": {
                        "dynamicRegistration": true,
                        "isPreferredSupport": true,
                        "dataSupport": true,
                        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [
                            "", "quickfix", "refactor", "refactor.extract", "refactor.inline", "refactor.rewrite",
                            "source", "source.organizeImports",
                        ]}},
                        "resolveSupport": {"properties": ["edit", "command"]},
                    },
                },
                "window": {
                    "workDoneProgress": true,
                    "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
                    "showDocument": {"support": true},
                },
            }),
        )
    }

    /// Helix 25.07.
    pub fn helix() -> Self {
        Self::new(
            "helix",
            json!({
                "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
                "workspace": {
                    "applyEdit": true,
                    "workspaceEdit": {"documentChanges": true, "failureHandling": "abort"},
                    "configuration": true,
                    "didChangeConfiguration": {"dynamicRegistration": false},
                    "didChangeWatchedFiles": {"dynamicRegistration": true, "relativePatternSupport": false},
                    "executeCommand": {"dynamicRegistration": false},
                    "workspaceFolders": true,
                },
                "textDocument": {
                    "hover": {"contentFormat": ["markdown"]},
                    "codeAction": {
                        "isPreferredSupport": true,
                        "disabledSupport": true,
                        "dataSupport": true,
                        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [
                            "", "quickfix", "refactor", "refactor.extract", "refactor.inline", "refactor.rewrite",
                            "source", "source.organizeImports",
                        ]}},
                        "resolveSupport": {"properties": ["edit", "command"]},
                    },
                },
                "window": {"workDoneProgress": true, "showDocument": {"support": true}},
            }),
        )
    }

    /// With this folder open.
    pub fn workspace(mut self, folder: &Path) -> Self {
        let uri = Url::from_directory_path(folder).expect("an absolute path");
        let uri = uri.as_str().trim_end_matches('/');
        self.params["rootUri"] = uri.into();
        self.params["workspaceFolders"] = json!([{"uri": uri, "name": "workspace"}]);
        self
    }

    /// With these `initializationOptions`.
    pub fn options(mut self, options: Value) -> Self {
        self.params["initializationOptions"] = options;
        self
    }

    /// With these settings, as answered to `workspace/configuration` for the section `aiex`.
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// With this `processId`.
    pub fn process_id(mut self, id: impl Into<Value>) -> Self {
        self.params["processId"] = id.into();
        self
    }

    /// With this capability, named by its JSON pointer such as `/window/showDocument`, or without it where null.
    pub fn capability(mut self, pointer: &str, value: Value) -> Self {
        let mut at = &mut self.params["capabilities"];
        for name in pointer.split('/').skip(1) {
            at = &mut at[name];
        }
        *at = value;
        self
    }

    /// The parameters of `initialize`.
    pub fn initialize_params(&self) -> Value {
        self.params.clone()
    }
}

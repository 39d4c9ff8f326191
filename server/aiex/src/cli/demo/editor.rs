//! The demo's editor: starts the server, asks, and answers what the server asks. It applies edits as editors do: to the
//! version that they were made for only.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use aiex_text::{Change, Document, Encoding, Position, Text};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// An editor with one server.
pub(super) struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: i64,
    shown: Option<String>,
    /// The open document and its URI.
    open: Option<(String, Document)>,
    /// The last message to the user.
    said: Option<String>,
}

impl Editor {
    /// Starts `aiex lsp` for a workspace, with nothing configured and its files kept inside.
    pub(super) fn start(workspace: &Path) -> Result<Self> {
        let own = std::env::current_exe().context("the program's own file is not known")?;
        let mut command = Command::new(own);
        command.arg("lsp").env("AIEX_HOME", workspace.join(".aiex-demo"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("AIEX_") && name != "AIEX_HOME") {
                command.env_remove(name);
            }
        }
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the server could not be started")?;
        let input = server.stdin.take().context("the server has no input")?;
        let output = BufReader::new(server.stdout.take().context("the server has no output")?);
        let mut editor = Self { server, input, output, last: 0, shown: None, open: None, said: None };
        let capabilities = json!({
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}},
            },
            "window": {"showDocument": {"support": true}},
            "workspace": {"applyEdit": true, "workspaceEdit": {"documentChanges": true}},
        });
        editor.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "clientInfo": {"name": "aiex demo"},
                "rootUri": url::Url::from_directory_path(workspace).ok().map(String::from),
                "capabilities": capabilities,
            }),
        )?;
        editor.notify("initialized", &json!({}))?;
        Ok(editor)
    }

    /// Opens the document.
    pub(super) fn open(&mut self, uri: &str, language: &str, text: &str) -> Result<()> {
        self.open = Some((uri.to_owned(), Document::new(Text::new(text), 1, language)));
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", &json!({"textDocument": document}))
    }

    /// Asks, and waits for the answer.
    pub(super) fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let message = self.receive()?;
            if message.get("method").is_none() && message.get("id") == Some(&json!(id)) {
                if let Some(error) = message.get("error") {
                    bail!("the server answered {method} with an error: {error}");
                }
                return Ok(message.get("result").cloned().unwrap_or_default());
            }
        }
    }

    /// Waits until the server has a document shown, and returns its path.
    pub(super) fn shown_document(&mut self) -> Result<String> {
        while self.shown.is_none() {
            self.receive()?;
        }
        let uri = self.shown.take().unwrap_or_default();
        let path = url::Url::parse(&uri).ok().and_then(|uri| uri.to_file_path().ok());
        Ok(path.context("the server showed no file")?.display().to_string())
    }

    /// Waits until the server has something to say, and returns it.
    pub(super) fn message(&mut self) -> Result<String> {
        while self.said.is_none() {
            self.receive()?;
        }
        Ok(self.said.take().unwrap_or_default())
    }

    /// The text of the document as it stands.
    pub(super) fn text(&self) -> String {
        self.open.as_ref().map(|(_, document)| document.text().to_string()).unwrap_or_default()
    }

    /// Applies an edit, and tells the server of the change.
    fn apply(&mut self, edit: &Value) -> Result<()> {
        let (uri, document) = self.open.as_mut().context("no document is open")?;
        let all = edit.get("documentChanges").and_then(Value::as_array).context("an edit without versions")?;
        for one in all {
            let of = |name: &str| one.pointer("/textDocument").and_then(|document| document.get(name));
            ensure!(of("uri").and_then(Value::as_str) == Some(uri), "an edit of another document");
            ensure!(of("version").and_then(Value::as_i64) == Some(document.version().into()), "an outdated edit");
            let edits = one.get("edits").and_then(Value::as_array).context("no edits")?;
            let mut changes =
                edits.iter().map(change).collect::<Option<Vec<_>>>().context("an edit without a place")?;
            // All are of the text before: made from its end, none moves another.
            changes.sort_by_key(|(change, _)| std::cmp::Reverse(change.range));
            let version = document.version() + 1;
            let (changes, told): (Vec<Change>, Vec<Value>) = changes.into_iter().unzip();
            document.change(version, &changes, Encoding::Utf16);
            let params = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": told});
            let message = json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params});
            write_message(&mut self.input, &message)?;
        }
        Ok(())
    }

    /// Ends the server.
    pub(super) fn stop(mut self) -> Result<()> {
        self.request("shutdown", &Value::Null)?;
        self.notify("exit", &Value::Null)?;
        self.server.wait()?;
        Ok(())
    }

    fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        write_message(&mut self.input, message)
    }

    /// The next message; what the server asks is answered on the way.
    fn receive(&mut self) -> Result<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                bail!("the server ended; its log says why");
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().ok(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length.context("the server sent a message without a length")?];
        self.output.read_exact(&mut body)?;
        let message: Value = serde_json::from_slice(&body)?;
        if message.get("method") == Some(&json!("window/showMessage")) {
            let said = message.pointer("/params/message").and_then(Value::as_str).unwrap_or_default();
            if message.pointer("/params/type") == Some(&json!(1)) {
                bail!("the server says: {said}");
            }
            self.said = Some(said.to_owned());
        }
        if let (Some(method), Some(id)) = (message.get("method"), message.get("id")) {
            let result = match method.as_str() {
                Some("window/showDocument") => {
                    self.shown = message.pointer("/params/uri").and_then(Value::as_str).map(str::to_owned);
                    json!({"success": true})
                }
                Some("workspace/applyEdit") => {
                    match self.apply(message.pointer("/params/edit").unwrap_or(&Value::Null)) {
                        Ok(()) => json!({"applied": true}),
                        Err(reason) => json!({"applied": false, "failureReason": reason.to_string()}),
                    }
                }
                _ => Value::Null,
            };
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
            self.send(&answer)?;
        }
        Ok(message)
    }
}

fn write_message(input: &mut ChildStdin, message: &Value) -> Result<()> {
    let body = message.to_string();
    write!(input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    Ok(input.flush()?)
}

/// A `TextEdit`, as a change and as the change that the server is told of.
fn change(edit: &Value) -> Option<(Change, Value)> {
    let text = edit.get("newText")?.as_str()?;
    let position = |name: &str| {
        let at = edit.get("range")?.get(name)?;
        let number = |name: &str| u32::try_from(at.get(name)?.as_u64()?).ok();
        Some(Position { line: number("line")?, column: number("character")? })
    };
    let range = Some((position("start")?, position("end")?));
    Some((Change { range, text: text.to_owned() }, json!({"range": edit.get("range"), "text": text})))
}

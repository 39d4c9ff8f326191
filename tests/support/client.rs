//! An editor's side of the protocol, over the real process and its pipes. Answers what the server asks, keeps all that
//! it says, and fails the test on an error that the test did not expect.

mod reader;

use std::{
    path::PathBuf,
    process::{Child, Stdio},
    sync::Arc,
    thread,
};

use serde_json::{Value, json};
use url::Url;

use crate::binary::Home;
pub use crate::profile::Profile;
use reader::{Input, Shared, State};

/// An editor with one server. Dropping it asks the server to shut down, and expects exit code 0.
pub struct Client {
    /// Where the server keeps its files.
    pub home: Home,
    child: Child,
    input: Input,
    shared: Arc<Shared>,
    last_id: i64,
    encoding: String,
    shut_down: bool,
    exited: bool,
}

/// A `window/showMessage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 1 error, 2 warning, 3 information, 4 log.
    pub kind: i64,
    /// Its words.
    pub text: String,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// As in JSON-RPC.
    pub code: i64,
    /// Its words.
    pub message: String,
}

impl Client {
    /// Starts a server in a home of its own with nothing configured, and initializes it as VS Code does.
    pub fn vscode() -> Self {
        Self::start(&Home::default(), Profile::vscode())
    }

    /// Likewise, as Neovim does.
    pub fn neovim() -> Self {
        Self::start(&Home::default(), Profile::neovim())
    }

    /// Likewise, as Helix 25.07 does.
    pub fn helix() -> Self {
        Self::start(&Home::default(), Profile::helix())
    }

    /// Starts a server and initializes it.
    pub fn start(home: &Home, profile: Profile) -> Self {
        let mut client = Self::spawn(home, &["lsp"]);
        client.initialize(profile);
        client
    }

    /// Starts `aiex` with these arguments, and says nothing to it.
    pub fn spawn(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.command(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let shared = Arc::<Shared>::default();
        let input = Input::new(child.stdin.take());
        let (output, errors) = (child.stdout.take().expect("stdout"), child.stderr.take().expect("stderr"));
        let (out_input, out_shared, err_shared) = (input.clone(), shared.clone(), shared.clone());
        thread::spawn(move || reader::read_output(output, &out_input, &out_shared));
        thread::spawn(move || reader::read_errors(errors, &err_shared));
        let encoding = "utf-16".to_owned();
        Self { home: home.clone(), child, input, shared, last_id: 0, encoding, shut_down: false, exited: false }
    }

    /// `initialize` and `initialized`. Returns the answer.
    pub fn initialize(&mut self, profile: Profile) -> Value {
        if let Some(settings) = profile.settings.clone() {
            self.set_reply("workspace/configuration", json!([settings]));
        }
        let answer = self.call("initialize", profile.initialize_params());
        if let Some(encoding) = answer["capabilities"]["positionEncoding"].as_str() {
            self.encoding = encoding.to_owned();
        }
        self.notify("initialized", json!({}));
        answer
    }

    /// The process id of the server.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    // Saying things.

    /// Writes bytes to the server's stdin as they are. That the server is gone is no failure here.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.input.write(bytes.as_ref());
    }

    /// Writes a message in a frame.
    pub fn send(&mut self, message: &Value) {
        self.write(frame(message));
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&notification(method, params));
    }

    /// Sends a request, and returns its id at once.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        let (id, message) = self.prepare(method, params);
        self.send(&message);
        id
    }

    /// A request that is not sent yet, with its id: for a burst of messages in one write.
    pub fn prepare(&mut self, method: &str, params: Value) -> (i64, Value) {
        self.last_id += 1;
        let mut message = notification(method, params);
        message["id"] = self.last_id.into();
        (self.last_id, message)
    }

    /// Asks that a request be cancelled.
    pub fn cancel(&mut self, id: i64) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    /// Closes the server's stdin.
    pub fn close_input(&mut self) {
        self.input.close();
    }

    // Hearing things.

    /// Waits for the answer to a request: its result.
    #[track_caller]
    pub fn wait(&mut self, id: i64) -> Value {
        self.answer(id).unwrap_or_else(|error| panic!("request {id} was answered with {error:?}"))
    }

    /// Waits for the answer to a request, which must be an error.
    #[track_caller]
    pub fn wait_error(&mut self, id: i64) -> RpcError {
        let answer = self.answer(id);
        answer.map_or_else(|error| error, |result| panic!("request {id} was answered with {result}"))
    }

    /// Waits for the answer to a request.
    #[track_caller]
    pub fn answer(&mut self, id: i64) -> Result<Value, RpcError> {
        let found = self.until(&format!("the answer to request {id}"), |state| state.take_answer(&json!(id)));
        Self::read_answer(&found)
    }

    /// Waits for an error answer to a request whose id is no number.
    #[track_caller]
    pub fn wait_error_of(&mut self, id: &Value) -> RpcError {
        let found = self.until(&format!("the answer to request {id}"), |state| state.take_answer(id));
        Self::read_answer(&found).expect_err("an error")
    }

    /// Waits for an error answer without an id: to something that was no request.
    #[track_caller]
    pub fn wait_error_without_id(&mut self) -> RpcError {
        self.wait_error_of(&Value::Null)
    }

    /// Passes over the error answers without an id that have come so far.
    pub fn forgive_errors_without_id(&mut self) {
        while self.shared.lock().take_answer(&Value::Null).is_some() {}
    }

    fn read_answer(answer: &Value) -> Result<Value, RpcError> {
        match answer.get("error") {
            None => Ok(answer["result"].clone()),
            Some(error) => Err(RpcError {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Sends a request and waits for its result.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.wait(id)
    }

    /// Sends a request and waits for its answer, which must be an error.
    #[track_caller]
    pub fn call_error(&mut self, method: &str, params: Value) -> RpcError {
        let id = self.request(method, params);
        self.wait_error(id)
    }

    /// Waits until the server has read all that was sent so far, and has come with all that it had said until then.
    #[track_caller]
    pub fn sync(&mut self) {
        assert_eq!(self.call_error("aiex/nothing", Value::Null).code, -32601);
    }

    /// Waits for a notification or request of the server that no wait has returned yet, and returns its parameters.
    #[track_caller]
    pub fn next(&mut self, method: &str, mut passes: impl FnMut(&Value) -> bool) -> Value {
        self.until(method, |state| state.take(method, &mut passes))
    }

    /// Everything of that method which came so far, waited for or not.
    pub fn all(&mut self, method: &str) -> Vec<Value> {
        self.shared.lock().all(method)
    }

    /// Waits for a `window/showMessage` whose text has all of these in it. Only then may it be an error or warning.
    #[track_caller]
    pub fn message(&mut self, parts: &[&str]) -> Message {
        let has_all = |params: &Value| {
            let text = params["message"].as_str().unwrap_or_default();
            parts.iter().all(|part| text.contains(part))
        };
        read_message(&self.next("window/showMessage", has_all))
    }

    /// Every `window/showMessage` so far, waited for or not.
    pub fn messages(&mut self) -> Vec<Message> {
        self.all("window/showMessage").iter().map(read_message).collect()
    }

    /// Waits for a `window/showDocument`, and returns the file.
    #[track_caller]
    pub fn shown(&mut self) -> PathBuf {
        let params = self.next("window/showDocument", |_| true);
        let uri = Url::parse(params["uri"].as_str().expect("a uri")).expect("a valid uri");
        uri.to_file_path().expect("a file")
    }

    /// Waits for a `window/showDocument`, and returns what is in the file.
    #[track_caller]
    pub fn shown_text(&mut self) -> String {
        std::fs::read_to_string(self.shown()).expect("the document that is shown")
    }

    /// Waits for the end of a progress, and returns all that came of it, from `begin` to `end`.
    #[track_caller]
    pub fn progress(&mut self, token: &Value) -> Vec<Value> {
        let of_token = |params: &Value| params["token"] == *token;
        self.next("$/progress", |params| of_token(params) && params["value"]["kind"] == "end");
        let all = self.all("$/progress").into_iter().filter(of_token);
        all.map(|params| params["value"].clone()).collect()
    }

    /// Waits until stderr has this in a line, and returns what follows it there.
    #[track_caller]
    pub fn wait_log(&mut self, part: &str) -> String {
        let rest = |log: &str| Some(log.split_once(part)?.1.split_once('\n')?.0.to_owned());
        self.until(&format!("{part:?} in the log"), |state| rest(state.log()))
    }

    /// What came on stderr so far.
    pub fn log(&mut self) -> String {
        self.shared.lock().log().to_owned()
    }

    /// From now on, answers the server's requests of this method with this result.
    pub fn set_reply(&mut self, method: &str, result: Value) {
        self.shared.lock().set_reply(method, result);
    }

    /// From now on, leaves the server's requests of this method without an answer.
    pub fn never_reply(&mut self, method: &str) {
        self.shared.lock().never_reply(method);
    }

    #[track_caller]
    fn until<T>(&self, what: &str, found: impl FnMut(&mut State) -> Option<T>) -> T {
        self.shared.wait(found).unwrap_or_else(|| panic!("waited in vain for {what}"))
    }

    // Documents.

    /// Opens a document, at version 1.
    pub fn open(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Opens a document whose text marks one place by `$0`, and returns that position.
    pub fn open_marked(&mut self, uri: &str, language: &str, marked: &str) -> Value {
        let (text, offset) = mark(marked);
        self.open(uri, language, &text);
        self.position(&text, offset)
    }

    /// Changes a document: `changes` is the list `contentChanges`.
    pub fn change(&mut self, uri: &str, version: i64, changes: Value) {
        self.notify("textDocument/didChange", did_change(uri, version, changes));
    }

    /// Closes a document.
    pub fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// The position of a byte offset, in the encoding that was agreed on.
    pub fn position(&self, text: &str, offset: usize) -> Value {
        position(text, offset, &self.encoding)
    }

    /// Hovers, and returns the text that is shown.
    #[track_caller]
    pub fn hover(&mut self, uri: &str, position: &Value) -> Option<String> {
        let hover = self.call("textDocument/hover", at(uri, position));
        hover["contents"]["value"].as_str().map(str::to_owned)
    }

    /// The code actions at a place.
    #[track_caller]
    pub fn code_actions(&mut self, uri: &str, position: &Value, only: Option<&[&str]>) -> Vec<Value> {
        let mut context = json!({"diagnostics": []});
        if let Some(only) = only {
            context["only"] = json!(only);
        }
        let range = json!({"start": position, "end": position});
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        self.call("textDocument/codeAction", params).as_array().cloned().unwrap_or_default()
    }

    /// Executes a command, and returns its answer. Without an argument where it is null.
    #[track_caller]
    pub fn execute(&mut self, command: &str, argument: Value) -> Value {
        self.call("workspace/executeCommand", command_params(command, argument))
    }

    /// Executes a command that begins a run, and returns the run's id.
    #[track_caller]
    pub fn run(&mut self, command: &str, argument: Value) -> u64 {
        let answer = self.execute(command, argument);
        answer["run"].as_u64().unwrap_or_else(|| panic!("{command} answered {answer}, without a run"))
    }

    // The end.

    /// `shutdown`, and waits for its answer.
    #[track_caller]
    pub fn shutdown(&mut self) {
        let answer = self.call("shutdown", Value::Null);
        assert_eq!(answer, Value::Null);
        self.shut_down = true;
    }

    /// Waits until the process has ended of itself, and returns its exit code. Nothing more is asserted at the end.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        self.exited = true;
        self.until("the end of the process", |state| state.has_ended().then_some(()));
        // Its output has ended, and it closes that only by ending.
        self.child.wait().expect("the server's status").code().expect("an exit code, not a signal")
    }

    fn end(&mut self) -> thread::Result<()> {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if !self.exited {
                if !self.shut_down {
                    self.shutdown();
                }
                self.notify("exit", Value::Null);
                assert_eq!(self.exit_code(), 0, "the exit code after shutdown and exit");
            }
            self.check_nothing_unexpected();
        }))
    }

    /// Fails on what a test must expect or not have.
    fn check_nothing_unexpected(&self) {
        let unexpected = self.shared.lock().unexpected();
        assert!(unexpected.is_empty(), "the server said what the test did not expect: {unexpected:#?}");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let failed = thread::panicking();
        let asserted = if failed { Ok(()) } else { self.end() };
        let _ = self.child.kill();
        let _ = self.child.wait();
        if failed || asserted.is_err() {
            eprintln!("{}", self.shared.lock());
        }
        if let Err(failure) = asserted {
            std::panic::resume_unwind(failure);
        }
    }
}

/// A message as it goes over the wire.
pub fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A notification. `params` null leaves them out.
pub fn notification(method: &str, params: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

/// The parameters of `textDocument/didChange`.
pub fn did_change(uri: &str, version: i64, changes: Value) -> Value {
    json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": changes})
}

/// The parameters of `workspace/executeCommand`.
pub fn command_params(command: &str, argument: Value) -> Value {
    let mut params = json!({"command": command});
    if !argument.is_null() {
        params["arguments"] = json!([argument]);
    }
    params
}

/// A place as parameters of a request and as argument of a command, with a `range` of no characters.
pub fn at(uri: &str, position: &Value) -> Value {
    let range = json!({"start": position, "end": position});
    json!({"textDocument": {"uri": uri}, "position": position, "uri": uri, "range": range})
}

/// Takes the mark `$0` out of a text, and returns its byte offset.
pub fn mark(marked: &str) -> (String, usize) {
    let offset = marked.find("$0").expect("a mark $0");
    (marked.replacen("$0", "", 1), offset)
}

/// The position of a byte offset in an encoding. Lines end as the protocol says: LF, CRLF or CR.
pub fn position(text: &str, offset: usize, encoding: &str) -> Value {
    let before = &text[..offset];
    let ends = before.char_indices().filter(|(at, char)| match char {
        '\n' => true,
        '\r' => !text[at + 1..].starts_with('\n'),
        _ => false,
    });
    let starts: Vec<_> = ends.map(|(at, _)| at + 1).collect();
    let line = &before[starts.last().copied().unwrap_or(0)..];
    let character = match encoding {
        "utf-8" => line.len(),
        "utf-16" => line.encode_utf16().count(),
        "utf-32" => line.chars().count(),
        other => panic!("{other} is no encoding of the protocol"),
    };
    json!({"line": starts.len(), "character": character})
}

fn read_message(params: &Value) -> Message {
    Message {
        kind: params["type"].as_i64().unwrap_or_default(),
        text: params["message"].as_str().unwrap_or_default().to_owned(),
    }
}

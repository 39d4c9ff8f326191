//! What the editor can do, as it said in `initialize`, and what Aiex answers.

use aiex_text::Encoding;
use tower_lsp::gen_lsp_types::{
    ChangeNotifications, ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProvider,
    ExecuteCommandOptions, HoverProvider, MarkupKind, PositionEncodingKind, Save, ServerCapabilities, TextDocumentSync,
    TextDocumentSyncKind, TextDocumentSyncOptions, WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};

use super::{commands, convert};

/// What the editor can do. The default is the least.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    /// The unit of columns that both agreed on.
    pub encoding: Encoding,
    /// Hovers may be Markdown.
    pub markdown_hover: bool,
    /// Code actions may be more than commands.
    pub code_action_literals: bool,
    /// Shows progress that the server begins.
    pub progress: bool,
    /// Opens documents that the server names.
    pub show_document: bool,
    /// Asks the user what the server asks (`window/showMessageRequest`).
    pub message_request: bool,
    /// Answers `workspace/configuration`.
    pub configuration: bool,
    /// Lets the server ask for `didChangeConfiguration`.
    pub register_configuration: bool,
    /// Lets the server ask for changes of files.
    pub register_watched_files: bool,
    /// Asks the user before it makes changes that are marked so.
    pub change_annotations: bool,
    /// Takes edits by file only, without versions. Neovim says nothing of edits with versions, and takes them.
    pub only_plain_edits: bool,
    /// Neovim does not check an edit of version 0, which a document has from it until the user changes it, and then one
    /// far above 1.
    pub unchecked_zero: bool,
}

impl Editor {
    /// From the capabilities in `initialize`.
    pub fn new(capabilities: &ClientCapabilities) -> Self {
        let window = capabilities.window.as_ref();
        let workspace = capabilities.workspace.as_ref();
        let text_document = capabilities.text_document.as_ref();
        let hover_formats =
            text_document.and_then(|all| all.hover.as_ref()).and_then(|hover| hover.content_format.as_ref());
        let dynamic = |registration: Option<bool>| registration.unwrap_or(false);
        let edits = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        Self {
            encoding: encoding(capabilities),
            change_annotations: edits.is_some_and(|edits| edits.change_annotation_support.is_some()),
            unchecked_zero: false,
            only_plain_edits: edits.is_some_and(|edits| edits.document_changes == Some(false)),
            // A client that says nothing of formats gets Markdown, as clients before 3.3 expect.
            markdown_hover: hover_formats.is_none_or(|formats| formats.contains(&MarkupKind::Markdown)),
            code_action_literals: text_document
                .and_then(|all| all.code_action.as_ref())
                .is_some_and(|actions| actions.code_action_literal_support.is_some()),
            progress: window.and_then(|window| window.work_done_progress).unwrap_or(false),
            show_document: window.and_then(|window| window.show_document.as_ref()).is_some_and(|show| show.support),
            message_request: window.is_some_and(|window| window.show_message.is_some()),
            configuration: workspace.and_then(|workspace| workspace.configuration).unwrap_or(false),
            register_configuration: workspace
                .and_then(|workspace| workspace.did_change_configuration.as_ref())
                .is_some_and(|one| dynamic(one.dynamic_registration)),
            register_watched_files: workspace
                .and_then(|workspace| workspace.did_change_watched_files.as_ref())
                .is_some_and(|one| dynamic(one.dynamic_registration)),
        }
    }
}

/// The client's first choice among those that Aiex speaks (all three); UTF-16 where it offers none.
fn encoding(capabilities: &ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let known =
        |kind: &PositionEncodingKind| Encoding::ALL.into_iter().find(|one| convert::encoding_kind(*one) == *kind);
    offered.and_then(|kinds| kinds.iter().find_map(known)).unwrap_or_default()
}

/// What Aiex can do for this editor.
pub fn server_capabilities(editor: &Editor) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(convert::encoding_kind(editor.encoding)),
        text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::Incremental),
            save: Some(Save::Bool(true)),
            ..Default::default()
        })),
        hover_provider: Some(HoverProvider::Bool(true)),
        code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::RefactorRewrite]),
            resolve_provider: Some(false),
            ..Default::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: commands::NAMES.map(str::to_owned).to_vec(),
            ..Default::default()
        }),
        workspace: Some(WorkspaceOptions {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(ChangeNotifications::Bool(true)),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

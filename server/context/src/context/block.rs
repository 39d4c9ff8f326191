//! The text of pieces: by file, under the heads of what contains them.

use super::Piece;

/// The heading of a file.
pub(super) fn heading(path: &str) -> String {
    format!("## {path}\n")
}

/// What closes the block of a container.
pub(super) fn closing(container: &str) -> &'static str {
    if container.ends_with('{') { "}\n" } else { "end\n" }
}

/// All pieces as one text.
pub(super) fn text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let (mut path, mut container) = ("", None);
    for piece in pieces {
        let same_file = path == &*piece.path;
        if container.is_some() && (!same_file || container != piece.container.as_deref()) {
            text.push_str(closing(container.unwrap_or_default()));
            container = None;
        }
        if !same_file {
            text.push_str(&heading(&piece.path));
            path = &piece.path;
        }
        if let Some(head) = piece.container.as_deref().filter(|head| container != Some(*head)) {
            text.push_str(head);
            text.push('\n');
            container = Some(head);
        }
        text.push_str(&piece.text);
        text.push('\n');
    }
    if let Some(container) = container {
        text.push_str(closing(container));
    }
    text
}

//! The base protocol of LSP 3.17: a `Content-Length` header, a blank line, a body. Reads on after a malformed frame.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest body that is read, in bytes. A larger one is passed over.
const MAX_BODY: usize = 256 * 1024 * 1024;
/// The longest header, in bytes.
const MAX_HEADER: usize = 8 * 1024;
const FIELD: &[u8] = b"content-length:";

/// Why bytes were not a frame. The reader is already behind them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No usable `Content-Length` before the blank line.
    #[error("a message had no valid Content-Length header; it was passed over")]
    Header,
    /// More than the server takes.
    #[error("a message of {0} bytes is over the limit of {MAX_BODY}; it was passed over")]
    TooLarge(usize),
    /// The body is not JSON, often because its length was wrong.
    #[error("a message was not JSON ({0}); it was passed over")]
    Json(String),
}

/// Reads frames from a stream.
pub struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from `stream`, which needs no buffer of its own.
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next message. `Ok(None)` at the end of the stream; an `UnexpectedEof` if it ends inside a frame. A
    /// malformed frame is an inner error, after which reading goes on with the next one that can be made out.
    pub async fn next(&mut self) -> io::Result<Option<Result<serde_json::Value, FrameError>>> {
        let Some((header, end)) = self.header().await? else { return Ok(None) };
        let Some(length) = header else {
            self.drop_front(end);
            return Ok(Some(Err(FrameError::Header)));
        };
        self.drop_front(end);
        if length > MAX_BODY {
            self.skip(length).await?;
            return Ok(Some(Err(FrameError::TooLarge(length))));
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        let body = self.buffer.get(..length).unwrap_or_default();
        let message = serde_json::from_slice(body).map_err(|error| FrameError::Json(error.to_string()));
        // A length that was too long reaches into the next frame: what is malformed ends where that begins.
        let next = message.as_ref().err().and_then(|_| find_field(&self.buffer)).filter(|at| *at < length);
        self.drop_front(next.unwrap_or(length));
        Ok(Some(message))
    }

    /// The length that the header gives, if any, and where its bytes end; `None` at the end of the stream.
    async fn header(&mut self) -> io::Result<Option<(Option<usize>, usize)>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n").map(|at| at + 4) {
                return Ok(Some((content_length(self.buffer.get(..end).unwrap_or_default()), end)));
            }
            if self.buffer.len() > MAX_HEADER {
                // No header is this long. Pass over it, up to where another may begin.
                let end = find_field(self.buffer.get(1..).unwrap_or_default()).map_or(self.buffer.len(), |at| at + 1);
                return Ok(Some((None, end)));
            }
            if self.buffer.is_empty() {
                if self.read().await? == 0 {
                    return Ok(None);
                }
            } else {
                self.fill().await?;
            }
        }
    }

    async fn skip(&mut self, mut length: usize) -> io::Result<()> {
        loop {
            let there = length.min(self.buffer.len());
            self.drop_front(there);
            length -= there;
            if length == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    fn drop_front(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.read().await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the input ended in the middle of a message")),
            _ => Ok(()),
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        // What a large body has made room for is given back once it is handled.
        if self.buffer.is_empty() {
            self.buffer.shrink_to(64 * 1024);
        }
        self.buffer.reserve(16 * 1024);
        self.stream.read_buf(&mut self.buffer).await
    }
}

/// A message as a frame.
pub fn frame(message: &impl serde::Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(message).unwrap_or_default();
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend(body);
    frame
}

/// The last `Content-Length` of a header: after garbage, the one next to the body is the likely one.
fn content_length(header: &[u8]) -> Option<usize> {
    let mut at = find_field(header)?;
    while let Some(next) = header.get(at + FIELD.len()..).and_then(find_field) {
        at += FIELD.len() + next;
    }
    let value = header.get(at + FIELD.len()..)?;
    let value = value.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// Header names are case-insensitive, as in HTTP.
fn find_field(bytes: &[u8]) -> Option<usize> {
    bytes.windows(FIELD.len()).position(|window| window.eq_ignore_ascii_case(FIELD))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(input: &[u8]) -> Vec<String> {
        let mut reader = FrameReader::new(input);
        let mut found = Vec::new();
        loop {
            match reader.next().await {
                Ok(Some(Ok(message))) => found.push(message.to_string()),
                Ok(Some(Err(error))) => found.push(error.to_string()),
                Ok(None) => return found,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }

    const NOT_A_HEADER: &str = "a message had no valid Content-Length header; it was passed over";

    #[tokio::test]
    async fn frames_follow_each_other() {
        assert_eq!(read(b"Content-Length: 2\r\n\r\n{}Content-Length: 2\r\n\r\n[]").await, ["{}", "[]"]);
    }

    #[tokio::test]
    async fn other_fields_and_any_case_are_taken() {
        let input = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:2\r\nX: y\r\n\r\n{}";
        assert_eq!(read(input).await, ["{}"]);
    }

    #[tokio::test]
    async fn reading_goes_on_after_a_header_without_a_length() {
        assert_eq!(read(b"Length: 2\r\n\r\nContent-Length: 2\r\n\r\n{}").await, [NOT_A_HEADER, "{}"]);
        assert_eq!(read(b"Content-Length: -1\r\n\r\nContent-Length: 2\r\n\r\n{}").await, [NOT_A_HEADER, "{}"]);
    }

    #[tokio::test]
    async fn reading_goes_on_after_a_wrong_length() {
        let too_short = read(b"Content-Length: 1\r\n\r\n{}Content-Length: 2\r\n\r\n[]").await;
        assert_eq!(too_short.last().unwrap(), "[]");
        let too_long = read(b"Content-Length: 9\r\n\r\n{}Content-Length: 2\r\n\r\n[]").await;
        assert_eq!(too_long.last().unwrap(), "[]");
    }

    #[tokio::test]
    async fn invalid_utf8_is_not_json() {
        let found = read(b"Content-Length: 4\r\n\r\n\"\xff\xfe\"Content-Length: 2\r\n\r\n{}").await;
        assert!(found[0].starts_with("a message was not JSON"), "{found:?}");
        assert_eq!(found[1], "{}");
    }

    #[tokio::test]
    async fn half_a_frame_is_an_error_and_nothing_is_an_end() {
        assert_eq!(read(b"Content-Length: 20\r\n\r\n{\"a").await, ["the input ended in the middle of a message"]);
        assert_eq!(read(b"Content-Le").await, ["the input ended in the middle of a message"]);
        assert_eq!(read(b"").await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn an_endless_header_is_passed_over() {
        let mut input = vec![b'x'; 100_000];
        input.extend(b"\r\n\r\nContent-Length: 2\r\n\r\n{}");
        assert_eq!(read(&input).await.last().unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_huge_length_reserves_nothing() {
        assert_eq!(
            read(b"Content-Length: 99999999999\r\n\r\n{}").await,
            ["the input ended in the middle of a message"]
        );
    }
}

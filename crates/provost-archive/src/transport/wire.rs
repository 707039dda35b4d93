//! Messages between us and the process at an end: four bytes (the head's length), the head (JSON), and the bytes that it announces.
//!
//! What comes from an end is not trusted: a host may have been taken over.

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The longest head: a page of a list, a thousand paths.
const LONGEST_HEAD: usize = 4 << 20;

/// The longest body: one piece of a file.
pub(super) const PIECE: usize = 128 << 10;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) head: Value,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// A number of the head.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.head.get(key).and_then(Value::as_u64)
    }

    /// A text of the head.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.head.get(key).and_then(Value::as_str)
    }

    /// Whether the head says so.
    pub(super) fn is(&self, key: &str) -> bool {
        self.head.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// Writes a message.
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    mut head: Value,
    body: &[u8],
) -> std::io::Result<()> {
    if !body.is_empty() {
        head["bytes"] = body.len().into();
    }
    let head = head.to_string();
    let length = u32::try_from(head.len()).map_err(|_| wrong("a head that is too long"))?;
    let mut bytes = Vec::with_capacity(4 + head.len() + body.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(body);
    to.write_all(&bytes).await?;
    to.flush().await
}

/// Reads a message.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Message> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LONGEST_HEAD {
        return Err(wrong("what came is no message"));
    }
    let mut head = vec![0; length];
    from.read_exact(&mut head).await?;
    let head: Value = serde_json::from_slice(&head).map_err(|_| wrong("what came is no message"))?;
    let length = match head.get("bytes") {
        None => 0,
        Some(bytes) => bytes.as_u64().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX),
    };
    if length > PIECE {
        return Err(wrong("a piece is too long"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    Ok(Message { head, body })
}

fn wrong(what: &'static str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, json!({"do": "x"}), b"abc").await.unwrap();
        write(&mut bytes, json!({"do": "y"}), b"").await.unwrap();
        let mut from = bytes.as_slice();
        let one = read(&mut from).await.unwrap();
        assert_eq!((one.text("do"), one.body.as_slice()), (Some("x"), b"abc".as_slice()));
        assert_eq!(read(&mut from).await.unwrap().text("do"), Some("y"));
        assert!(read(&mut from).await.is_err());
    }

    #[tokio::test]
    async fn nonsense_is_an_error_and_takes_no_memory() {
        for nonsense in [
            b"Welcome to the machine\n".as_slice(),
            b"\xff\xff\xff\xff",
            b"\0\0\0\x02[]\0",
            b"\0\0\0\x15{\"bytes\":99999999999}x",
            b"\0\0\0\x0c{\"bytes\":-1}x",
            b"\0\0\0\x09not json!",
        ] {
            let read = read(&mut &nonsense[..]).await;
            assert!(read.is_err() || read.unwrap().body.is_empty());
        }
    }
}

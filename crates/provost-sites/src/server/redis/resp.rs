//! As much of Redis' protocol (RESP 2) as an administrator needs.

use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpStream, UnixStream};

/// How long a connection and one answer may take. Redis does one thing at a time, all of them short; one that needs longer is down for
/// all practical purposes.
const ANSWER: Duration = Duration::from_secs(10);

/// Longest line of the protocol, in bytes: an error's text is the longest.
const LINE: u64 = 64 * 1024;

/// Longest text of an answer, in bytes. `INFO` and the rules of a user have some kilobytes.
const TEXT: usize = 16 * 1024 * 1024;

/// Most parts of one list: the users of one instance, or one round of `SCAN`.
const PARTS: usize = 1_000_000;

/// How deep lists lie in lists: those of `ACL GETUSER` lie in one.
const DEPTH: u8 = 8;

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub enum RespError {
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
    /// Nothing came in time.
    #[error("nothing was answered within {} s", ANSWER.as_secs())]
    Timeout,
    /// It answered with an error; no answer repeats a password.
    #[error("it answers: {0}")]
    Refused(String),
    /// It answered what is no answer.
    #[error("it does not speak the protocol of Redis")]
    Protocol,
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Several answers.
    List(Vec<Reply>),
    /// There is no such thing.
    Nothing,
}

impl Reply {
    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The parts of a list; none of anything else.
    pub fn parts(&self) -> &[Self] {
        if let Self::List(parts) = self { parts } else { &[] }
    }

    /// The texts of a list.
    pub fn texts(&self) -> Vec<&str> {
        self.parts().iter().filter_map(Self::text).collect()
    }

    /// What follows a name, in a list of names and what they stand for.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.parts().chunks_exact(2).find(|pair| pair[0].text() == Some(name)).map(|pair| &pair[1])
    }
}

/// A connection. `Debug` is not implemented: passwords went through it.
pub struct Client {
    reader: Box<dyn AsyncBufRead + Unpin + Send>,
    writer: Box<dyn AsyncWrite + Unpin + Send>,
}

impl Client {
    /// Connects to a host and port, or to a Unix socket when the host begins with `/`.
    ///
    /// # Errors
    /// When nobody is there, or not in time.
    pub async fn open(host: &str, port: u16) -> Result<Self, RespError> {
        let connecting = async {
            if host.starts_with('/') {
                let (reader, writer) = UnixStream::connect(host).await?.into_split();
                return Ok(Self::over(reader, writer));
            }
            let (reader, writer) = TcpStream::connect((host, port)).await?.into_split();
            Ok(Self::over(reader, writer))
        };
        tokio::time::timeout(ANSWER, connecting).await.map_err(|_| RespError::Timeout)?
    }

    fn over(
        reader: impl tokio::io::AsyncRead + Unpin + Send + 'static,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        Self { reader: Box::new(BufReader::new(reader)), writer: Box::new(writer) }
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// When the answer is an error, or does not come.
    pub async fn ask(&mut self, words: &[&str]) -> Result<Reply, RespError> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let asking = async {
            self.writer.write_all(request.as_bytes()).await?;
            self.writer.flush().await?;
            read(&mut self.reader, DEPTH).await
        };
        tokio::time::timeout(ANSWER, asking).await.map_err(|_| RespError::Timeout)?
    }
}

type Reading<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Reply, RespError>> + Send + 'a>>;

fn read(reader: &mut (dyn AsyncBufRead + Unpin + Send), depth: u8) -> Reading<'_> {
    Box::pin(async move {
        let line = line(reader).await?;
        let (kind, rest) = line.split_at_checked(1).ok_or(RespError::Protocol)?;
        let number = || rest.parse::<i64>().map_err(|_| RespError::Protocol);
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Err(RespError::Refused(rest.to_owned())),
            ":" => Ok(Reply::Number(number()?)),
            "$" => match number()? {
                -1 => Ok(Reply::Nothing),
                length => text(reader, length).await,
            },
            "*" => match number()? {
                -1 => Ok(Reply::Nothing),
                length => {
                    let length = usize::try_from(length).map_err(|_| RespError::Protocol)?;
                    let depth =
                        depth.checked_sub(1).filter(|_| length <= PARTS).ok_or(RespError::Protocol)?;
                    let mut parts = Vec::new();
                    for _ in 0..length {
                        parts.push(read(reader, depth).await?);
                    }
                    Ok(Reply::List(parts))
                }
            },
            _ => Err(RespError::Protocol),
        }
    })
}

async fn line(reader: &mut (dyn AsyncBufRead + Unpin + Send)) -> Result<String, RespError> {
    let mut line = Vec::new();
    reader.take(LINE).read_until(b'\n', &mut line).await?;
    let line = line.strip_suffix(b"\r\n").ok_or(RespError::Protocol)?;
    String::from_utf8(line.to_vec()).map_err(|_| RespError::Protocol)
}

/// A text that is no UTF-8 is read with its odd bytes replaced: no name of ours has any.
async fn text(reader: &mut (dyn AsyncBufRead + Unpin + Send), length: i64) -> Result<Reply, RespError> {
    let length = usize::try_from(length).ok().filter(|length| *length <= TEXT).ok_or(RespError::Protocol)?;
    let mut bytes = vec![0; length + 2];
    reader.read_exact(&mut bytes).await?;
    if !bytes.ends_with(b"\r\n") {
        return Err(RespError::Protocol);
    }
    bytes.truncate(length);
    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(bytes: &'static [u8]) -> Result<Reply, RespError> {
        read(&mut BufReader::new(bytes), DEPTH).await
    }

    #[tokio::test]
    async fn answers_are_read() {
        let list = answered(b"*4\r\n$5\r\nflags\r\n*1\r\n+on\r\n$1\r\nn\r\n:7\r\n").await.unwrap();
        assert_eq!(list.field("flags").map(Reply::texts), Some(vec!["on"]));
        assert_eq!(list.field("n"), Some(&Reply::Number(7)));
        assert_eq!(answered(b"$-1\r\n").await.unwrap(), Reply::Nothing);
        assert!(
            matches!(answered(b"-NOPERM no\r\n").await, Err(RespError::Refused(why)) if why == "NOPERM no")
        );
    }

    #[tokio::test]
    async fn what_is_no_answer_is_refused() {
        let deep: &'static [u8] = Box::leak("*1\r\n".repeat(20).into_bytes().into_boxed_slice());
        for bytes in [
            b"HTTP/1.1 400\r\n".as_slice(),
            b"$9999999999\r\n",
            b"*9999999999\r\n",
            b"$2\r\nabcd\r\n",
            b"",
            deep,
        ] {
            assert!(answered(bytes).await.is_err(), "{bytes:?}");
        }
    }
}

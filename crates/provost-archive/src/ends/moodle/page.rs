//! How long a live site takes to answer a page.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Page;

/// A page that takes longer is as slow as that: nobody waits for it.
const LONGEST: Duration = Duration::from_secs(20);

/// The time until the first byte of a page, in milliseconds; `None` where nobody answers.
pub(super) async fn time(page: &Page) -> Option<u32> {
    let begun = Instant::now();
    let answered = tokio::time::timeout(LONGEST, first_byte(page)).await;
    match answered {
        Ok(Err(_)) => None,
        Ok(Ok(())) | Err(_) => u32::try_from(begun.elapsed().as_millis()).ok(),
    }
}

async fn first_byte(page: &Page) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(&page.address).await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: provost\r\nConnection: close\r\n\r\n",
        page.path, page.host
    );
    stream.write_all(request.as_bytes()).await?;
    let mut byte = [0; 1];
    stream.read_exact(&mut byte).await.map(|_| ())
}

//! Reading a file at an end into memory.

use camino::Utf8Path;
use serde_json::json;

use super::TransportError;
use super::helper::{Helper, problem};
use super::journey::WINDOW;

/// A whole file, if it is not longer than `longest`.
pub(super) async fn read_back(
    helper: &mut Helper,
    path: &Utf8Path,
    longest: u64,
) -> Result<Vec<u8>, TransportError> {
    let bytes = read_range(helper, path, 0, longest + 1).await?;
    if bytes.len() as u64 > longest {
        return Err(TransportError::Refused(format!(
            "its `{}` is too long",
            path.file_name().unwrap_or_default()
        )));
    }
    Ok(bytes)
}

/// Up to `most` bytes of a file. There are fewer only where the file ends.
pub(super) async fn read_range(
    helper: &mut Helper,
    path: &Utf8Path,
    from: u64,
    most: u64,
) -> Result<Vec<u8>, TransportError> {
    let item = json!({"root": path, "offset": from, "most": most});
    helper.send(json!({"do": "fetch", "items": [item], "credit": WINDOW}), &[]).await?;
    let mut bytes = Vec::new();
    loop {
        let message = helper.receive().await?;
        if let Some(problem) = problem(&message) {
            let side = helper.side();
            return Err(match problem.kind.as_str() {
                "lost" => TransportError::Refused(problem.message),
                _ => problem.general(side),
            });
        }
        if message.is("done") {
            return Ok(bytes);
        }
        if bytes.len() as u64 + message.body.len() as u64 > most {
            return Err(helper.nonsense("more than was asked for"));
        }
        bytes.extend_from_slice(&message.body);
        if !message.body.is_empty() {
            helper.send(json!({"do": "credit", "credit": message.body.len()}), &[]).await?;
        }
    }
}

//! `provost roles export`: role presets, as files of the fleet's repository.

use camino::{Utf8Path, Utf8PathBuf};
use provost_admin::errand::ROLES_PRESET;
use provost_engine::files::write_whole;
use provost_engine::process::Account;
use serde_json::json;

use crate::OpsError;
use crate::copying::look;
use crate::error::io;
use crate::session::Call;

/// Writes one file for each role, in place of what is there, and says which.
///
/// # Errors
/// When the site cannot be read or has no such role, or a file cannot be written.
pub async fn export(
    call: &Call,
    from: &str,
    roles: &[String],
    into: &Utf8Path,
) -> Result<Vec<Utf8PathBuf>, OpsError> {
    let read = look(call, from, &ROLES_PRESET.with(json!({ "roles": roles }))).await?;
    fs_err::create_dir_all(into).map_err(io("write", into))?;
    let mut written = Vec::new();
    for row in &read.rows {
        let [Some(role), Some(xml)] = &row[..] else { continue };
        // Core's own check of short names leaves nothing in them that could be a path.
        let is_name = role.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if !is_name || role.is_empty() {
            let site = from.parse().map_err(|_| OpsError::Interrupted)?;
            return Err(OpsError::Source { site, why: format!("`{role}` is no short name of a role") });
        }
        let file = into.join(format!("{role}.xml"));
        write_whole(&file, xml.as_bytes(), 0o644, &Account::Own).map_err(io("write", &file))?;
        written.push(file);
    }
    Ok(written)
}

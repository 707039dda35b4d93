//! What a template is given: courses, restored by core's own script.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_engine::process::{Account, Program};
use provost_engine::{files as engine_files, process};
use provost_fleet::digest::Digest;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::accounts::User;
use crate::agent::{Agent, CLI_SETTINGS};
use crate::php::Php;
use crate::site::files::PHP_TEMPORARY;
use crate::site::{SiteError, files};

/// Longest restore of one course. One of 95 MB takes 14 s; a course of many gigabytes takes many minutes.
const LONGEST: Duration = Duration::from_hours(2);

/// Longest that one setting may take.
const SETTING: Duration = Duration::from_mins(1);

/// A file whose digest was taken, so that a plan need not read gigabytes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    path: Utf8PathBuf,
    bytes: u64,
    modified: (i64, i64),
    digest: String,
}

/// Digest over the bytes of all courses, in their order. Files that are as they were when the template was made are not read.
pub(super) fn digest(
    cx: &Context,
    base: &Utf8Path,
    site: &Name,
    courses: &[Utf8PathBuf],
) -> Result<String, SiteError> {
    let known = look(base, courses, &read(cx, site))?;
    let all: Vec<&str> = known.iter().map(|one| one.digest.as_str()).collect();
    Ok(Digest::of(all.join("\n").as_bytes()).to_string())
}

/// As [`digest`], and remembers what was read.
pub(super) fn remember(
    cx: &Context,
    base: &Utf8Path,
    site: &Name,
    courses: &[Utf8PathBuf],
) -> Result<String, SiteError> {
    let known = look(base, courses, &read(cx, site))?;
    let path = record(cx, site);
    let text = serde_json::to_vec(&known).unwrap_or_default();
    engine_files::directory(&cx.paths.site(site), 0o755, &Account::Own)
        .and_then(|()| engine_files::write_whole(&path, &text, 0o644, &Account::Own))
        .map_err(SiteError::io("write", &path))?;
    digest(cx, base, site, courses)
}

fn record(cx: &Context, site: &Name) -> Utf8PathBuf {
    cx.paths.site(site).join("courses.json")
}

/// What is known; nothing where the record is gone or cannot be read: then the files are.
fn read(cx: &Context, site: &Name) -> Vec<Known> {
    let bytes = std::fs::read(record(cx, site)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn look(base: &Utf8Path, courses: &[Utf8PathBuf], known: &[Known]) -> Result<Vec<Known>, SiteError> {
    let one = |course: &Utf8PathBuf| {
        let path = base.join(course);
        let found = fs_err::metadata(&path).map_err(SiteError::io("read the course", &path))?;
        let (bytes, modified) = (found.len(), (found.mtime(), found.mtime_nsec()));
        let same = |known: &&Known| known.path == path && known.bytes == bytes && known.modified == modified;
        if let Some(known) = known.iter().find(same) {
            return Ok(known.clone());
        }
        let digest = digest_of(&path).map_err(SiteError::io("read the course", &path))?;
        Ok(Known { path, bytes, modified, digest })
    };
    courses.iter().map(one).collect()
}

fn digest_of(path: &Utf8Path) -> std::io::Result<String> {
    use base64::Engine as _;
    use sha2::Digest as _;
    use std::io::Read as _;
    let mut file = fs_err::File::open(path)?;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            break;
        }
        hash.update(&buffer[..got]);
    }
    Ok(base64::engine::general_purpose::STANDARD.encode(hash.finalize()))
}

/// Sets whether restores bring users along, and returns what was set before. Courses come without: accounts of another site, with their
/// passwords, are no content of a template, and one user name with two addresses stops core's whole restore.
pub(super) async fn without_users(
    cx: &Context,
    step: &Step,
    (site, user): (&Name, &User),
    value: Option<&str>,
) -> Result<Option<String>, SiteError> {
    let subject = step.id.subject.to_string();
    let mut agent = Agent::open(cx, site, &user.account, Some(&subject)).await?;
    let name = serde_json::json!({ "component": "restore", "name": "restore_general_users" });
    let set = async {
        let is = agent.call(cx, "config.get", name.clone(), SETTING).await?;
        let before = is["values"]["restore_general_users"].as_str().map(str::to_owned);
        let mut params = name.clone();
        params["value"] = value.into();
        agent.call(cx, "config.set", params, SETTING).await?;
        Ok(before)
    };
    let set = set.await;
    agent.close().await;
    set
}

/// Restores one course with core's script. The caller reads back that there is one more.
pub(super) async fn restore(
    cx: &Context,
    step: &Step,
    (site, user, dataroot): (&Name, &User, &Utf8Path),
    (course, category): (&Utf8Path, i64),
) -> Result<(), SiteError> {
    let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
    let code = cx.paths.code(site);
    let script = ["", "public/"].map(|root| code.join(format!("{root}admin/cli/restore_backup.php")));
    let script = script.into_iter().find(|path| path.is_file()).unwrap_or(code);
    // The fleet file's directory may be closed to the site's user.
    let copy = dataroot.join(PHP_TEMPORARY).join("course.mbz");
    bring(course, &copy, &user.account).map_err(SiteError::io("copy the course", course))?;
    let program = Program::new(&php.cli)
        .args(CLI_SETTINGS)
        .arg(script)
        .arg(format!("--file={copy}"))
        .arg(format!("--categoryid={category}"))
        .env("PROVOST_SITE", site.as_str())
        .account(user.account.clone())
        .subject(step.id.subject.to_string())
        .deadline(LONGEST);
    let failed = |source| SiteError::Restore { course: course.to_owned(), source };
    let output = cx.run(program).await.map_err(failed)?;
    files::remove_tree(&dataroot.join("temp/backup"))?;
    fs_err::remove_file(&copy).map_err(SiteError::io("remove", &copy))?;
    output.ok().map(drop).map_err(|error: process::ProcessError| failed(error))
}

fn bring(from: &Utf8Path, to: &Utf8Path, account: &Account) -> std::io::Result<()> {
    fs_err::copy(from, to)?;
    if let Account::Other { uid, gid } = account {
        chown(to, Some(*uid), Some(*gid))?;
    }
    Ok(())
}

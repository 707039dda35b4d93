//! Secrets: generated ones, kept in the state directory, and references of the fleet file.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::{Account, ProcessError, Program};
use provost_fleet::name::Name;
use provost_fleet::secret::{Secret, SecretRef};

/// A secret that Provost generates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generated<'a> {
    /// The superuser of a managed database server.
    ServerAdmin(&'a Name),
    /// The database role of a site.
    SiteDatabase(&'a Name),
    /// The first administrator of a site.
    SiteAdmin(&'a Name),
    /// The administrator of a managed Redis.
    RedisAdmin(&'a Name),
    /// A site's user in its Redis.
    SiteRedis(&'a Name),
}

impl Generated<'_> {
    /// Where it is kept.
    pub fn path(&self, paths: &Paths) -> Utf8PathBuf {
        let file = match self {
            Self::ServerAdmin(server) => format!("server-{server}-admin"),
            Self::SiteDatabase(site) => format!("site-{site}-database"),
            Self::SiteAdmin(site) => format!("site-{site}-admin"),
            Self::RedisAdmin(redis) => format!("redis-{redis}-admin"),
            Self::SiteRedis(site) => format!("site-{site}-redis"),
        };
        paths.secrets().join(file)
    }
}

/// Why a secret could not be had. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// An environment variable is not set.
    #[error("the environment variable `{0}` is not set")]
    NoVariable(String),
    /// A file cannot be read or written.
    #[error("cannot use the secret's file `{path}`")]
    Io {
        /// Its path.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A command failed.
    #[error("the secret's command failed")]
    Command(#[source] ProcessError),
    /// A program is missing.
    #[error("the secret's command `{0}` is not installed")]
    NoProgram(String),
    /// Nothing was there.
    #[error("the secret is empty")]
    Empty,
}

/// Reads a generated secret; `None` where it was never generated.
pub fn read(paths: &Paths, which: &Generated<'_>) -> Result<Option<Secret>, SecretError> {
    let path = which.path(paths);
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim_end().is_empty() => Err(SecretError::Empty),
        Ok(text) => Ok(Some(Secret::new(text.trim_end()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SecretError::Io { path, source }),
    }
}

/// Reads a generated secret, or generates it.
pub fn read_or_make(paths: &Paths, which: &Generated<'_>) -> Result<Secret, SecretError> {
    if let Some(found) = read(paths, which)? {
        return Ok(found);
    }
    let made = generate();
    keep(paths, which, &made)?;
    Ok(made)
}

/// Reads a generated secret, or draws one that is kept nowhere yet: for whoever first makes what a killed run is known by, and then
/// [`keep`]s it. A secret alone leads to nobody.
pub fn read_or_draw(paths: &Paths, which: &Generated<'_>) -> Result<Secret, SecretError> {
    Ok(read(paths, which)?.unwrap_or_else(generate))
}

/// Keeps a generated secret.
pub fn keep(paths: &Paths, which: &Generated<'_>, secret: &Secret) -> Result<(), SecretError> {
    let path = which.path(paths);
    files::directory(&paths.keep(), 0o700, &Account::Own)
        .and_then(|()| files::directory(&paths.secrets(), 0o700, &Account::Own))
        .and_then(|()| files::write_whole(&path, secret.expose().as_bytes(), 0o600, &Account::Own))
        .map_err(|source| SecretError::Io { path, source })
}

/// Forgets a generated secret.
pub fn forget(paths: &Paths, which: &Generated<'_>) -> Result<(), SecretError> {
    let path = which.path(paths);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SecretError::Io { path, source: error })
        }
        _ => Ok(()),
    }
}

/// Keeps a generated secret under another name too; nothing happens where it was never generated, or was taken over already.
pub fn copy(paths: &Paths, from: &Generated<'_>, to: &Generated<'_>) -> Result<(), SecretError> {
    match read(paths, from)? {
        Some(secret) => keep(paths, to, &secret),
        None => Ok(()),
    }
}

/// Makes a password of 24 characters, some 130 bits, that satisfies Moodle's default policy (upper and lower case, a digit, one
/// other character) and needs no quoting anywhere.
fn generate() -> Secret {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    let bytes: Vec<u8> = random.iter().flat_map(uuid::Uuid::as_bytes).copied().collect();
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    // Bytes 6 and 8 of a UUID hold fixed bits; both are left out.
    let word: String = bytes
        .iter()
        .enumerate()
        .filter(|(at, _)| !matches!(at % 16, 6 | 8))
        .map(|(_, byte)| letter(byte))
        .take(20)
        .collect();
    Secret::new(format!("{word}-aA7"))
}

/// Resolves references of the fleet file.
#[derive(Debug, Clone)]
pub struct References {
    /// The directory of the fleet file: relative files start there.
    pub base: Utf8PathBuf,
}

impl References {
    /// Resolves one.
    pub async fn resolve(&self, cx: &Context, reference: &SecretRef) -> Result<Secret, SecretError> {
        let value = match reference {
            SecretRef::Env(name) => cx
                .machine
                .secret_environment
                .0
                .get(name)
                .cloned()
                .ok_or_else(|| SecretError::NoVariable(name.clone()))?,
            SecretRef::File(path) => read_file(&self.base.join(path))?,
            SecretRef::Command(words) => self.ask(cx, words).await?,
        };
        let value = value.strip_suffix('\n').unwrap_or(&value);
        if value.is_empty() { Err(SecretError::Empty) } else { Ok(Secret::new(value)) }
    }

    async fn ask(&self, cx: &Context, words: &[String]) -> Result<String, SecretError> {
        let (program, arguments) = words.split_first().ok_or(SecretError::Empty)?;
        let path = if program.contains('/') {
            self.base.join(program)
        } else {
            cx.machine.program(program).ok_or_else(|| SecretError::NoProgram(program.clone()))?
        };
        let command = Program::new(path)
            .args(arguments.iter().cloned())
            .envs(&cx.machine.child_environment)
            .directory(&self.base);
        let output = cx.run(command).await.map_err(SecretError::Command)?;
        if !output.success() {
            // What it wrote may be the secret: only its status is told.
            let (program, status) = (program.clone(), output.status);
            return Err(SecretError::Command(ProcessError::Failed { program, status, log: String::new() }));
        }
        Ok(output.text())
    }
}

fn read_file(path: &Utf8Path) -> Result<String, SecretError> {
    std::fs::read_to_string(path).map_err(|source| SecretError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_satisfies_moodles_policy_and_differs() {
        let one = generate();
        let text = one.expose();
        assert_eq!(text.len(), 24);
        assert!(text.chars().any(|c| c.is_ascii_uppercase()) && text.chars().any(|c| c.is_ascii_lowercase()));
        assert!(text.chars().any(|c| c.is_ascii_digit()) && text.contains('-'));
        assert_ne!(one, generate());
    }
}

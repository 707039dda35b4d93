//! The catalogue of the plugins directory, `pluglist.php`: ten megabytes that change a few times a day.

use std::fmt::Display;
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::event::Event;
use provost_engine::paths::Paths;
use serde::{Deserialize, Serialize};

use super::http::{Answer, Ask, Validators};
use super::{DownloadError, Downloads, HttpUrl, Origin, age, downloaded, made, remember, remembered, remove};
use crate::flock::Flock;
use crate::import::Digests;

/// The largest catalogue, in bytes: several times today's.
const LARGEST: u64 = 64 << 20;

/// How long a catalogue is good: Moodle's own tools take a day, and so does the directory's server to make a new one.
const FRESH: Duration = Duration::from_hours(24);

/// A catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue<T> {
    /// What was read of it.
    pub content: T,
    /// The file that it is in.
    pub path: Utf8PathBuf,
    /// How old it is; `None` for a file of this machine, which is what it is.
    pub age: Option<Duration>,
}

/// What is known of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    /// For people, without what follows a `?`.
    url: String,
    sha256: String,
    validators: Validators,
}

impl Downloads {
    /// Gets the catalogue. One that is younger than a day is not asked for again; an older one is, and is used when that
    /// fails, with a note of its age. `parse` reads one, or says what is wrong: what is no catalogue never replaces one that is.
    ///
    /// # Errors
    /// When there is none at all.
    pub async fn catalogue<T, E: Display>(
        &self,
        origin: &Origin,
        parse: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Catalogue<T>, DownloadError> {
        let url = match origin {
            Origin::Path(path) => return parsed(origin, path, &parse, None),
            Origin::Url(url) => url,
        };
        made(self.cx.paths.catalogue_cache())?;
        let path = kept_as(&self.cx.paths, url);
        let kept = || parsed(origin, &path, &parse, age(&path)).ok();
        let young = || age(&path).is_some_and(|age| age < FRESH);
        if let Some(kept) = young().then(kept).flatten() {
            return Ok(kept);
        }
        let waiting = format!("waiting for another provost that is downloading {url}");
        let _lock = Flock::take(&self.cx, &path.with_extension("lock"), &waiting).await?;
        if let Some(old) = kept() {
            // Somebody else may have downloaded it while we waited.
            return if young() { Ok(old) } else { self.renewed(url, &path, old, &parse).await };
        }
        self.download(url, &path, None, &parse).await?.ok_or_else(|| DownloadError::Refused {
            url: url.to_string(),
            why: "the server says that nothing changed, though nothing was there".to_owned(),
        })
    }

    /// A newer one, or the old one with a note.
    async fn renewed<T, E: Display>(
        &self,
        url: &HttpUrl,
        path: &Utf8Path,
        old: Catalogue<T>,
        parse: &impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Catalogue<T>, DownloadError> {
        match self.download(url, path, known(path), parse).await {
            Ok(Some(fresh)) => Ok(fresh),
            Ok(None) => {
                let file = fs::File::options().append(true).open(path);
                file.and_then(|file| file.file().set_modified(SystemTime::now()))
                    .map_err(DownloadError::io("write", path))?;
                Ok(Catalogue { age: Some(Duration::ZERO), ..old })
            }
            Err(error) if error.is_cancelled() => Err(error),
            Err(error) => {
                let (why, when) = (error.in_short(), downloaded(path));
                self.cx.note(format!("{why}; taking the catalogue of plugins from the cache{when}"));
                Ok(old)
            }
        }
    }

    /// What the server has, if that is not what is known.
    async fn download<T, E: Display>(
        &self,
        url: &HttpUrl,
        path: &Utf8Path,
        known: Option<Validators>,
        parse: &impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Option<Catalogue<T>>, DownloadError> {
        self.cx.emit(&Event::Started { what: format!("downloading the catalogue of plugins, {url}") });
        let part = path.with_extension("part");
        let ask = Ask { url: url.clone(), known, largest: LARGEST, to: part.clone() };
        let Answer::New { digests, validators } = self.client.ask(&self.cx, ask).await? else {
            return Ok(None);
        };
        let fresh = parsed(&Origin::Url(url.clone()), &part, parse, Some(Duration::ZERO));
        if fresh.is_err() {
            // The first error is the one to tell.
            drop(remove(&part));
        }
        let fresh = fresh?;
        fs::rename(&part, path).map_err(DownloadError::io("write", path))?;
        // After the file: what is known of another content counts for nothing.
        remember(&about(path), &Known { url: url.to_string(), sha256: digests.sha256, validators })?;
        Ok(Some(Catalogue { path: path.to_owned(), ..fresh }))
    }
}

/// Where the cache has the catalogue of an origin, if it has it; `None` for a file of this machine.
pub(crate) fn catalogue_file(paths: &Paths, origin: &Origin) -> Option<Utf8PathBuf> {
    match origin {
        Origin::Path(_) => None,
        Origin::Url(url) => Some(kept_as(paths, url)),
    }
}

/// Two fleets may have two catalogues.
fn kept_as(paths: &Paths, url: &HttpUrl) -> Utf8PathBuf {
    let digest: String = url.digest().chars().take(16).collect();
    paths.catalogue_cache().join(format!("pluglist-{digest}.json"))
}

fn about(path: &Utf8Path) -> Utf8PathBuf {
    path.with_extension("about")
}

/// What the server knows the file by, if it is the file that it gave.
fn known(path: &Utf8Path) -> Option<Validators> {
    let known: Known = remembered(&about(path))?;
    let digests = Digests::read(&mut fs::File::open(path).ok()?, || false).ok()??;
    let validators = Some(known.validators).filter(|validators| *validators != Validators::default());
    validators.filter(|_| digests.sha256 == known.sha256)
}

fn parsed<T, E: Display>(
    origin: &Origin,
    path: &Utf8Path,
    parse: &impl Fn(&[u8]) -> Result<T, E>,
    age: Option<Duration>,
) -> Result<Catalogue<T>, DownloadError> {
    let failed = DownloadError::io("read", path);
    let file = std::fs::File::open(path).map_err(&failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(&failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(DownloadError::TooLarge { url: origin.to_string(), largest: LARGEST });
    }
    let content = parse(&bytes).map_err(|error| DownloadError::Refused {
        url: origin.to_string(),
        why: format!("it is no catalogue of plugins: {error}"),
    })?;
    Ok(Catalogue { content, path: path.to_owned(), age })
}

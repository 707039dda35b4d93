//! Zips: kept by their content, asked for again at most once in a command.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::event::Event;
use serde::{Deserialize, Serialize};

use super::http::{Answer, Ask, Validators};
use super::{DownloadError, Downloads, HttpUrl, Origin, downloaded, made, remember, remembered, remove};
use crate::flock::Flock;
use crate::import::{Digests, LARGEST_ZIP};

/// The first bytes of a zip with files in it, and of one without.
const BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// What a zip must be; whatever is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its SHA-256 in hexadecimal, from the lock. One that the cache has is not asked for again.
    pub sha256: Option<String>,
    /// Its MD5 in hexadecimal, from the catalogue.
    pub md5: Option<String>,
}

/// A zip of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zip {
    /// Where it lies: in the cache, or where the fleet file says.
    pub path: Utf8PathBuf,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its MD5 in hexadecimal.
    pub md5: String,
}

/// What is known of a URL.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    /// For people, without what follows a `?`.
    url: String,
    sha256: String,
    md5: String,
    validators: Validators,
}

impl Downloads {
    /// Gets a zip. One of a URL is downloaded if the cache does not have it, or the server says that it has changed.
    ///
    /// # Errors
    /// [`DownloadError::OtherContent`] if it is not what is wanted, and whatever keeps it from being had. Without a network,
    /// the cache's is used, and one note says so.
    pub async fn zip(&self, origin: &Origin, wanted: &Wanted) -> Result<Zip, DownloadError> {
        let url = match origin {
            Origin::Path(path) => return wanted.check(origin, self.digested(path).await?),
            Origin::Url(url) => url,
        };
        let kept = match &wanted.sha256 {
            Some(sha256) => self.kept(sha256).await?,
            None => None,
        };
        let zip = match kept {
            Some(zip) => zip,
            None => self.cell(url).get_or_try_init(|| self.current(url, wanted)).await?.clone(),
        };
        wanted.check(origin, zip)
    }

    /// What the URL has now.
    async fn current(&self, url: &HttpUrl, wanted: &Wanted) -> Result<Zip, DownloadError> {
        let about = made(self.cx.paths.zip_cache().join("by-url"))?.join(url.digest()).with_extension("json");
        let waiting = format!("waiting for another provost that is downloading {url}");
        let _lock = Flock::take(&self.cx, &about.with_extension("lock"), &waiting).await?;
        let known: Option<Known> = remembered(&about);
        let kept = match &known {
            Some(known) => self.kept(&known.sha256).await?,
            None => None,
        };
        // What the catalogue names by its MD5 does not change; and one with another MD5 is no answer.
        let suits = wanted.md5.as_ref().is_none_or(|md5| kept.as_ref().is_some_and(|zip| zip.md5 == *md5));
        let kept = kept.filter(|_| suits);
        if let (Some(zip), true) = (&kept, wanted.md5.is_some()) {
            return Ok(zip.clone());
        }
        let validators = known.filter(|_| kept.is_some()).map(|known| known.validators);
        if kept.is_none() {
            self.cx.emit(&Event::Started { what: format!("downloading {url}") });
        }
        let ask = Ask {
            url: url.clone(),
            known: validators.filter(|known| *known != Validators::default()),
            largest: LARGEST_ZIP,
            to: about.with_extension("part"),
        };
        let part = ask.to.clone();
        match (self.client.ask(&self.cx, ask).await, kept) {
            (Ok(Answer::Same), Some(zip)) => Ok(zip),
            (Ok(Answer::Same), None) => Err(DownloadError::Refused {
                url: url.to_string(),
                why: "the server says that nothing changed, though nothing was there".to_owned(),
            }),
            (Ok(Answer::New { digests, validators }), _) => {
                let kept = self.keep(url, &about, &part, digests, validators, wanted);
                if kept.is_err() {
                    // The first error is the one to tell.
                    drop(remove(&part));
                }
                kept
            }
            (Err(error), Some(zip)) if error.is_passing() => {
                let when = downloaded(&zip.path);
                self.cx.note(format!("{}; taking {url} from the cache{when}", error.in_short()));
                Ok(zip)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Puts what came into the cache, if it is what it should be.
    fn keep(
        &self,
        url: &HttpUrl,
        about: &Utf8Path,
        part: &Utf8Path,
        digests: Digests,
        validators: Validators,
        wanted: &Wanted,
    ) -> Result<Zip, DownloadError> {
        if !begins_as_zip(part).map_err(DownloadError::io("read", part))? {
            let why = "what came is no zip; it may be a page that asks for a login".to_owned();
            return Err(DownloadError::Refused { url: url.to_string(), why });
        }
        let path = self.place(&digests.sha256)?;
        let zip = Zip { path, sha256: digests.sha256, md5: digests.md5 };
        let zip = wanted.check(&Origin::Url(url.clone()), zip)?;
        read_only(part)
            .and_then(|()| fs::rename(part, &zip.path))
            .map_err(DownloadError::io("write", &zip.path))?;
        let known =
            Known { url: url.to_string(), sha256: zip.sha256.clone(), md5: zip.md5.clone(), validators };
        remember(about, &known)?;
        Ok(zip)
    }

    /// A zip that the cache has, whole. A damaged one is removed.
    async fn kept(&self, sha256: &str) -> Result<Option<Zip>, DownloadError> {
        // It becomes a name of a file, and comes from a file that anybody may have written.
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let path = self.place(sha256)?;
        if !path.exists() {
            return Ok(None);
        }
        let zip = self.digested(&path).await?;
        if zip.sha256 == sha256 {
            return Ok(Some(zip));
        }
        self.cx.note(format!("{path} is damaged; it is removed"));
        remove(&path)?;
        Ok(None)
    }

    fn place(&self, sha256: &str) -> Result<Utf8PathBuf, DownloadError> {
        Ok(made(self.cx.paths.zip_cache())?.join(format!("{sha256}.zip")))
    }

    async fn digested(&self, path: &Utf8Path) -> Result<Zip, DownloadError> {
        let (from, cancel) = (path.to_owned(), self.cx.cancel.clone());
        let work = move || {
            let file = std::fs::File::open(&from)?;
            let length = file.metadata()?.len();
            let mut file = std::io::Read::take(file, LARGEST_ZIP + 1);
            Ok((length, Digests::read(&mut file, || cancel.is_cancelled())?))
        };
        let read =
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let (length, digests) = read.map_err(DownloadError::io("read", path))?;
        if length > LARGEST_ZIP {
            return Err(DownloadError::TooLarge { url: path.to_string(), largest: LARGEST_ZIP });
        }
        let digests = digests.ok_or(DownloadError::Cancelled)?;
        Ok(Zip { path: path.to_owned(), sha256: digests.sha256, md5: digests.md5 })
    }
}

impl Wanted {
    fn check(&self, origin: &Origin, zip: Zip) -> Result<Zip, DownloadError> {
        let both = [("md5", &self.md5, &zip.md5), ("sha256", &self.sha256, &zip.sha256)];
        for (digest, expected, found) in both {
            if let Some(expected) = expected.as_ref().filter(|expected| !expected.eq_ignore_ascii_case(found))
            {
                return Err(DownloadError::OtherContent {
                    url: origin.to_string(),
                    digest,
                    found: found.clone(),
                    expected: expected.clone(),
                });
            }
        }
        Ok(zip)
    }
}

fn begins_as_zip(path: &Utf8Path) -> std::io::Result<bool> {
    let mut beginning = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(fs::File::open(path)?, 4), &mut beginning)?;
    Ok(BEGINNINGS.contains(&beginning.as_slice()))
}

fn read_only(path: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o444))
}

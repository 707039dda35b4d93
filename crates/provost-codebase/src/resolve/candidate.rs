//! What a plugin's declaration may mean: one commit, zip or directory, or several to choose from.

use camino::Utf8PathBuf;
use provost_fleet::model::{GitAt, PluginSource};
use provost_moodle::branch_choice::{BranchChoice, PluginRef, newest_first, supports};
use provost_moodle::catalogue::CatalogueVersion;
use provost_moodle::component::Component;
use provost_moodle::refs::Refs;
use provost_moodle::request::Minor;
use provost_moodle::version_php::{PluginVersion, Version};

use super::ResolveCause;
use super::choose::choose;
use super::resolver::Resolver;
use crate::git::Source;
use crate::object::ObjectId;

/// Tags whose `version.php` is asked for the Moodles that its authors support, where nothing is said, the newest first. Each may be a download; authors who say
/// what they support say it in their newest releases.
const MOST_TAGS: usize = 12;

/// Tags that are looked at where none of the newest fits, one after the other until one does. An old Moodle runs on what plugins
/// were years ago: `mod_zoom` and `mod_hotpot` have 75 tags each, of six years and of fourteen.
const DEEPEST: usize = 100;

/// Releases of the plugins directory that are looked at, the newest first: each may be a download.
const MOST_RELEASES: usize = 12;

/// One thing that a declaration may mean; nothing of it has been downloaded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Where it can be had, the best place first; never empty.
    pub(super) places: Vec<Place>,
    /// Why it is this one, where the declaration left a choice.
    pub(super) rule: Option<String>,
    /// The version that it must have, where that is known before.
    pub(super) version: Option<Version>,
    /// What it is called where nothing more is known: a tag, a branch, a file.
    pub(super) label: String,
}

/// Where a candidate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A commit of a repository.
    Git {
        /// As declared.
        url: String,
        source: Source,
        reference: String,
        /// The commit's id, as the repository wrote it.
        commit: String,
    },
    /// A tag, whose commit the repository has not been asked for yet.
    Tag { url: String, tag: String },
    /// A zip, by its URL or path.
    Zip { location: String, md5: Option<String> },
    /// A directory.
    Directory { path: Utf8PathBuf },
}

/// What can be chosen for a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// The best first. Empty for what is to be absent.
    pub(super) candidates: Vec<Candidate>,
    /// Which one was asked for; the others then only serve to say what would fit instead.
    pub(super) pinned: Option<usize>,
}

impl Choice {
    fn only(place: Place, label: impl Into<String>) -> Self {
        let one = Candidate { places: vec![place], rule: None, version: None, label: label.into() };
        Self { candidates: vec![one], pinned: Some(0) }
    }

    fn among(candidates: Vec<Candidate>) -> Self {
        Self { candidates, pinned: None }
    }
}

impl Candidate {
    fn of_release(release: &CatalogueVersion, rule: &str) -> Option<Self> {
        let vcs = release.vcs.as_ref().filter(|vcs| Source::parse(&vcs.url).is_ok());
        let tag = vcs.and_then(|vcs| Some(Place::Tag { url: vcs.url.clone(), tag: vcs.tag.clone()? }));
        let zip = release.download.as_ref();
        let zip = zip.map(|zip| Place::Zip { location: zip.url.clone(), md5: zip.md5.clone() });
        let places: Vec<Place> = tag.into_iter().chain(zip).collect();
        let label = release.release.clone().unwrap_or_else(|| release.version.to_string());
        let (rule, version) = (Some(rule.to_owned()), Some(release.version.clone()));
        (!places.is_empty()).then_some(Self { places, rule, version, label })
    }
}

impl Resolver {
    /// Finds what a declaration may mean for a Moodle, the best first; empty for what is to be absent.
    pub(super) async fn candidates(
        &self,
        component: &Component,
        declared: &PluginSource,
        branch: u32,
    ) -> Result<Choice, ResolveCause> {
        match declared {
            PluginSource::Absent => Ok(Choice::among(Vec::new())),
            PluginSource::Directory { path } => {
                Ok(Choice::only(Place::Directory { path: path.clone() }, path.as_str()))
            }
            PluginSource::Zip { location } => {
                Ok(Choice::only(Place::Zip { location: location.clone(), md5: None }, location))
            }
            PluginSource::Catalogue { version } => {
                self.releases(component, version.as_deref(), Minor::of_branch(branch)).await
            }
            PluginSource::Git { url, at } => self.of_repository(component, url, at, branch).await,
        }
    }

    async fn of_repository(
        &self,
        component: &Component,
        url: &str,
        at: &GitAt,
        branch: u32,
    ) -> Result<Choice, ResolveCause> {
        let source = Source::parse(url)?;
        let refs = match at {
            GitAt::Commit(_) => Refs::default(),
            _ => self.git.refs(&source).await?,
        };
        let place = |reference: String, commit: String| {
            let (url, source) = (url.to_owned(), source.clone());
            Place::Git { url, source, reference, commit }
        };
        let candidate = |PluginRef { reference, commit, rule }| Candidate {
            label: short(&reference).to_owned(),
            places: vec![place(reference, commit)],
            rule: Some(rule.to_string()),
            version: None,
        };
        if *at == GitAt::Default {
            return match BranchChoice::of(&refs, branch) {
                // A stable branch may already be for a later release of this Moodle than the one at hand.
                BranchChoice::Found(one) => {
                    let older = tags_for(&refs, branch).map(|(tag, commit)| Candidate {
                        places: vec![place(format!("refs/tags/{tag}"), commit.to_owned())],
                        rule: Some("newest tag that fits".to_owned()),
                        version: None,
                        label: tag.to_owned(),
                    });
                    Ok(Choice::among(std::iter::once(candidate(one)).chain(older).collect()))
                }
                BranchChoice::Ask { mut tags, otherwise } => {
                    tags.truncate(DEEPEST);
                    let newest = tags.get(..MOST_TAGS).unwrap_or(&tags);
                    let first = self.first_that_supports(&source, newest, branch).await?;
                    // Where no authors say that they support this Moodle, tags come after the default branch.
                    let (before, after) = match first {
                        Some(first) => (tags.get(first..=first).unwrap_or_default(), &tags[first + 1..]),
                        None => (&[][..], &tags[..]),
                    };
                    let older = after.iter().cloned().map(|tag| Candidate {
                        rule: Some("newest tag that fits".to_owned()),
                        ..candidate(tag)
                    });
                    let best = before.iter().cloned().chain(otherwise.filter(|_| first.is_none()));
                    Ok(Choice::among(best.map(&candidate).chain(older).collect()))
                }
                BranchChoice::Nothing => {
                    Err(choose(component, &source.to_string(), at, &refs).err().unwrap_or_else(|| {
                        ResolveCause::Broke("a repository with nothing in it has something".to_owned())
                    }))
                }
            };
        }
        let chosen = choose(component, &source.to_string(), at, &refs)?;
        let label = short(&chosen.reference).to_owned();
        let mut choice = Choice::only(place(chosen.reference, chosen.commit), label);
        // If it does not fit, one of these may.
        let mut others: Vec<Candidate> = tags_for(&refs, branch)
            .filter(|(tag, _)| choice.candidates.first().is_none_or(|one| one.label != *tag))
            .map(|(tag, commit)| {
                let place = place(format!("refs/tags/{tag}"), commit.to_owned());
                Candidate { places: vec![place], rule: None, version: None, label: tag.to_owned() }
            })
            .collect();
        choice.candidates.append(&mut others);
        Ok(choice)
    }

    /// The first of some tags whose `version.php` says that its authors support a Moodle.
    async fn first_that_supports(
        &self,
        source: &Source,
        tags: &[PluginRef],
        branch: u32,
    ) -> Result<Option<usize>, ResolveCause> {
        for (at, tag) in tags.iter().enumerate() {
            let commit: ObjectId = tag.commit.parse()?;
            self.git.fetch(source, commit, Some(&tag.reference)).await?;
            let file = self.git.objects(source).await?.file(commit, "version.php").await?;
            let version = file.and_then(|file| PluginVersion::read(&file).ok());
            if version.is_some_and(|version| supports(&version, branch)) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    async fn releases(
        &self,
        component: &Component,
        version: Option<&str>,
        minor: Minor,
    ) -> Result<Choice, ResolveCause> {
        let catalogue = self.catalogue().await?;
        let Some(plugin) = catalogue.plugins.get(component) else {
            let nearest = catalogue.nearest(component).map(str::to_owned);
            return Err(ResolveCause::NotInCatalogue { component: component.clone(), nearest });
        };
        let release = minor.to_string();
        let found: Vec<Candidate> = if let Some(wanted) = version {
            let rule = format!("release {wanted} of the plugins directory");
            plugin.named(wanted).and_then(|found| Candidate::of_release(found, &rule)).into_iter().collect()
        } else {
            let rule = format!("newest release for Moodle {release} in the plugins directory");
            let fitting = plugin.versions.iter().filter(|version| version.is_for(&release));
            let (stable, other): (Vec<_>, Vec<_>) = fitting.partition(|version| version.is_stable());
            let all = stable.into_iter().chain(other).take(MOST_RELEASES);
            all.filter_map(|version| Candidate::of_release(version, &rule)).collect()
        };
        if found.is_empty() {
            let newest = plugin.versions.first().map(|newest| {
                let moodles: Vec<&str> =
                    newest.moodles.iter().map(|moodle| moodle.release.as_str()).collect();
                let name = newest.release.clone().unwrap_or_else(|| newest.version.to_string());
                format!("{name}, for Moodle {}", moodles.join(", "))
            });
            let wanted =
                version.map_or_else(|| format!("for Moodle {release}"), |version| format!("`{version}`"));
            return Err(ResolveCause::NoRelease { component: component.clone(), wanted, newest });
        }
        Ok(Choice { pinned: version.map(|_| 0), candidates: found })
    }
}

/// A reference without what comes before its name.
/// Tags that may fit a Moodle and their commits, at most [`DEEPEST`]: those that are named after it first, newest first.
fn tags_for(refs: &Refs, branch: u32) -> impl Iterator<Item = (&str, &str)> {
    let minor = Minor::of_branch(branch).to_string();
    let (own, other): (Vec<&str>, Vec<&str>) =
        newest_first(refs.tags.keys()).into_iter().partition(|tag| is_named_after(tag, &minor));
    own.into_iter().chain(other).take(DEEPEST).filter_map(|tag| Some((tag, refs.tags.get(tag)?.as_str())))
}

/// Whether a tag has a Moodle's version as its own numbers begin: `v5.0-r2` and `5.0.1` for 5.0, not `v15.0`.
fn is_named_after(tag: &str, minor: &str) -> bool {
    let numbers = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    numbers.strip_prefix(minor).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn short(reference: &str) -> &str {
    let name = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
    name.unwrap_or(reference)
}

//! Which sites a command is about: names, or a selection.

use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_fleet::selector::{Answer, Selector, SelectorError};
use provost_fleet::suggest::nearest;

use super::live::{Live, declared, looked_at};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// What a command was told of its sites.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Names of sites.
    pub names: Vec<String>,
    /// A selection.
    pub selection: Option<String>,
}

/// Why no sites could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The selection cannot be read.
    #[error("the selection cannot be read: {0}")]
    Syntax(SelectorError),
    /// No site is meant.
    #[error("`{selection}` means no site of the fleet")]
    Nobody {
        /// What was given.
        selection: String,
        /// What may have been meant.
        hint: String,
    },
    /// A command that changes sites was not told which.
    #[error("which sites?")]
    Unsaid,
    /// Both were given.
    #[error("names and `--sites` are two ways to say it: give one")]
    Both,
    /// Whether some sites are meant depends on what could not be learnt of them.
    #[error("it cannot be told whether `{selection}` means {}", .sites.join(", "))]
    Unknown {
        /// What was given.
        selection: String,
        /// The sites.
        sites: Vec<String>,
    },
}

impl ChoiceError {
    /// Whether the command line is at fault, rather than the world.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Syntax(_) | Self::Nobody { .. } | Self::Both)
    }

    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Syntax(error) => error.hint.clone(),
            Self::Nobody { hint, .. } => hint.clone(),
            Self::Unsaid => "name them, or give `--sites` with a selection; `--sites '*'` means all".to_owned(),
            Self::Both => "`--sites 'hugo | zola'` names sites, too".to_owned(),
            Self::Unknown { .. } => {
                "their database does not answer: `provost site list` says why; or choose by name, tag or codebase"
                    .to_owned()
            }
        }
    }
}

/// The sites that a command only asks: all of them where nothing is said.
///
/// # Errors
/// As [`to_change`].
pub(crate) async fn to_ask(call: &Call, targets: &Targets) -> Result<Vec<Name>, OpsError> {
    if read(targets)?.is_some() {
        return to_change(call, targets).await;
    }
    let fleet = call.load()?.fleet;
    match fleet.sites.is_empty() {
        true => Err(nobody(&fleet, "*").into()),
        false => Ok(fleet.sites.keys().cloned().collect()),
    }
}

/// The sites that a command changes: one way of saying which is needed, and nothing is guessed.
///
/// # Errors
/// When none is said or meant, and when it cannot be told whether a site is meant.
pub(crate) async fn to_change(call: &Call, targets: &Targets) -> Result<Vec<Name>, OpsError> {
    let selector = read(targets)?.ok_or(ChoiceError::Unsaid)?;
    if !selector.asks_live() {
        let loaded = call.load()?;
        known(&loaded.fleet, targets)?;
        return Ok(certain(&loaded.fleet, &declared(&loaded.fleet), &selector)?);
    }
    let session = Session::open(call, Access::Look)?;
    let chosen = match looked_at(&session).await {
        Ok((live, _)) => certain(&session.loaded.fleet, &live, &selector).map_err(OpsError::from),
        Err(error) => Err(error),
    };
    session.close().await;
    chosen
}

/// That each name is a site's: `disable hugo zolla` must not do half of what was meant.
///
/// # Errors
/// With the nearest site, or that a tag goes behind `--sites`.
pub(super) fn known(fleet: &Fleet, targets: &Targets) -> Result<(), ChoiceError> {
    let is_site = |name: &str| fleet.sites.keys().any(|site| site.as_str() == name);
    let Some(stray) = targets.names.iter().find(|name| !is_site(name)) else { return Ok(()) };
    let hint = if fleet.sites.values().any(|site| site.tags.contains(stray)) {
        format!("it is a tag: `--sites {stray}`")
    } else if let Some(meant) = nearest(stray, fleet.sites.keys().map(Name::as_str)) {
        format!("did you mean `{meant}`?")
    } else {
        return Err(nobody(fleet, stray));
    };
    Err(ChoiceError::Nobody { selection: stray.clone(), hint })
}

/// What was said, as a selection; `None` where nothing was.
pub(super) fn read(targets: &Targets) -> Result<Option<Selector>, ChoiceError> {
    match (&targets.names[..], &targets.selection) {
        ([], None) => Ok(None),
        ([], Some(selection)) => selection.parse().map(Some).map_err(ChoiceError::Syntax),
        (names, None) => {
            // A name stands for itself: no glob, no tag.
            let names = names.iter().map(|name| format!("name:{name}"));
            let wrong = |name: &&String| name.parse::<Name>().is_err();
            if let Some(wrong) = targets.names.iter().find(wrong) {
                let hint = "a selection with tags, `*` or other signs goes behind `--sites`".to_owned();
                return Err(ChoiceError::Nobody { selection: wrong.clone(), hint });
            }
            let text = names.collect::<Vec<_>>().join(" | ");
            text.parse().map(Some).map_err(ChoiceError::Syntax)
        }
        (_, Some(_)) => Err(ChoiceError::Both),
    }
}

/// The sites that are meant for certain; each name that was given must be one.
fn certain(fleet: &Fleet, live: &[Live<'_>], selector: &Selector) -> Result<Vec<Name>, ChoiceError> {
    let answers: Vec<(&Name, Answer)> = live.iter().map(|live| (live.name, selector.matches(live))).collect();
    let of =
        |wanted: Answer| answers.iter().filter(move |(_, answer)| *answer == wanted).map(|(name, _)| *name);
    let unknown: Vec<String> = of(Answer::Unknown).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        return Err(ChoiceError::Unknown { selection: selector.to_string(), sites: unknown });
    }
    let chosen: Vec<Name> = of(Answer::Yes).cloned().collect();
    // `hugo | zolla` with one that is there must not do half of what was meant.
    let stray = strays(fleet, selector).into_iter().next();
    match stray {
        Some(stray) => Err(nobody(fleet, stray)),
        None if chosen.is_empty() => Err(nobody(fleet, &selector.to_string())),
        None => Ok(chosen),
    }
}

/// Words of a selection that are neither a site nor a tag of any.
fn strays<'s>(fleet: &Fleet, selector: &'s Selector) -> Vec<&'s str> {
    let known = words(fleet);
    selector.literals().into_iter().filter(|word| !known.contains(word)).collect()
}

fn words(fleet: &Fleet) -> Vec<&str> {
    let names = fleet.sites.keys().map(Name::as_str);
    names.chain(fleet.sites.values().flat_map(|site| site.tags.iter().map(String::as_str))).collect()
}

/// That nothing is meant, with what may have been.
pub(super) fn nobody(fleet: &Fleet, selection: &str) -> ChoiceError {
    let hint = match nearest(selection, words(fleet)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if fleet.sites.is_empty() => {
            "the fleet has no site yet: `provost site create NAME --url …`".to_owned()
        }
        None => "`provost site list` shows the sites and their tags".to_owned(),
    };
    ChoiceError::Nobody { selection: selection.to_owned(), hint }
}

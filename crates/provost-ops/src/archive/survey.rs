//! What a session would do: both sites and their courses looked at, nothing written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use provost_archive::course::{CourseFacts, CourseId, SiteFacts};
use provost_archive::plan::{Expected, Inputs, Plan};
use provost_archive::predict::Features;
use provost_archive::problems::{Kind, Problem};
use provost_archive::select::{Lists, Started, lists_of, select};
use provost_archive::session::Learned;
use provost_engine::registry::Phase;
use provost_fleet::archive::{Archive, Fate, ad_hoc, course_list};
use provost_fleet::name::Name;
use provost_sites::archive::{
    Account, ArchiveDoor, CoursePage, CoursesRequest, Detail, MatchRequest, Matches, UsersRequest,
    WhereRequest,
};

use super::making::{self, Opened};
use super::{ArchiveError, Declared};
use crate::OpsError;
use crate::error::io;
use crate::session::Session;

/// Courses that are asked for at once: an answer is some hundred bytes for each, and 8 MiB at most.
const PAGE: u32 = 500;

/// Accounts that are matched at once.
const PEOPLE: u32 = 5000;

/// What names of differences begin with: those of the census are accepted by the same list as problems are.
pub(super) const DIFFERENCES: [&str; 7] =
    ["missing", "extra", "changed", "absent", "not-compared", "unrest", "content-missing"];

/// What a session would do.
pub(super) struct Survey {
    /// Its name.
    pub(super) name: String,
    /// The declaration, with its year filled in.
    pub(super) declared: Archive,
    /// What would be done.
    pub(super) plan: Plan,
    /// What is known of its courses.
    pub(super) facts: BTreeMap<CourseId, CourseFacts>,
    /// What is known of durations.
    pub(super) learned: Learned,
}

/// The last phase that a session's units go through.
pub(super) fn goal(declared: &Archive) -> Phase {
    match declared.source {
        // Nothing was copied, so there is nothing to compare.
        _ if declared.within_one_site() => Phase::PostProcess,
        Fate::Keep => Phase::Prove,
        Fate::Hide => Phase::Hide,
        Fate::Delete => Phase::Delete,
    }
}

/// Looks.
pub(super) async fn survey(session: &Session, declared: &Declared) -> Result<Survey, OpsError> {
    let (name, archive) = find(session, declared)?;
    let now = Timestamp::now();
    let started = Started::new(&archive, now, declared.year);
    let started = started.map_err(|error| ArchiveError::Orders(error.to_string()))?;
    let lists = lists(session, &archive)?;
    let source = making::open(session, "source", &archive.from.site).await?;
    let target = making::open(session, "target", &archive.to.site).await?;
    let (of_source, of_target) = (source.facts(session).await?, target.facts(session).await?);
    let mut door = source.door(session).await?;
    let looked = look(session, &mut door, &archive, &started, &lists).await;
    let (taken, courses) = match looked {
        Ok(looked) => looked,
        Err(error) => {
            door.close().await;
            return Err(error.into());
        }
    };
    let matches = people(session, &mut door, &target, &archive, &of_source, &taken).await;
    door.close().await;
    let matches = matches?;
    let learned = Learned::read(&making::model_file(session, &archive));
    let phases = phases(&archive);
    let expected = |facts: &CourseFacts| {
        let predicted = learned.predict(&Features::of(facts, &archive.backup), &phases);
        Expected { mean: predicted.mean, upper: predicted.upper }
    };
    let inputs = Inputs {
        archive: &archive,
        started: &started,
        lists: &lists,
        source: &of_source,
        target: &of_target,
        courses: &courses,
        matches: matches.as_ref(),
        differences: &DIFFERENCES,
    };
    let plan = provost_archive::plan::plan(&inputs, expected);
    let mut plan = plan.map_err(|error| ArchiveError::Refused(error.to_string()))?;
    plan.problems.extend(no_script(session, &archive));
    let facts = courses.into_iter().filter(|course| taken.contains(&course.id));
    let facts = facts.map(|course| (course.id, course)).collect();
    Ok(Survey { name, declared: archive.resolved(started.year), plan, facts, learned })
}

/// A script that is not there would stop every course, after it was restored.
fn no_script(session: &Session, archive: &Archive) -> Option<Problem> {
    let script = archive.after.script.as_ref()?;
    let why = fs_err::File::open(session.base().join(script)).err()?;
    let message = format!("`{script}` of `after.script` cannot be read: {}", why.kind());
    Some(
        Problem::new(Kind::NoScript, script.as_str(), message)
            .hint("paths are meant from the fleet file's directory"),
    )
}

/// The phases that a unit goes through before it waits for its deletion.
pub(super) fn phases(declared: &Archive) -> Vec<Phase> {
    let last = goal(declared).min(Phase::Hide);
    Phase::ALL.into_iter().filter(|phase| *phase <= last).collect()
}

/// The declaration of the file, or that of the options.
fn find(session: &Session, declared: &Declared) -> Result<(String, Archive), OpsError> {
    let fleet = &session.loaded.fleet;
    let Some(name) = &declared.name else {
        let made = ad_hoc(fleet, "the options", &declared.keys).map_err(OpsError::Invalid)?;
        let name = match &declared.called {
            Some(name) if fleet.archives.contains_key(name) => {
                return Err(OpsError::Taken { what: "archive session", name: name.to_string() });
            }
            Some(name) => name.to_string(),
            None => format!("{}-{}", made.archive.from.site, made.archive.to.site),
        };
        return Ok((name, made.archive));
    };
    let found = name.parse::<Name>().ok().and_then(|key| fleet.archives.get(&key));
    let found = found.ok_or_else(|| ArchiveError::NotDeclared(name.clone()))?;
    Ok((name.clone(), found.clone()))
}

fn lists(session: &Session, archive: &Archive) -> Result<Lists, OpsError> {
    let mut lists = Lists::new();
    for path in lists_of(archive) {
        let text = fs_err::read_to_string(session.base().join(path)).map_err(io("read", path))?;
        lists.insert(path.clone(), course_list(path.as_str(), &text).map_err(OpsError::Invalid)?);
    }
    Ok(lists)
}

/// All courses cheaply, and those that are selected with everything that is counted.
async fn look(
    session: &Session,
    door: &mut ArchiveDoor,
    archive: &Archive,
    started: &Started,
    lists: &Lists,
) -> Result<(BTreeSet<CourseId>, Vec<CourseFacts>), ArchiveError> {
    let sizes =
        archive.select.iter().chain(&archive.exclude).any(|selection| {
            selection.filters.at_least_mib.is_some() || selection.filters.at_most_mib.is_some()
        });
    let detail = if sizes { Detail::Counts } else { Detail::Selection };
    let all = courses(session, door, &[], detail).await?;
    let selected = select(archive, started, lists, &all);
    let selected = selected.map_err(|error| ArchiveError::Refused(error.to_string()))?;
    let taken: BTreeSet<CourseId> = selected.taken.iter().map(|taken| taken.course).collect();
    let mut known: BTreeMap<CourseId, CourseFacts> = all.into_iter().map(|facts| (facts.id, facts)).collect();
    let ids: Vec<CourseId> = taken.iter().copied().collect();
    for some in ids.chunks(usize::try_from(PAGE).unwrap_or(1)) {
        let counted = courses(session, door, some, Detail::Contents).await?;
        known.extend(counted.into_iter().map(|facts| (facts.id, facts)));
    }
    Ok((taken, known.into_values().collect()))
}

async fn courses(
    session: &Session,
    door: &mut ArchiveDoor,
    ids: &[CourseId],
    detail: Detail,
) -> Result<Vec<CourseFacts>, ArchiveError> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let request = CoursesRequest { ids: ids.to_vec(), after, limit: PAGE, detail };
        let page: CoursePage<CourseFacts> = door
            .courses(&session.cx, &request)
            .await
            .map_err(|error| ArchiveError::Facts("source", error.into()))?;
        all.extend(page.courses);
        match page.next {
            Some(next) => after = next,
            None => return Ok(all),
        }
    }
}

/// Whom the people of the courses become at the target.
async fn people(
    session: &Session,
    source: &mut ArchiveDoor,
    target: &Opened<'_>,
    archive: &Archive,
    of_source: &SiteFacts,
    taken: &BTreeSet<CourseId>,
) -> Result<Option<Matches>, OpsError> {
    if archive.within_one_site() || !archive.backup.users || taken.is_empty() {
        return Ok(None);
    }
    let courses: Vec<i64> = taken.iter().copied().collect();
    let policy = provost_archive::ends::moodle::users(archive, &making::people(session, archive)?);
    let mut door = target.door(session).await?;
    let mut all = Matches::default();
    let mut after = 0;
    let done = loop {
        let request = UsersRequest { courses: courses.clone(), after, limit: PEOPLE };
        let page = match source.users(&session.cx, &request).await {
            Ok(page) => page,
            Err(error) => break Err(ArchiveError::Facts("source", error.into())),
        };
        let source_site = of_source.identifier_digest.clone();
        let users: Vec<Account> = page.users;
        let request = MatchRequest { users, policy: policy.clone(), source_site };
        match door.matches(&session.cx, &request).await {
            Ok(matches) => {
                all.matched += matches.matched;
                all.made += matches.made;
                all.special.extend(matches.special);
            }
            Err(error) => break Err(ArchiveError::Facts("target", error.into())),
        }
        match page.next {
            Some(next) => after = next,
            None => break Ok(()),
        }
    };
    door.close().await;
    done?;
    let doubts_stop = archive.source == Fate::Delete;
    say_where(session, source, &courses, &mut all, doubts_stop).await?;
    Ok(Some(all))
}

/// Adds in which courses those are who stop them: one person stops no others.
async fn say_where(
    session: &Session,
    source: &mut ArchiveDoor,
    courses: &[i64],
    matches: &mut Matches,
    doubts_stop: bool,
) -> Result<(), ArchiveError> {
    let stops =
        |user: &&provost_sites::archive::MatchedUser| user.stops() || (doubts_stop && user.why.is_some());
    let stopped = matches.special.iter().filter(stops);
    let users: Vec<i64> = stopped.map(|user| user.id).collect();
    if users.is_empty() {
        return Ok(());
    }
    let request = WhereRequest { courses: courses.to_vec(), users };
    let told = source.users_where(&session.cx, &request).await;
    let mut told = told.map_err(|error| ArchiveError::Facts("source", error.into()))?;
    for user in &mut matches.special {
        user.courses = told.courses.remove(&user.id).unwrap_or_default();
    }
    Ok(())
}

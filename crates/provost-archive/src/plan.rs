//! What a session would do, shown before it does anything: every course with its place, its size, its minutes and what stands in its
//! way. Pure.

use std::collections::{BTreeMap, HashSet};

use provost_fleet::archive::{Archive, CourseName};
use provost_sites::archive::Matches;
use serde::Serialize;

use crate::course::{CourseFacts, CourseId, SiteFacts};
use crate::place::{Names, Occupied, Path, place, written};
use crate::problems::{Needs, Problem, of_accepted, of_course, of_disk, of_sites, of_users};
use crate::select::{Idle, Lists, SelectError, Started, Taken, select};

/// What a plan is made from.
pub struct Inputs<'a> {
    /// The declaration.
    pub archive: &'a Archive,
    /// When it starts, or would.
    pub started: &'a Started,
    /// The lists that it names.
    pub lists: &'a Lists,
    /// The source.
    pub source: &'a SiteFacts,
    /// The target.
    pub target: &'a SiteFacts,
    /// All courses of the source, with counts where a selection or the plan shall know sizes.
    pub courses: &'a [CourseFacts],
    /// Whom the people of the selected courses would become, where that was asked for.
    pub matches: Option<&'a Matches>,
    /// Names of differences that a declaration may accept besides problems.
    pub differences: &'a [&'a str],
}

/// How long a course is expected to take, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Expected {
    /// Most likely.
    pub mean: f64,
    /// At most, by the model's own account.
    pub upper: f64,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this form.
    pub schema: u32,
    /// The source's name.
    pub from: String,
    /// The target's name.
    pub to: String,
    /// Whether courses are moved within one site instead of being copied to another.
    pub moves: bool,
    /// The year that `{year}` stands for.
    pub year: i16,
    /// The courses, in the order of their ids.
    pub courses: Vec<Planned>,
    /// How many more were selected and are excluded.
    pub excluded: usize,
    /// What of the selection takes nothing, in words.
    pub idle: Vec<String>,
    /// What is wrong with the session as a whole.
    pub problems: Vec<Problem>,
    /// Sums over all courses.
    pub totals: Totals,
}

/// Sums over all courses of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Courses.
    pub courses: usize,
    /// Of these, those that something stops.
    pub stopped: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// Expected time of those that nothing stops, one after the other.
    pub seconds: Expected,
}

/// A course of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// Its id at the source.
    pub course: CourseId,
    /// Its short name at the source.
    pub shortname: String,
    /// Its full name at the source.
    pub fullname: String,
    /// Its categories at the source, as a path.
    pub category: String,
    /// Names of the categories that it comes to lie in; `None` where it has no place.
    pub place: Option<Vec<String>>,
    /// What it is called there, where that is something else: short name, full name, id number.
    pub renamed: Option<Renamed>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its activities.
    pub activities: u64,
    /// Its people.
    pub users: u64,
    /// Expected time.
    pub seconds: Expected,
    /// What stands in its way.
    pub problems: Vec<Problem>,
}

/// What a copy is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Short name.
    pub shortname: String,
    /// Full name.
    pub fullname: String,
    /// Id number.
    pub idnumber: String,
}

impl Planned {
    /// Whether something stops it.
    pub fn is_stopped(&self) -> bool {
        self.problems.iter().any(Problem::stops)
    }
}

impl Plan {
    /// Whether something stops the session as a whole.
    pub fn is_stopped(&self) -> bool {
        self.problems.iter().any(Problem::stops)
    }
}

/// Plans a session.
///
/// # Errors
/// When the selection cannot be made.
pub fn plan(inputs: &Inputs<'_>, expected: impl Fn(&CourseFacts) -> Expected) -> Result<Plan, SelectError> {
    let Inputs { archive, started, source, target, .. } = *inputs;
    let selected = select(archive, started, inputs.lists, inputs.courses)?;
    let by_id: BTreeMap<CourseId, &CourseFacts> =
        inputs.courses.iter().map(|course| (course.id, course)).collect();
    let chosen: Vec<(&Taken, &CourseFacts)> =
        selected.taken.iter().filter_map(|taken| Some((taken, *by_id.get(&taken.course)?))).collect();
    let own: HashSet<CourseId> = chosen.iter().map(|(taken, _)| taken.course).collect();
    // What is moved within its site does not stand in its own way.
    let mut occupied = Occupied::of(target, |id| archive.within_one_site() && own.contains(&id));
    let mut problems = of_sites(archive, source, target);
    problems.extend(of_accepted(&archive.accept, inputs.differences));
    problems.extend(of_disk(archive, Needs::of(archive, chosen.iter().map(|(_, course)| *course)), target));
    let mut people = inputs.matches.map(|matches| of_users(archive, matches)).unwrap_or_default();
    problems.append(&mut people.session);
    let one = |(taken, course): (&Taken, &CourseFacts)| {
        let mut one = planned(inputs, &mut occupied, taken, course, expected(course));
        one.problems.extend(people.courses.remove(&course.id).unwrap_or_default());
        one
    };
    let courses: Vec<Planned> = chosen.into_iter().map(one).collect();
    Ok(Plan {
        schema: 1,
        from: archive.from.site.to_string(),
        to: archive.to.site.to_string(),
        moves: archive.within_one_site(),
        year: started.year,
        totals: totals(&courses),
        courses,
        excluded: selected.excluded,
        idle: selected.idle.iter().map(in_words).collect(),
        problems,
    })
}

fn planned(
    inputs: &Inputs<'_>,
    occupied: &mut Occupied,
    taken: &Taken,
    course: &CourseFacts,
    seconds: Expected,
) -> Planned {
    let Inputs { archive, started, source, target, .. } = *inputs;
    let path = place(&archive.place, started.year, course, &taken.below);
    let named = occupied.name(archive, started.year, course);
    let problems = of_course(archive, source, target, course, &path, &named);
    let Names { fullname, shortname, idnumber } = named.names;
    let same = (&fullname, &shortname, &idnumber) == (&course.fullname, &course.shortname, &course.idnumber);
    Planned {
        course: course.id,
        shortname: course.shortname.clone(),
        fullname: course.fullname.clone(),
        category: written(course.path()),
        place: path.ok().map(Path::into_names),
        renamed: (!same).then_some(Renamed { shortname, fullname, idnumber }),
        bytes: course.bytes,
        activities: course.activity_count(),
        users: course.users,
        seconds,
        problems,
    }
}

fn totals(courses: &[Planned]) -> Totals {
    let mut totals = Totals { courses: courses.len(), ..Totals::default() };
    for course in courses {
        totals.bytes = totals.bytes.saturating_add(course.bytes);
        if course.is_stopped() {
            totals.stopped += 1;
        } else {
            totals.seconds.mean += course.seconds.mean;
            totals.seconds.upper += course.seconds.upper;
        }
    }
    totals
}

fn in_words(idle: &Idle) -> String {
    match idle {
        Idle::Selection { number, root } => format!("selection {number} ({root}) takes no course"),
        Idle::Line { list, line, course } => {
            let (what, name) = match course {
                CourseName::Id(id) => ("id", id.to_string()),
                CourseName::Shortname(name) => ("short name", name.clone()),
                CourseName::Idnumber(name) => ("id number", name.clone()),
            };
            format!("{list}:{line}: the source has no course with the {what} `{name}`")
        }
    }
}

#[cfg(test)]
mod tests;

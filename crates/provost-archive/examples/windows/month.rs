//! A month of a session: workers that do what the schedule says, and a model that learns as they go.

use jiff::{SignedDuration, Timestamp};
use provost_archive::predict::{Model, WORK};
use provost_archive::schedule::{Boundary, Candidate, Decision, Schedule, Why};
use provost_archive::window::{State, Window};

use crate::figures::Figures;
use crate::world::{Course, World};

/// Units that are looked at together, as a page of the registry is.
const PAGE: usize = 40;

/// All predictions are made anew whenever so many times as many units are learned from; in between only those looked at are.
const GROWN: u64 = 2;

/// Tries of a phase before its unit is parked, as `Failure::TRIES` of the registry.
const TRIES: u32 = 3;

/// A unit that a worker has in hand.
struct Job {
    unit: usize,
    since: Timestamp,
    /// When the window closes that it was taken in.
    closes: Timestamp,
    phase_since: Timestamp,
    phase_until: Timestamp,
    /// Whether it is broken off then.
    broken: bool,
}

/// What has become of a unit.
#[derive(Clone, Default)]
struct Progress {
    taken: bool,
    done: usize,
    seconds: [f64; WORK.len()],
    /// Until when what makes it hang lasts, once it has been met.
    hangs_until: Option<Timestamp>,
    /// Tries of its phase that hung.
    failures: u32,
    not_before: Option<Timestamp>,
}

/// A month that is under way.
pub(crate) struct Month<'a> {
    world: &'a mut World,
    courses: &'a [Course],
    window: Window,
    schedule: Schedule,
    model: Model,
    progress: Vec<Progress>,
    /// Units that nobody has begun, with their upper bounds as kept, longest last.
    waiting: Vec<(f64, usize)>,
    /// Units that were stopped at a boundary.
    put_back: Vec<usize>,
    jobs: Vec<Option<Job>>,
    predicted_at: Option<u64>,
    night: (Timestamp, f64),
    figures: Figures,
}

impl<'a> Month<'a> {
    /// A month with a schedule and units to do.
    pub(crate) fn new(
        world: &'a mut World,
        courses: &'a [Course],
        schedule: Schedule,
        workers: usize,
    ) -> Self {
        Self {
            world,
            courses,
            window: schedule.window().clone(),
            schedule,
            model: Model::new(),
            progress: vec![Progress::default(); courses.len()],
            waiting: (0..courses.len()).map(|unit| (0.0, unit)).collect(),
            put_back: Vec::new(),
            jobs: (0..workers).map(|_| None).collect(),
            predicted_at: None,
            night: (Timestamp::MIN, 1.0),
            figures: Figures::new(workers),
        }
    }

    /// Lets it pass.
    pub(crate) fn run(mut self, from: Timestamp, until: Timestamp) -> Figures {
        self.figures.windows(&self.window, from, until);
        let mut now = from;
        loop {
            let wake = if now < until { self.begin(now) } else { None };
            let ends = self.jobs.iter().flatten().map(|job| job.phase_until).min();
            now = match [wake, ends].into_iter().flatten().min() {
                Some(next) if next < until || ends.is_some() => next,
                _ => break,
            };
            self.end_phases(now);
        }
        self.figures.left = self.waiting.iter().filter(|(_, unit)| !self.progress[*unit].taken).count();
        self.figures.put_back = self.put_back.len();
        self.figures
    }

    /// Begins what can be begun; says when to ask again.
    fn begin(&mut self, now: Timestamp) -> Option<Timestamp> {
        if let State::Open { since, .. } = self.window.at(now)
            && self.night.0 != since
        {
            self.night = (since, self.world.night());
        }
        if self.predicted_at.is_none_or(|units| self.model.learned_from() > units * GROWN) {
            self.predict_all();
        }
        while self.jobs.iter().any(Option::is_none) {
            match self.decide(now) {
                Decision::Begin(unit) => self.take(unit, now),
                Decision::Wait { until, why } => {
                    if why == Why::Nothing {
                        self.figures.ran_dry(now);
                    }
                    return until;
                }
            }
        }
        None
    }

    fn decide(&self, now: Timestamp) -> Decision<usize> {
        let running = self.jobs.iter().flatten().count();
        let begun: Vec<_> = self.put_back.iter().map(|unit| self.candidate(*unit)).collect();
        let room = self.schedule.room(now);
        let fit = self.waiting.partition_point(|(upper, _)| *upper <= room);
        let mut untaken = self.waiting[..fit].iter().rev().filter(|(_, unit)| !self.progress[*unit].taken);
        let mut held = None;
        for number in 0.. {
            let fresh: Vec<_> = untaken.by_ref().take(PAGE).map(|(_, unit)| self.candidate(*unit)).collect();
            let last = fresh.len() < PAGE;
            if fresh.is_empty() && number > 0 {
                break;
            }
            let mut page = begun.clone();
            if fresh.is_empty() && number == 0 {
                // Nothing fits: the shortest says why.
                let shortest = self.waiting.iter().find(|(_, unit)| !self.progress[*unit].taken);
                page.extend(shortest.map(|(_, unit)| self.candidate(*unit)));
            }
            page.extend(fresh);
            let decision = self.schedule.next(now, &page, running);
            match decision {
                Decision::Wait { why: Why::DoesNotFit, .. } => held = Some(decision),
                Decision::Wait { why: Why::NeverFits, .. } => held = held.or(Some(decision)),
                _ => return decision,
            }
            if last {
                break;
            }
        }
        held.unwrap_or(Decision::Wait { until: None, why: Why::Nothing })
    }

    fn candidate(&self, unit: usize) -> Candidate<usize> {
        let (course, done) = (&self.courses[unit].features, self.progress[unit].done);
        Candidate {
            unit,
            priority: 0,
            begun: done > 0,
            not_before: self.progress[unit].not_before,
            rest: self.model.predict(course, &WORK[done..]),
            next_phase: self.model.predict(course, &WORK[done..=done]),
        }
    }

    fn predict_all(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|(_, unit)| !self.progress[*unit].taken);
        for (upper, unit) in &mut waiting {
            *upper = self.candidate(*unit).rest.upper;
        }
        waiting.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.waiting = waiting;
        self.predicted_at = Some(self.model.learned_from());
    }

    fn take(&mut self, unit: usize, now: Timestamp) {
        let State::Open { until: Some(closes), .. } = self.window.at(now) else { return };
        self.figures.begun(&self.candidate(unit), closes.duration_since(now).as_secs_f64());
        self.progress[unit].taken = true;
        self.put_back.retain(|other| *other != unit);
        if let Some(place) = self.jobs.iter().position(Option::is_none) {
            let job = Job { unit, since: now, closes, phase_since: now, phase_until: now, broken: false };
            self.jobs[place] = Some(self.next_phase(job, now));
        }
    }

    /// Starts the next phase of a unit: only here it is known what it takes. What makes one hang is met once and lasts its time, however
    /// often the phase is tried.
    fn next_phase(&mut self, job: Job, now: Timestamp) -> Job {
        let (course, phase) = (&self.courses[job.unit], self.progress[job.unit].done);
        let others = self.jobs.iter().flatten().filter(|other| other.unit != job.unit).count();
        let progress = &mut self.progress[job.unit];
        let hang = course.hang.filter(|(at, _)| *at == phase).map(|(_, seconds)| {
            *progress.hangs_until.get_or_insert(now + SignedDuration::from_secs_f64(seconds))
        });
        let hangs = hang.map_or(0.0, |until| until.duration_since(now).as_secs_f64().max(0.0));
        let seconds = course.base[phase] * self.night.1 * (1.0 + 0.05 * others as f64) + hangs;
        let ends = now + SignedDuration::from_secs_f64(seconds);
        let expected = self.model.predict(&course.features, &WORK[phase..=phase]);
        let due = self.schedule.break_off(now, &expected);
        Job { phase_since: now, phase_until: ends.min(due), broken: due < ends, ..job }
    }

    /// What a driver does with a unit whose phase was broken off: it goes on in the next window. If it hung, that was one of its tries.
    fn broken_off(&mut self, job: &Job, now: Timestamp) {
        let (course, progress) = (&self.courses[job.unit], &mut self.progress[job.unit]);
        let expected = self.model.predict(&course.features, &WORK[progress.done..=progress.done]);
        let took = now.duration_since(job.phase_since);
        self.figures.broken_off += 1;
        self.figures.ended(job.since, now, job.closes, course);
        progress.not_before = self.window.next_opening(now);
        let in_vain = took.as_secs_f64() > expected.upper || self.schedule.had_a_window(job.phase_since);
        progress.failures += u32::from(in_vain);
        if progress.failures < TRIES {
            self.put_back.push(job.unit);
        } else {
            self.figures.parked += 1;
        }
    }

    fn end_phases(&mut self, now: Timestamp) {
        for place in 0..self.jobs.len() {
            let Some(job) = self.jobs[place].take_if(|job| job.phase_until <= now) else { continue };
            if job.broken {
                self.broken_off(&job, now);
                continue;
            }
            let progress = &mut self.progress[job.unit];
            (progress.failures, progress.not_before) = (0, None);
            progress.seconds[progress.done] = now.duration_since(job.phase_since).as_secs_f64();
            progress.done += 1;
            let done = progress.done;
            let course = &self.courses[job.unit];
            if done == WORK.len() {
                let took: Vec<_> = WORK.into_iter().zip(progress.seconds).collect();
                self.figures.predicted(
                    self.model.predict(&course.features, &WORK),
                    &progress.seconds,
                    course,
                );
                self.model.learn(&course.features, &took);
                self.figures.units += 1;
                self.figures.ended(job.since, now, job.closes, course);
                continue;
            }
            let next = self.model.predict(&course.features, &WORK[done..=done]);
            if self.schedule.boundary(now, &next) == Boundary::GoOn {
                self.jobs[place] = Some(self.next_phase(job, now));
            } else {
                self.figures.ended(job.since, now, job.closes, course);
                self.put_back.push(job.unit);
            }
        }
    }
}

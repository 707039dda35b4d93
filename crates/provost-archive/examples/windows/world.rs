//! Courses, and what they take in truth. Nothing of it is known to the model, nor are its formulas the model's.
//!
//! Sizes: a lognormal body with a Pareto tail, as course sizes of real Moodles are reported to lie: most are tens of megabytes and some
//! tens of activities, one in fifty has gigabytes, one in a hundred has hundreds of activities. The two extremes, 200 GB and 20,000
//! activities, are in every corpus.
//!
//! Durations: measured are only single times (14 s for a backup of 1,000 activities, 12 and 14 s for 95 MB), so that noise is assumed,
//! on the high side. Of each unit: a factor of its own (what its activities are made of), deviation 0.15; of each phase: 0.18;
//! of each night: 0.10 (what else the machines do); each further worker at work costs 5 %; one phase in a hundred meets something
//! that makes it 1.5 to 4 times as long (a checkpoint, a vacuum, a cold cache); one unit in 400 hangs for 1 to 5 hours (a lock, a
//! nightly backup of the same database): whoever tries again meanwhile hangs until these are over.

use provost_archive::predict::{Features, WORK};

use crate::dice::Dice;

/// One unit in so many hangs.
const HANGS: f64 = 400.0;

/// A course with what it takes in truth.
pub(crate) struct Course {
    /// What is known of it.
    pub(crate) features: Features,
    /// Seconds of each phase, as they would be on an average night with one worker.
    pub(crate) base: [f64; WORK.len()],
    /// Hours in seconds that it hangs, and in which phase.
    pub(crate) hang: Option<(usize, f64)>,
}

/// Two sites and the machines between them.
pub(crate) struct World {
    dice: Dice,
    /// How far this pair's speeds are from those of an average one.
    speed: [[f64; 4]; WORK.len()],
}

impl World {
    /// A pair of sites.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let speed = std::array::from_fn(|_| std::array::from_fn(|_| dice.factor(0.5)));
        Self { dice, speed }
    }

    /// Courses that take so many seconds altogether, or a little more; the extremes first.
    pub(crate) fn courses(&mut self, seconds: f64) -> Vec<Course> {
        let most_bytes =
            Features { bytes: 200_000_000_000, files: 40_000, activities: 300, ..self.features() };
        let most_activities = Features { activities: 20_000, users: 1_500, work: 400_000, ..self.features() };
        let mut courses = vec![self.course(most_bytes), self.course(most_activities)];
        let mut sum: f64 = courses.iter().flat_map(|course| course.base).sum();
        while sum < seconds {
            let features = self.features();
            let course = self.course(features);
            sum += course.base.iter().sum::<f64>();
            courses.push(course);
        }
        courses
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts that were made to fit"
    )]
    fn features(&mut self) -> Features {
        let dice = &mut self.dice;
        let mut activities = 22.0 * dice.factor(1.0);
        if dice.happens(0.01) {
            activities = dice.pareto(200.0, 1.2, 20_000.0);
        }
        let mut bytes = 4e7 * dice.factor(1.8);
        if dice.happens(0.02) {
            bytes = dice.pareto(2e9, 1.1, 2e11);
        }
        let users = (45.0 * dice.factor(1.1)).min(20_000.0);
        let work = (users * activities * 0.15 * dice.factor(0.8)).min(2e6);
        Features {
            bytes: bytes as u64,
            files: (2.0 * activities + bytes / 1.5e6 * dice.factor(0.5)) as u64,
            activities: activities as u64,
            users: users as u64,
            work: work as u64,
            log_rows: (users * 250.0 * dice.factor(0.8)) as u64,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of courses")]
    fn course(&mut self, features: Features) -> Course {
        // A little more than proportional: tables and indexes of a large backup no longer fit where those of a small one do.
        let activities = (features.activities as f64).powf(1.06);
        let (users, files) = (features.users as f64, features.files as f64);
        let rows = features.work as f64 + features.log_rows as f64 / 4.0;
        let bytes = features.bytes as f64;
        let per = |speed: &[f64; 4], seconds: [f64; 5]| {
            seconds[0] * speed[0]
                + seconds[1] * speed[1] * activities
                + speed[2] * (seconds[2] * users + seconds[3] * rows)
                + seconds[4] * speed[3] * bytes
        };
        // For any course; per activity; per user; per row; per byte (60 MB/s over the network, some hundreds from disk).
        let mut base = [
            per(&self.speed[0], [0.8, 0.0005, 0.0, 0.0, 0.0]),
            per(&self.speed[1], [3.0, 0.013, 0.006, 0.0004, 1.0 / 1e9]),
            per(&self.speed[2], [1.5, 0.0, 0.0, 0.0, 1.0 / 6e7]) + 0.004 * files,
            per(&self.speed[3], [4.0, 0.04, 0.02, 0.0012, 1.0 / 3e8]) + 0.006 * files,
            per(&self.speed[4], [1.2, 0.001, 0.001, 0.0, 0.0]),
            per(&self.speed[5], [2.5, 0.012, 0.004, 0.0003, 1.0 / 4e8]),
        ];
        let own = self.dice.factor(0.15);
        for seconds in &mut base {
            *seconds *= own * self.dice.factor(0.18);
            if self.dice.happens(0.01) {
                *seconds *= self.dice.between(1.5, 4.0);
            }
        }
        // In backup, transport or restore.
        let hang = self.dice.happens(1.0 / HANGS).then(|| {
            let phase = 1 + (self.dice.part() * 3.0) as usize;
            (phase, self.dice.between(3600.0, 5.0 * 3600.0))
        });
        Course { features, base, hang }
    }

    /// How much longer everything takes in a night.
    pub(crate) fn night(&mut self) -> f64 {
        self.dice.factor(0.10)
    }
}

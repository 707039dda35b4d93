//! What is assumed of a pair of sites before anything is measured.

use provost_engine::registry::Phase;

use super::rates::Row;

/// Seconds: for any course, per 100 activities, 1,000 users, 10,000 attempts or posts, 100,000 rows of the log, 1,000 contents, GB.
///
/// Measured on Moodle 5.0, PostgreSQL 15, two cores: a backup of 1,000 activities takes 14 s, core's backup of 95 MB in few activities
/// 12 s, its restore 14 s. The rest is estimated from the numbers of statements: a restore writes row by row what a backup reads in
/// bulk. None of it need be right: it is what the first predictions are made of, and is overruled by some ten units.
pub(super) fn rates(phase: Phase) -> Row {
    match phase {
        Phase::Prepare => [0.5, 0.05, 0.1, 0.1, 0.1, 0.1, 0.01],
        Phase::Backup => [2.0, 1.5, 5.0, 10.0, 10.0, 3.0, 2.0],
        Phase::Transport => [1.0, 0.1, 0.1, 0.1, 0.1, 5.0, 20.0],
        Phase::Restore => [3.0, 3.0, 20.0, 20.0, 20.0, 10.0, 10.0],
        Phase::PostProcess => [1.0, 0.1, 1.0, 0.1, 0.1, 0.1, 0.01],
        Phase::Prove => [2.0, 1.0, 5.0, 10.0, 5.0, 5.0, 5.0],
        Phase::Hide => [0.5, 0.05, 0.05, 0.05, 0.05, 0.05, 0.01],
        Phase::Delete => [1.0, 1.0, 2.0, 5.0, 2.0, 5.0, 1.0],
    }
}

//! What goes wrong in a scripted world, and how often.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use crate::ends::{EndError, UnitKey};

/// What goes wrong, and how often. The same courses are poisoned in every process of a world.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What the fates of courses are drawn from.
    pub seed: u64,
    /// Of a thousand courses, how many can never be restored: the restore throws each time.
    pub throws: u64,
    /// Of a thousand courses, how many come back different from what they were.
    pub damaged: u64,
    /// Of a thousand courses, how many have a file whose content is gone from the source.
    pub incomplete: u64,
    /// Of a thousand calls, how many fail as a cut connection fails.
    pub cuts: u64,
    /// The longest that a step within a call takes.
    pub pause: Duration,
}

/// What becomes of a course, whatever is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It can be archived.
    Good,
    /// Its restore throws, every time.
    Throws,
    /// What is restored is not what it was.
    Damaged,
    /// The source lacks a content.
    Incomplete,
}

impl Script {
    /// Nothing goes wrong, and nothing takes time.
    pub fn calm() -> Self {
        Self { seed: 0, throws: 0, damaged: 0, incomplete: 0, cuts: 0, pause: Duration::ZERO }
    }

    /// What becomes of a course.
    pub fn fate(&self, course: i64) -> Fate {
        let mut hasher = DefaultHasher::new();
        (self.seed, course).hash(&mut hasher);
        let drawn = hasher.finish() % 1000;
        match drawn {
            drawn if drawn < self.throws => Fate::Throws,
            drawn if drawn < self.throws + self.damaged => Fate::Damaged,
            drawn if drawn < self.throws + self.damaged + self.incomplete => Fate::Incomplete,
            _ => Fate::Good,
        }
    }

    /// Lets a moment pass in which a kill may fall, and cuts the connection now and then.
    pub(super) async fn moment(&self, key: &UnitKey, over: &str) -> Result<(), EndError> {
        let drawn = luck();
        if !self.pause.is_zero() {
            let nanos = u64::try_from(self.pause.as_nanos()).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_nanos(drawn % nanos.max(1))).await;
        }
        if (drawn >> 32) % 1000 < self.cuts {
            return Err(EndError::passing(format!("the connection was cut over {over} of {key}")));
        }
        Ok(())
    }
}

/// Chance that no process shares with another.
fn luck() -> u64 {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[10], bytes[11]])
}

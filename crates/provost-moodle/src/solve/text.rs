//! What the solver says, for people.

use std::fmt;

use super::report::{Advice, Blocked, Blocking, Failure, PassedOver, Reason};
use crate::fit::moodle_text;

/// How many candidates of a plugin are named before the rest is only counted.
const MOST_NAMED: usize = 3;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misfit(misfit) => misfit.fmt(f),
            Self::Unreadable(why) => write!(f, "its version.php cannot be read: {why}"),
            Self::NotNewer => f.write_str("its version is no newer"),
        }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)?;
        if let Some(version) = self.version.as_ref().filter(|version| version.as_str() != self.label) {
            write!(f, " ({version})")?;
        }
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        write!(f, " {}", reasons.join("; "))
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<String> =
            self.passed_over.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        let more = self.passed_over.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            said.push(format!("and {more} more that do not fit either"));
        }
        match &self.left {
            Some((label, version)) => said.push(format!("{label} ({version}) is the newest that fits here")),
            None if said.is_empty() => said.push("has no version to choose from".to_owned()),
            None => {}
        }
        write!(f, "{}: {}", self.component, said.join("; "))
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { component, at_least: None } => write!(f, "add {component}"),
            Self::Add { component, at_least: Some(version) } => {
                write!(f, "add {component} {version} or newer")
            }
            Self::NewerMoodle { component, at_least } => {
                write!(f, "{component} fits Moodle {} or newer", moodle_text(at_least))
            }
            Self::Instead { component, label, version } => {
                write!(f, "{component} fits at {label} ({version})")
            }
        }
    }
}

impl fmt::Display for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.members.iter().map(ToString::to_string).collect();
        lines.extend(self.advice.iter().map(|advice| format!("  {advice}")));
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.blocking.iter().map(ToString::to_string).collect();
        lines.extend(self.moodle.iter().map(|label| format!("everything fits Moodle {label}")));
        f.write_str(&lines.join("\n"))
    }
}

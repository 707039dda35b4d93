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
            Self::Unreadable(why) => f.write_str(why),
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
        // The words of a reader are a sentence of their own.
        let colon = if matches!(self.reasons.as_slice(), [Reason::Unreadable(_), ..]) { ":" } else { "" };
        write!(f, "{colon} {}", reasons.join("; "))
    }
}

/// One line where one says all; else a line for each candidate, below the plugin's name.
impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = candidates(&self.passed_over);
        match &self.left {
            Some((label, version)) => said.push(format!("{label} ({version}) is the newest that fits here")),
            None if said.is_empty() => said.push("has no version to choose from".to_owned()),
            None => {}
        }
        match said.as_slice() {
            [only] => write!(f, "{}: {only}", self.component),
            lines => write!(f, "{}:\n  {}", self.component, lines.join("\n  ")),
        }
    }
}

/// Candidates that fail for one reason are told together; of the others the first are named, and the rest counted.
fn candidates(passed_over: &[PassedOver]) -> Vec<String> {
    if let [first, rest @ ..] = passed_over
        && !rest.is_empty()
        && rest.iter().all(|one| one.reasons == first.reasons)
    {
        return vec![format!("{first}; so it is with {} more of its versions", rest.len())];
    }
    let mut said: Vec<String> = passed_over.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = passed_over.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        said.push(format!("and {more} more that do not fit either"));
    }
    said
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
        lines.extend(self.advice.iter().map(|advice| format!("  so: {advice}")));
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

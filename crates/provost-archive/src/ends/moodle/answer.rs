//! What an agent's failure, or a problem that it found, means for a unit.

use provost_engine::execute::full_chain;
use provost_sites::agent::AgentError;
use provost_sites::archive::Problem;

use crate::ends::EndError;

/// What the agents say of a platform that is fit for nothing now.
const OF_PLATFORM: [&str; 5] =
    ["not_installed", "upgrade_pending", "maintenance", "disk_full", "not_durable"];

/// What they say of a course with which trying again changes nothing.
const OF_COURSE: [&str; 3] = ["other_course", "shape", "not_ours"];

/// What they refuse before they touch the course.
const REFUSED: [&str; 2] = ["not_hidden", "questions_used"];

/// What the kernel says of a full disk, in whatever Moodle made of it.
const NO_SPACE: [&str; 3] = ["No space left on device", "Disk quota exceeded", "errno=28"];

/// An agent's failure.
pub(super) fn failed(end: &'static str, error: AgentError) -> EndError {
    let what = format!("the {end}'s agent failed");
    if NO_SPACE.iter().any(|text| full_chain(&error).contains(text)) {
        return EndError::Platform {
            what: format!("no space is left at the {end}"),
            source: Some(error.into()),
        };
    }
    match &error {
        AgentError::Cancelled => EndError::Interrupted,
        AgentError::NoPhp | AgentError::Unpack(_) => EndError::Platform { what, source: Some(error.into()) },
        AgentError::Answer { kind, message, .. } if kind == "busy" => {
            EndError::Busy { what: message.clone() }
        }
        AgentError::Answer { kind, .. } if OF_PLATFORM.contains(&kind.as_str()) => {
            EndError::Platform { what: format!("the {end} is not fit for it"), source: Some(error.into()) }
        }
        AgentError::Answer { kind, .. } if OF_COURSE.contains(&kind.as_str()) => {
            EndError::Course { what: format!("the {end} refuses"), source: Some(error.into()) }
        }
        AgentError::Answer { kind, .. } if REFUSED.contains(&kind.as_str()) => {
            EndError::Refused { what: format!("the {end} refuses"), source: Some(error.into()) }
        }
        _ => EndError::Passing { what, source: Some(error.into()) },
    }
}

/// Problems that stop a unit, in one line.
pub(super) fn stopped(problems: &[Problem]) -> EndError {
    let one = |problem: &Problem| {
        let name = match problem.subject.as_str() {
            "" => problem.kind.clone(),
            subject => format!("{}:{subject}", problem.kind),
        };
        format!("{} [{name}]", problem.message)
    };
    EndError::course(problems.iter().map(one).collect::<Vec<_>>().join("; "))
}

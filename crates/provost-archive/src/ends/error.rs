//! Why an end could not do what a phase asked, told by what it means for the unit.

use std::error::Error;

/// Why an end could not do what a phase asked.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Something that passes: a connection was cut, an agent died, a lock was held. The same may go well the next time.
    #[error("{what}")]
    Passing {
        /// What was in the way.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The course is not fit for it, and trying again changes nothing: a person is needed.
    #[error("{what}")]
    Course {
        /// What is wrong with it.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The platform refuses it, before anything of the course was touched: a person is needed.
    #[error("{what}")]
    Refused {
        /// Who refuses.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The platform is not fit for any course now: its disk is full, it is closed, somebody changed its code. Nothing more is begun.
    #[error("{what}")]
    Platform {
        /// What is wrong with it.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Somebody else works on the same thing there: it is waited for, however often.
    #[error("{what}")]
    Busy {
        /// Who.
        what: String,
    },
    /// The command was ended.
    #[error("interrupted")]
    Interrupted,
}

impl EndError {
    /// Something that passes.
    pub fn passing(what: impl Into<String>) -> Self {
        Self::Passing { what: what.into(), source: None }
    }

    /// Something that passes, and why.
    pub fn passing_because(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Passing { what: what.into(), source: Some(source.into()) }
    }

    /// Something about the course.
    pub fn course(what: impl Into<String>) -> Self {
        Self::Course { what: what.into(), source: None }
    }

    /// Something that is refused before anything was touched.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::Refused { what: what.into(), source: None }
    }

    /// Something about the platform.
    pub fn platform(what: impl Into<String>) -> Self {
        Self::Platform { what: what.into(), source: None }
    }
}

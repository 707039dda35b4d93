//! The moment at which a session starts, from which years and ages are counted.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use provost_fleet::archive::{Age, Archive, Sliding};

use super::SelectError;

/// When a session started. It is kept with the session: one that runs over New Year stays what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The moment.
    pub at: Timestamp,
    /// The year by the clocks of the declaration's time zone, or the one that was asked for instead.
    pub year: i16,
    /// The declaration's time zone.
    pub zone: TimeZone,
}

/// A time zone that there is not: one of a declaration was checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{0}`")]
pub struct StartedError(String);

impl Started {
    /// A session that starts now; in another year, if one is asked for.
    ///
    /// # Errors
    /// When the time zone is none.
    pub fn new(archive: &Archive, at: Timestamp, year: Option<i16>) -> Result<Self, StartedError> {
        let zone = TimeZoneDatabase::bundled().get(&archive.timezone);
        let zone = zone.map_err(|_| StartedError(archive.timezone.clone()))?;
        let year = year.unwrap_or_else(|| at.to_zoned(zone.clone()).year());
        Ok(Self { at, year, zone })
    }

    /// The text for this year.
    pub fn text(&self, text: &Sliding) -> String {
        // Nothing but the year stands in the texts that are asked for here.
        text.filled(self.year, |_| None).unwrap_or_else(|_| text.as_str().to_owned())
    }

    /// The moment of an age, in seconds since 1970.
    ///
    /// # Errors
    /// For a day that there is not in this year.
    pub fn moment(&self, age: &Age) -> Result<i64, SelectError> {
        match age {
            Age::Ago(ago) => {
                Ok(self.at.as_second().saturating_sub(i64::try_from(ago.as_secs()).unwrap_or(i64::MAX)))
            }
            Age::Date(date) => {
                let text = self.text(date);
                let begins = text.parse::<Date>().and_then(|day| day.to_zoned(self.zone.clone()));
                begins.map(|begins| begins.timestamp().as_second()).map_err(|_| SelectError::Day(text))
            }
        }
    }
}

//! When a session may work, as the file says it. What a clock makes of it is not said here.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One window: `"22:00-05:30"`, `"sat,sun 00:00-24:00"`, `"mon-fri 22:00-05:30"`. Written and stored in that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    /// The days on which it begins.
    pub days: Days,
    /// When it begins: minutes after midnight by the wall clock, below 1440.
    pub begins: u16,
    /// When it ends, likewise, at most 1440 (`24:00`); at or before `begins` it is the next day's.
    pub ends: u16,
}

impl Span {
    /// Minutes of a day without a change of clocks.
    pub const DAY: u16 = 24 * 60;

    /// Whether it ends on the day after it began.
    pub const fn over_midnight(self) -> bool {
        self.ends <= self.begins
    }
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Days(u8);

/// The days as the file writes them, Monday first.
const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// Whether a day is among them. Counted from Monday = 0; seven and more are no days.
    pub const fn has(self, from_monday: u8) -> bool {
        from_monday < 7 && self.0 & (1 << from_monday) != 0
    }
}

/// Days on which no window begins: `"2026-06-08"`, `"2026-06-08..2026-06-19"`, or every year `"06-08..06-19"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Exception {
    /// These days, both included.
    Once {
        /// The first.
        first: Date,
        /// The last, not before the first.
        last: Date,
    },
    /// These days of every year, as month and day, both included; a last before the first is the next year's.
    Yearly {
        /// The first.
        first: (i8, i8),
        /// The last.
        last: (i8, i8),
    },
}

impl Exception {
    /// Whether it holds on a day.
    pub fn has(&self, day: Date) -> bool {
        match self {
            Self::Once { first, last } => (*first..=*last).contains(&day),
            Self::Yearly { first, last } => {
                let day = (day.month(), day.day());
                match first <= last {
                    true => (*first..=*last).contains(&day),
                    false => day >= *first || day <= *last,
                }
            }
        }
    }
}

/// What happens to a unit that is still running when its window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overrun {
    /// It goes on for some minutes, in which nearly all that overrun end.
    #[default]
    Finish,
    /// It stops when its phase is done, and goes on in the next window.
    Stop,
}

impl Overrun {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 2] = [("finish", Self::Finish), ("stop", Self::Stop)];
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// No window.
    #[error("`{0}` is not a window, such as \"22:00-05:30\" or \"sat,sun 00:00-24:00\"")]
    Window(String),
    /// No time of day.
    #[error("`{0}` is not a time of day, such as \"22:00\"")]
    Clock(String),
    /// No days.
    #[error("`{0}` is not a day: mon, tue, wed, thu, fri, sat, sun")]
    Day(String),
    /// No exception.
    #[error("`{0}` is not a day or a range of days, such as \"2026-06-08..2026-06-19\" or \"12-20..01-05\"")]
    Exception(String),
    /// The last day is before the first.
    #[error("`{0}` ends before it begins")]
    Backwards(String),
}

impl FromStr for Span {
    type Err = TimesError;

    fn from_str(text: &str) -> Result<Self, TimesError> {
        let wrong = || TimesError::Window(text.to_owned());
        let trimmed = text.trim();
        let (days, clock) = match trimmed.rsplit_once(' ') {
            Some((days, clock)) => (days.parse()?, clock),
            None => (Days::ALL, trimmed),
        };
        let (begins, ends) = clock.split_once('-').ok_or_else(wrong)?;
        let (begins, ends) = (minutes(begins)?, minutes(ends)?);
        if begins == Self::DAY || begins == ends {
            return Err(wrong());
        }
        // Midnight at the end is the end of the day that began, and has one form.
        Ok(Self { days, begins, ends: if ends == 0 { Self::DAY } else { ends } })
    }
}

/// Minutes after midnight of `HH:MM`.
fn minutes(text: &str) -> Result<u16, TimesError> {
    let wrong = || TimesError::Clock(text.to_owned());
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten().ok_or_else(wrong)
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let all = hours * 60 + minutes;
    if minutes > 59 || all > Span::DAY { Err(wrong()) } else { Ok(all) }
}

impl FromStr for Days {
    type Err = TimesError;

    /// Single days and ranges, with commas: `mon-fri`, `sat,sun`, `fri-mon`.
    fn from_str(text: &str) -> Result<Self, TimesError> {
        let day = |name: &str| {
            let lower = name.trim().to_ascii_lowercase();
            NAMES.iter().position(|day| *day == lower).ok_or_else(|| TimesError::Day(name.trim().to_owned()))
        };
        let mut days = 0;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (day(first)?, day(last)?);
            let mut at = first;
            days |= 1 << at;
            while at != last {
                at = (at + 1) % NAMES.len();
                days |= 1 << at;
            }
        }
        Ok(Self(days))
    }
}

impl FromStr for Exception {
    type Err = TimesError;

    fn from_str(text: &str) -> Result<Self, TimesError> {
        let wrong = || TimesError::Exception(text.to_owned());
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (first.trim(), last.trim());
        if let (Some(first), Some(last)) = (yearly(first), yearly(last)) {
            return Ok(Self::Yearly { first, last });
        }
        let date = |text: &str| -> Option<Date> { (text.len() == 10).then(|| text.parse().ok()).flatten() };
        let (first, last) = (date(first).ok_or_else(wrong)?, date(last).ok_or_else(wrong)?);
        if last < first {
            return Err(TimesError::Backwards(text.to_owned()));
        }
        Ok(Self::Once { first, last })
    }
}

/// Month and day of `MM-DD`; the 29th of February is one.
fn yearly(text: &str) -> Option<(i8, i8)> {
    if text.len() != 5 {
        return None;
    }
    // A leap year, so that its day counts.
    let date: Date = format!("2024-{text}").parse().ok()?;
    Some((date.month(), date.day()))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != Days::ALL {
            write!(f, "{} ", self.days)?;
        }
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, "{}-{}", clock(self.begins), clock(self.ends))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            (0_u8..).zip(NAMES).filter(|(day, _)| self.has(*day)).map(|(_, name)| name).collect();
        f.write_str(&names.join(","))
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |(month, day): (i8, i8)| format!("{month:02}-{day:02}");
        let (first, last) = match self {
            Self::Once { first, last } => (first.to_string(), last.to_string()),
            Self::Yearly { first, last } => (day(*first), day(*last)),
        };
        if first == last { f.write_str(&first) } else { write!(f, "{first}..{last}") }
    }
}

/// Text at both ends of storage.
macro_rules! as_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = TimesError;

            fn try_from(text: String) -> Result<Self, TimesError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

as_text!(Span);
as_text!(Days);
as_text!(Exception);

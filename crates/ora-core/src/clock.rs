//! Time as a value that is handed over.

use std::{fmt, str::FromStr};

/// A moment in whole seconds since 1970-01-01 UTC; its text is RFC 3339 in UTC (`2026-03-01T12:00:00Z`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since 1970; clamped to the years -9999 to 9999, which every format here can write.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second()))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The day, `2026-03-01`.
    pub fn day(self) -> String {
        self.to_string().chars().take_while(|c| *c != 'T').collect()
    }

    /// Whole seconds from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{moment}")
    }
}

impl FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| format!("`{text}` is not an RFC 3339 time"))?;
        Ok(Self(moment.as_second()))
    }
}

/// Tells the time; made in one place, so that a test or a fixed clock can stand in.
pub trait Clock: Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still.
impl Clock for Timestamp {
    fn now(&self) -> Timestamp {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_rfc_3339_and_comes_back() {
        let moment = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(moment.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!("2023-11-14T22:13:20Z".parse(), Ok(moment));
        assert_eq!(moment.day(), "2023-11-14");
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string().len(), "9999-12-30T22:00:00Z".len());
    }
}

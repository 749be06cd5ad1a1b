//! When a banner is shown in a film.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Policy;
use crate::{Error, Result};

/// When a [`VideoNotice::Banner`](crate::VideoNotice::Banner) is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BannerTimes {
    /// All the time. The default.
    #[default]
    Always,
    /// For the first stretch of the film, and from then on for as long every so often.
    Recurring {
        /// How long it is shown, 2 seconds at least: GB 45438-2025, 5.4.
        shown: Duration,
        /// From the start of one stretch to the start of the next.
        every: Duration,
    },
}

/// The shortest stretch: GB 45438-2025, 5.4 (d).
const LEAST: Duration = Duration::from_secs(2);

impl BannerTimes {
    /// Both in milliseconds; `None` for all the time.
    pub(super) fn recurring_ms(self) -> Option<(u64, u64)> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Always => None,
            Self::Recurring { shown, every } => Some((ms(shown), ms(every))),
        }
    }
}

impl Policy {
    /// When a banner is shown in a film. Default: all the time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tanba::{BannerTimes, Policy};
    ///
    /// let times = BannerTimes::Recurring { shown: Duration::from_secs(10), every: Duration::from_secs(600) };
    /// let policy = Policy::kazakhstan().banner_times(times)?;
    /// # Ok::<(), tanba::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when it would be shown for less than 2 seconds, or comes back before it is gone.
    pub fn banner_times(mut self, times: BannerTimes) -> Result<Self> {
        if let BannerTimes::Recurring { shown, every } = times {
            let refused = |why: &str| Err(Error::Argument { argument: "banner times", why: why.into() });
            if shown < LEAST {
                return refused("it is shown for less than 2 seconds, in which nobody reads it; show it for longer");
            }
            if every <= shown {
                return refused("it comes back before it is gone; show it all the time instead");
            }
        }
        self.banner = times;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_read_is_refused() {
        let seconds = Duration::from_secs;
        let with = |shown, every| {
            let times = BannerTimes::Recurring { shown: seconds(shown), every: seconds(every) };
            Policy::kazakhstan().banner_times(times).map(|policy| policy.banner.recurring_ms())
        };
        assert_eq!(with(2, 60).unwrap(), Some((2_000, 60_000)));
        assert!(with(1, 60).is_err() && with(60, 60).is_err());
        assert_eq!(BannerTimes::default().recurring_ms(), None);
    }
}

//! The server's clock, as something that tests can hold still.

use std::time::{SystemTime, UNIX_EPOCH};

use shouwen_domain::moment::Moment;

/// Gives the arrival stamps, and says when a token ends. No deadline is reckoned here.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Moment;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        // A machine whose clock stands before 1970 gets stamps of 1970, and the app says that they are wrong.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Moment::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

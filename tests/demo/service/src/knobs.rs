//! How the service shall behave, from its environment. To add a knob: a field, its line in [`Knobs::read`], its effect.

use std::time::Duration;

/// The environment, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Knobs {
    /// `APP_VERSION`: what it is.
    pub(crate) version: String,
    /// `REPORT_VERSION`: what it says it is; default: the truth.
    pub(crate) reported: String,
    /// `PORT`, 8000.
    pub(crate) port: u16,
    /// `BREAK=1`: `/health` answers 503.
    pub(crate) broken: bool,
    /// `BREAK_AFTER_MS`: the same, but not before.
    pub(crate) break_after: Option<Duration>,
    /// `START_DELAY_MS`: does not listen before.
    pub(crate) start_delay: Duration,
    /// `STOP_DELAY_MS`, 100: for so long after the signal everything is served as before, but for good-byes.
    pub(crate) stop_delay: Duration,
    /// `CRASH_AFTER_MS`: exits with 1 then.
    pub(crate) crash_after: Option<Duration>,
    /// `EXIT_AT_START=1`: exits with 1 at once.
    pub(crate) exit_at_start: bool,
    /// `ERROR_SHARE`, 0 to 100: so many of 100 requests to `/tasks` are answered 500, evenly spread.
    pub(crate) error_share: u64,
    /// `ERRORS_AFTER_MS`: those errors begin then.
    pub(crate) errors_after: Duration,
    /// `DELAY_MS`: each answer takes so long.
    pub(crate) delay: Duration,
    /// `HANG=1`: accepts, reads, never answers.
    pub(crate) hang: bool,
    /// `HANG_USERS=1`: the same, but for `/health`, which is well.
    pub(crate) hang_users: bool,
    /// `LOG_LINES`: prints so many lines at its start.
    pub(crate) log_lines: u64,
}

impl Knobs {
    /// Reads them through `variable`; the error is a sentence.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let number = |name: &str| match text(name) {
            None => Ok(None),
            Some(value) => match value.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("{name} is `{value}`, not a whole number")),
            },
        };
        let flag = |name: &str| match text(name).as_deref() {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(value) => Err(format!("{name} is `{value}`, neither 0 nor 1")),
        };
        let millis = |name: &str| number(name).map(|number| number.map(Duration::from_millis));
        let version = text("APP_VERSION").unwrap_or_else(|| "0.0.0".to_owned());
        let port = number("PORT")?.unwrap_or(8000);
        let error_share = number("ERROR_SHARE")?.unwrap_or(0);
        if error_share > 100 {
            return Err(format!("ERROR_SHARE is {error_share}, above 100"));
        }
        Ok(Self {
            reported: text("REPORT_VERSION").unwrap_or_else(|| version.clone()),
            version,
            port: u16::try_from(port).map_err(|_| format!("PORT is {port}, above 65535"))?,
            broken: flag("BREAK")?,
            break_after: millis("BREAK_AFTER_MS")?,
            start_delay: millis("START_DELAY_MS")?.unwrap_or_default(),
            stop_delay: millis("STOP_DELAY_MS")?.unwrap_or(Duration::from_millis(100)),
            crash_after: millis("CRASH_AFTER_MS")?,
            exit_at_start: flag("EXIT_AT_START")?,
            error_share,
            errors_after: millis("ERRORS_AFTER_MS")?.unwrap_or_default(),
            delay: millis("DELAY_MS")?.unwrap_or_default(),
            hang: flag("HANG")?,
            hang_users: flag("HANG_USERS")?,
            log_lines: number("LOG_LINES")?.unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Knobs, String> {
        Knobs::read(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name)?;
            Some(pair.1.to_owned())
        })
    }

    #[test]
    fn behaves_well_by_default() {
        let knobs = read(&[]).expect("nothing is needed");
        assert_eq!((knobs.port, knobs.error_share), (8000, 0));
        assert_eq!(
            (knobs.broken, knobs.hang, knobs.exit_at_start),
            (false, false, false)
        );
    }

    #[test]
    fn reports_its_own_version_unless_told_to_lie() {
        let honest = read(&[("APP_VERSION", "1.2.3")]).expect("valid");
        assert_eq!(honest.reported, "1.2.3");
        let liar = read(&[("APP_VERSION", "1.2.3"), ("REPORT_VERSION", "1.0.0")]).expect("valid");
        assert_eq!(
            (liar.version, liar.reported),
            ("1.2.3".to_owned(), "1.0.0".to_owned())
        );
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for (name, value, says) in [
            ("PORT", "70000", "PORT is 70000, above 65535"),
            ("ERROR_SHARE", "101", "ERROR_SHARE is 101, above 100"),
            ("DELAY_MS", "1s", "DELAY_MS is `1s`, not a whole number"),
            ("BREAK", "yes", "BREAK is `yes`, neither 0 nor 1"),
        ] {
            assert_eq!(read(&[(name, value)]), Err(says.to_owned()));
        }
    }
}

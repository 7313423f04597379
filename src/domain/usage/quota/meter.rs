//! The meters of single models, which have windows of their own beside the plan's. The backend distinguishes them by name.

use super::Quota;
use super::window;
use crate::domain::time::Timestamp;

/// No name of a meter or a model is longer.
const LONGEST_NAME: usize = 64;

/// One meter.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// Its name, in lower case with `_`: `codex_bengalfox`.
    pub name: String,
    /// The model that it counts, if that is known.
    pub model: Option<String>,
    /// Its windows.
    pub quota: Quota,
}

/// The name of a meter as it is kept. `None` for the plan's own, which is called `codex`, `premium` or nothing, and for
/// what is no name.
pub fn named(text: &str) -> Option<String> {
    let name = text.trim().to_ascii_lowercase().replace('-', "_");
    let is_name = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (is_name && !matches!(name.as_str(), "codex" | "premium")).then_some(name)
}

/// The meter that counts the request of this answer. `None` when the plan does: the name alone says nothing, since the
/// backend gives one to plans too; the meter is one of its own when the same answer has its windows.
pub fn active<'h>(header: &dyn Fn(&str) -> Option<&'h str>) -> Option<String> {
    let name = named(header("x-codex-active-limit")?)?;
    let prefix = prefix(&name);
    let number = |slot: &str, field: &str| header(&format!("{prefix}-{slot}-{field}"))?.trim().parse::<f64>().ok();
    let has_window = |slot: &str| {
        number(slot, "used-percent").is_some() && number(slot, "window-minutes").is_some_and(|minutes| minutes > 0.0)
    };
    (has_window("primary") || has_window("secondary")).then_some(name)
}

/// How the headers of a meter begin.
pub fn prefix(name: &str) -> String {
    format!("x-{}", name.replace('_', "-"))
}

/// The name of the meter whose window the header `name` reports.
pub(super) fn of_header(name: &str) -> Option<String> {
    let name = name.strip_suffix("-used-percent")?;
    let name = name.strip_suffix("-primary").or_else(|| name.strip_suffix("-secondary"))?;
    named(name.strip_prefix("x-")?)
}

/// The model of a meter whose `limit_name` is that of a model, as in `GPT-5.3-Codex-Spark`. Other meters are named by
/// words.
pub(super) fn model_of(limit_name: &str) -> Option<String> {
    let model = limit_name.trim().to_ascii_lowercase();
    let is_plain = model.len() <= LONGEST_NAME
        && model.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    // A meter's own name has no version number.
    let is_versioned = model.split('-').any(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    (is_plain && is_versioned && model.contains('-')).then_some(model)
}

impl Meter {
    /// The meter `name`, as headers report it.
    pub(super) fn from_headers<'h>(
        name: String,
        header: &dyn Fn(&str) -> Option<&'h str>,
        now: Timestamp,
    ) -> Option<Meter> {
        let prefix = prefix(&name);
        let quota = Quota::if_any(window::from_headers(&prefix, header, now))?;
        let model = header(&format!("{prefix}-limit-name")).and_then(model_of);
        Some(Meter { name, model, quota })
    }

    /// The same meter without the windows that are over; `None` when all are.
    pub(super) fn current(&self, now: Timestamp) -> Option<Meter> {
        let windows = self.quota.windows.iter().filter(|window| window.reset_at > now).copied().collect();
        Some(Meter { quota: Quota::if_any(windows)?, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_has_no_meter() {
        for (text, name) in [
            ("codex_bengalfox", Some("codex_bengalfox")),
            (" Codex-Bengalfox ", Some("codex_bengalfox")),
            ("codex", None),
            ("Codex", None),
            ("premium", None),
            ("", None),
            ("a\nb", None),
        ] {
            assert_eq!(named(text).as_deref(), name, "{text}");
        }
        assert_eq!(named(&"x".repeat(65)), None);
    }

    #[test]
    fn an_active_limit_is_a_meter_when_the_answer_has_its_windows() {
        let active_of = |headers: &[(&str, &'static str)]| {
            active(&|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        let limit = |name| ("x-codex-active-limit", name);
        let used = ("x-codex-bengalfox-primary-used-percent", "100");
        let length = ("x-codex-bengalfox-primary-window-minutes", "300");
        let second =
            [("x-codex-bengalfox-secondary-used-percent", "3"), ("x-codex-bengalfox-secondary-window-minutes", "9")];
        for (headers, expected) in [
            (vec![limit("codex_bengalfox"), used, length], Some("codex_bengalfox")),
            (vec![limit("codex-bengalfox"), used, length], Some("codex_bengalfox")),
            (vec![limit("codex_bengalfox"), second[0], second[1]], Some("codex_bengalfox")),
            (vec![limit("codex_bengalfox")], None),
            (vec![limit("codex_bengalfox"), used], None),
            (vec![limit("codex_bengalfox"), used, ("x-codex-bengalfox-primary-window-minutes", "0")], None),
            (vec![limit("premium"), used, length], None),
            (vec![limit("codex"), used, length], None),
            (vec![used, length], None),
        ] {
            assert_eq!(active_of(&headers).as_deref(), expected, "{headers:?}");
        }
    }

    #[test]
    fn meters_are_told_apart_by_their_headers() {
        for (header, name) in [
            ("x-codex-bengalfox-primary-used-percent", Some("codex_bengalfox")),
            ("x-codex-bengalfox-secondary-used-percent", Some("codex_bengalfox")),
            ("x-codex-primary-used-percent", None),
            ("x-codex-secondary-used-percent", None),
            ("x-premium-primary-used-percent", None),
            ("x-codex-bengalfox-primary-window-minutes", None),
            ("content-type", None),
        ] {
            assert_eq!(of_header(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn a_model_is_known_by_the_name_of_its_limit() {
        for (limit_name, model) in [
            ("GPT-5.3-Codex-Spark", Some("gpt-5.3-codex-spark")),
            ("gpt-5.2-codex-sonic", Some("gpt-5.2-codex-sonic")),
            ("codex_bengalfox", None),
            ("codex-spark", None),
            ("Spark", None),
            ("Code review", None),
            ("", None),
        ] {
            assert_eq!(model_of(limit_name).as_deref(), model, "{limit_name}");
        }
    }
}

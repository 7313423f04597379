//! Parsers of arguments for which any text would be too much.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};

use crate::domain::account::check_label;
use crate::domain::routing::Strategy;

/// A label that an account may have.
///
/// # Errors
///
/// The rule that it breaks.
pub fn label(text: &str) -> Result<String, String> {
    let label = text.trim();
    check_label(label).map(|()| label.to_owned()).map_err(str::to_owned)
}

/// An amount of USD.
///
/// # Errors
///
/// What an amount looks like.
pub fn usd(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| "give an amount such as `2.50`".to_owned())
}

/// The strategies, however they are spelled: `round-robin` is `round_robin`.
#[derive(Clone)]
pub struct Strategies;

impl TypedValueParser for Strategies {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        match value.to_str().and_then(Strategy::parse) {
            Some(strategy) => Ok(strategy.name().to_owned()),
            // For its message, which lists the names and finds the one that was meant.
            None => PossibleValuesParser::new(Strategy::ALL.map(Strategy::name)).parse_ref(command, arg, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Strategy::ALL.into_iter().map(|strategy| PossibleValue::new(strategy.name()))))
    }
}

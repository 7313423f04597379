//! The arrangement of usage over time: by hour or day, by account or model, in money, tokens or requests.

/// By what time is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// By hours, the last 48.
    #[default]
    Hours,
    /// By days, the last 60.
    Days,
}

/// By what usage is grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By account.
    #[default]
    Account,
    /// By model.
    Model,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// USD.
    #[default]
    Money,
    /// Tokens in and out.
    Tokens,
    /// Requests that were served.
    Requests,
}

/// How use is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// By what time is cut.
    pub span: Span,
    /// By what usage is grouped.
    pub by: By,
    /// What is counted.
    pub measure: Measure,
}

impl Arrangement {
    /// The next of all twelve; the measure changes first, the time last.
    #[must_use]
    pub fn next(self) -> Arrangement {
        let measure = match self.measure {
            Measure::Money => Measure::Tokens,
            Measure::Tokens => Measure::Requests,
            Measure::Requests => Measure::Money,
        };
        let turned = |is_turn: bool, by: By| match (is_turn, by) {
            (true, By::Account) => By::Model,
            (true, By::Model) => By::Account,
            (false, by) => by,
        };
        let is_round = measure == Measure::Money;
        let by = turned(is_round, self.by);
        let span = match (is_round && by == By::Account, self.span) {
            (true, Span::Hours) => Span::Days,
            (true, Span::Days) => Span::Hours,
            (false, span) => span,
        };
        Arrangement { span, by, measure }
    }

    /// In words: `USD by hour and account`.
    pub fn words(self) -> String {
        let measure = match self.measure {
            Measure::Money => "USD",
            Measure::Tokens => "tokens",
            Measure::Requests => "requests",
        };
        let span = match self.span {
            Span::Hours => "hour",
            Span::Days => "day",
        };
        let by = match self.by {
            By::Account => "account",
            By::Model => "model",
        };
        format!("{measure} by {span} and {by}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrangement_comes_once_a_round() {
        let mut seen = vec![Arrangement::default()];
        while let Some(last) = seen.last()
            && seen.len() < 12
        {
            seen.push(last.next());
        }
        assert_eq!(seen[11].next(), Arrangement::default());
        let mut words: Vec<String> = seen.iter().map(|each| each.words()).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 12);
    }
}

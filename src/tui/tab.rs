//! The views of the screen by name.

/// The views, in the order of their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The accounts.
    #[default]
    Accounts,
    /// The sessions that are alive.
    Sessions,
    /// What was decided for each request.
    Decisions,
    /// What was used over time.
    Usage,
    /// What comes next.
    Upcoming,
}

impl Tab {
    /// In the order of their keys.
    pub const ALL: [Tab; 5] = [Tab::Accounts, Tab::Sessions, Tab::Decisions, Tab::Usage, Tab::Upcoming];

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Tab::Accounts => "Accounts",
            Tab::Sessions => "Sessions",
            Tab::Decisions => "Decisions",
            Tab::Usage => "Usage",
            Tab::Upcoming => "What comes next",
        }
    }
}

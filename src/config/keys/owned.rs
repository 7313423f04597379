//! What whoever is not the owner cannot do with a key.

/// What of a key is its owner's alone. An editor's settings may be those of a repository, so they lift nothing that the owner narrows
/// or limits. An agent's shell has flags and variables, so they do not turn off what narrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// Nothing: the strongest source wins.
    Nothing,
    /// Turning it off; neither an editor nor a flag or a variable does.
    TurningOff,
    /// Turning it on; an editor does not.
    TurningOn,
    /// Making it lower; an editor does not.
    Lowering,
    /// Making what has a price cheaper; an editor does not.
    Cheapening,
}

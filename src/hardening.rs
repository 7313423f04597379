//! What a process that holds keys asks of the system: no core files, no reading of its memory by others, and
//! enough open files for many streams.

mod wiping;

pub use wiping::{Wiping, wipe_for_a_while};

/// Asks for all of it. What the system refuses is told in the log; the process is useful all the same.
pub fn apply() {
    #[cfg(unix)]
    unix();
}

#[cfg(unix)]
fn unix() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let mut refused = Vec::new();
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        refused.extend(set_dumpable_behavior(DumpableBehavior::NotDumpable).err());
    }
    refused.extend(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).err());
    let files = getrlimit(Resource::Nofile);
    let wanted = files.maximum.map_or(MANY_FILES, |most| most.min(MANY_FILES));
    if files.current.is_some_and(|current| current < wanted) {
        refused.extend(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: files.maximum }).err());
    }
    for error in refused {
        tracing::debug!("the system refused: {error}");
    }
}

/// Two for each stream, with room to spare.
#[cfg(unix)]
const MANY_FILES: u64 = 8_192;

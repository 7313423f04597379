//! The accounts file as values. JSON, version 3, camelCase; what this version does not know is kept as it came.

mod account;
mod entry;
mod fields;
mod migrate;
mod read;
mod session;
mod shared;
mod state;
mod text;
mod write;

pub use account::{SecretField, StoredAccount, StoredSecret};
pub use fields::Extra;
pub(super) use migrate::give_ids;
pub use read::FormatError;
pub use session::{FamilyPin, Pin, SessionRecord, StoredAllowed, StoredPins};
pub use shared::SharedAccount;
pub(super) use state::MAX_FILE_BYTES;
pub use state::{FAMILIES, State, VERSION};
pub(super) use text::FileText;

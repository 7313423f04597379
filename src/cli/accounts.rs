//! Shared by `add`, `edit` and `remove`.

use super::printer::Printer;
use super::secret_line;
use crate::error::Error;
use crate::protocol::accounts::Account;
use crate::secrets::Secret;

/// The account that was changed, and how.
pub fn said(what: &str, account: &Account, json: bool) {
    if json {
        Printer::json(account);
    } else {
        Printer::line(&format!("{what} account {} ({})", account.index, account.label));
    }
}

/// One line from stdin, or typed without echo.
///
/// # Errors
///
/// `InvalidParams` when there is none, or nobody to ask.
pub fn read_key(from_stdin: bool) -> Result<Secret<String>, Error> {
    let key = if from_stdin {
        secret_line::from_stdin()?
    } else {
        secret_line::typed("API key: ", "pass it on stdin with `--key-stdin`")?
    };
    Ok(Secret::new(key.expose().trim().to_owned()))
}

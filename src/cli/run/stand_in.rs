//! This program under another's name: it becomes the real one, with the arguments that bring Codex to the proxy.

use std::path::Path;

use super::{agents, codex, shims};
use crate::cli::printer::Printer;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;

/// The exit code when this process was started as a stand-in and could not become the real program; `None` when it was
/// started by its own name.
pub fn run(words: impl Iterator<Item = std::ffi::OsString>, environment: &Environment) -> Option<i32> {
    let words: Vec<_> = words.collect();
    let program = words.first()?;
    let name = Path::new(program).file_name()?.to_str()?.to_owned();
    let (base_url, api_key) = (environment.get(shims::BASE_URL)?, environment.get(shims::API_KEY)?);
    if !shims::is_name(&name) {
        return None;
    }
    let own_path = std::env::current_exe().unwrap_or_default();
    let Some(real) = shims::real(&name, environment.get("PATH").unwrap_or_default(), &own_path) else {
        let error = Error::new(ErrorKind::Internal, format!("`{name}` cannot be run: it is in no folder of `PATH`"));
        Printer::error(&error.hint("check that it is installed"));
        return Some(super::child::NOT_FOUND);
    };
    let mut command = crate::env::program(&real);
    // Words that are no UTF-8 cannot be looked at; they are passed on as they are.
    let text: Option<Vec<String>> = words.iter().map(|word| word.to_str().map(str::to_owned)).collect();
    let flags = codex::settings(base_url, environment.get(shims::PROVIDER) == Some(codex::OPENAI), environment);
    let named = text.map(|mut text| {
        text[0].clone_from(&name);
        text
    });
    match named.and_then(|named| agents::adapted(&named, &flags)) {
        Some(adapted) => {
            agents::point_here(&mut command, base_url, &Secret::new(api_key.to_owned()), environment);
            command.args(&adapted[1..]);
        }
        None => {
            command.args(&words[1..]);
        }
    }
    let error = crate::sys::processes::become_program(&mut command);
    let said = format!("`{}` cannot be run: {error}", real.display());
    Printer::error(&Error::new(ErrorKind::Internal, said).hint("check that it is a program you may execute"));
    Some(super::child::NOT_EXECUTABLE)
}

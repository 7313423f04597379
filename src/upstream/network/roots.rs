//! The certificates that an upstream or a proxy is trusted by: the system's, the bundled ones, and those of four variables,
//! all together. They are read at the first need, off the runtime's thread, and no source of them holds up the others.

mod files;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

use super::trust;
use crate::background;
use crate::env::Environment;

/// Variables that name a file of certificates.
const FILE_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "CODEX_CA_CERTIFICATE", "NODE_EXTRA_CA_CERTS"];

/// The variable that names folders of them.
const FOLDER_VARIABLE: &str = "SSL_CERT_DIR";

/// A source that is not read by then, as on a network drive that is gone, is left out.
const PATIENCE: Duration = Duration::from_secs(3);

/// The certificates, read once.
#[derive(Clone, Debug)]
pub struct Roots {
    sources: Arc<[Source]>,
    loaded: Arc<OnceCell<Arc<Loaded>>>,
}

/// Where certificates come from.
#[derive(Clone, Debug)]
enum Source {
    System,
    File { variable: &'static str, path: PathBuf },
    Folders { paths: OsString },
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// TLS that trusts all of them, for a proxy: it offers no protocol.
    pub tls: Arc<ClientConfig>,
    /// The same that offers HTTP/1.1 alone.
    pub tls_http1: Arc<ClientConfig>,
    /// The same that offers HTTP/2 before HTTP/1.1.
    pub tls_http2: Arc<ClientConfig>,
    /// How many each source had, in words.
    pub counts: Vec<String>,
    /// What could not be read; each names its variable and its path.
    pub warnings: Vec<String>,
}

/// What one source had.
struct Found {
    certificates: Vec<CertificateDer<'static>>,
    name: String,
    warnings: Vec<String>,
}

impl Roots {
    /// Notes the sources; reads nothing yet.
    pub fn new(environment: &Environment) -> Roots {
        let named = FILE_VARIABLES
            .into_iter()
            .filter_map(|variable| Some(Source::File { variable, path: environment.raw(variable)?.into() }));
        let folders = environment.raw(FOLDER_VARIABLE).map(|paths| Source::Folders { paths: paths.to_owned() });
        let sources = [Source::System].into_iter().chain(named).chain(folders);
        Roots { sources: sources.collect(), loaded: Arc::default() }
    }

    /// The certificates, which are read if they were not.
    pub async fn loaded(&self) -> Arc<Loaded> {
        if let Some(loaded) = self.loaded.get() {
            return Arc::clone(loaded);
        }
        // A task of its own: whoever asked may go away, and the next one waits for the same reading.
        let roots = self.clone();
        let loading =
            background::spawn(async move { Arc::clone(roots.loaded.get_or_init(|| read(&roots.sources)).await) });
        match loading.await {
            Ok(loaded) => loaded,
            // The runtime ends.
            Err(_) => Arc::new(Loaded::from(Vec::new())),
        }
    }

    /// What is known of them, if they were read.
    pub fn if_loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.get().cloned()
    }
}

async fn read(sources: &[Source]) -> Arc<Loaded> {
    let reading: Vec<_> =
        sources.iter().cloned().map(|source| background::spawn_blocking(move || source.read())).collect();
    let mut found = Vec::new();
    let late = tokio::time::Instant::now() + PATIENCE;
    for (reading, source) in reading.into_iter().zip(sources) {
        match tokio::time::timeout_at(late, reading).await {
            Ok(Ok(read)) => found.push(read),
            Ok(Err(_)) | Err(_) => found.push(source.not_read()),
        }
    }
    Arc::new(Loaded::from(found))
}

impl Source {
    fn name(&self) -> String {
        match self {
            Source::System => "of the system".to_owned(),
            Source::File { variable, path } => format!("of `{variable}` (`{}`)", path.display()),
            Source::Folders { paths } => format!("of `{FOLDER_VARIABLE}` (`{}`)", paths.display()),
        }
    }

    fn read(&self) -> Found {
        let (certificates, warnings) = match self {
            Source::System => (files::of_the_system(), Vec::new()),
            Source::File { variable, path } => match files::in_file(path) {
                Ok(certificates) => (certificates, Vec::new()),
                Err(why) => (Vec::new(), vec![format!("`{variable}`: `{}` {why}", path.display())]),
            },
            Source::Folders { paths } => {
                let (mut certificates, mut warnings) = (Vec::new(), Vec::new());
                for path in std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()) {
                    match files::in_folder(&path) {
                        Ok(found) => certificates.extend(found),
                        Err(why) => warnings.push(format!("`{FOLDER_VARIABLE}`: `{}` {why}", path.display())),
                    }
                }
                (certificates, warnings)
            }
        };
        Found { certificates, name: self.name(), warnings }
    }

    fn not_read(&self) -> Found {
        let seconds = PATIENCE.as_secs();
        let warning = format!("the certificates {} could not be read within {seconds} s and are left out", self.name());
        Found { certificates: Vec::new(), name: self.name(), warnings: vec![warning] }
    }
}

impl From<Vec<Found>> for Loaded {
    fn from(found: Vec<Found>) -> Loaded {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let mut known: HashSet<(Vec<u8>, Vec<u8>)> = roots.roots.iter().map(identity).collect();
        let bundled = format!("{} bundled", roots.len());
        let (mut counts, mut warnings) = (Vec::new(), Vec::new());
        for Found { certificates, name, warnings: met } in found {
            let all = certificates.len();
            let mut anchors = RootCertStore::empty();
            let (usable, unusable) = anchors.add_parsable_certificates(certificates);
            if unusable > 0 && !met.iter().any(|warning| warning.contains(&name)) && name.contains('`') {
                warnings.push(format!("{unusable} of the {all} certificates {name} cannot be used and are left out"));
            }
            counts.push(format!("{usable} {name}"));
            warnings.extend(met);
            // Most stand in several sources.
            roots.extend(anchors.roots.into_iter().filter(|anchor| known.insert(identity(anchor))));
        }
        counts.insert(1.min(counts.len()), bundled);
        let tls = trust::client_config(roots);
        let offering = |protocols: &[&[u8]]| {
            let mut tls = tls.clone();
            tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(tls)
        };
        Loaded {
            tls_http1: offering(&[b"http/1.1"]),
            tls_http2: offering(&[b"h2", b"http/1.1"]),
            tls: Arc::new(tls),
            counts,
            warnings,
        }
    }
}

fn identity(anchor: &rustls::pki_types::TrustAnchor<'_>) -> (Vec<u8>, Vec<u8>) {
    (anchor.subject.to_vec(), anchor.subject_public_key_info.to_vec())
}

#[cfg(test)]
mod tests;

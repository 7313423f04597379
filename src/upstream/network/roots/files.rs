//! Files and folders of certificates in PEM, as they lie on a machine. Nothing here waits for a pipe.

use std::io::{self, ErrorKind};
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::files;
use crate::upstream::network::der;

/// No file of certificates is longer, in bytes. The system's have some 200 KB.
const LONGEST: u64 = 16 * 1024 * 1024;

/// No more files of a folder are looked at.
const MOST_FILES: usize = 4_096;

type Certificates = Vec<CertificateDer<'static>>;

/// The certificates of a file that a person named, or what is wrong with it.
pub fn in_file(path: &Path) -> Result<Certificates, String> {
    let bytes = read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        _ if path.is_dir() => "is a folder; `SSL_CERT_DIR` takes folders".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    if bytes.trim_ascii().is_empty() {
        return Err("is empty".to_owned());
    }
    let certificates = of_pem(&bytes);
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(if der::first(&bytes).is_some_and(|first| first.tag == der::SEQUENCE) {
        "is DER, not PEM; `openssl x509 -inform der -in FILE -out FILE.pem` converts it".to_owned()
    } else {
        "has no certificate in PEM in it (`-----BEGIN CERTIFICATE-----`)".to_owned()
    })
}

fn once_each(mut certificates: Certificates) -> Certificates {
    certificates.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    certificates.dedup();
    certificates
}

/// The certificates of all files in a folder that a person named.
pub fn in_folder(path: &Path) -> Result<Certificates, String> {
    let entries = std::fs::read_dir(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        kind if kind == ErrorKind::NotADirectory || path.is_file() => {
            "is no folder; `SSL_CERT_FILE` takes a file".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    })?;
    // Other files lie there too, and links that lead nowhere.
    let files = entries.take(MOST_FILES).filter_map(|entry| read(&entry.ok()?.path()).ok());
    let certificates = once_each(files.flat_map(|bytes| of_pem(&bytes)).collect());
    if certificates.is_empty() {
        Err("has no file with a certificate in PEM in it".to_owned())
    } else {
        Ok(certificates)
    }
}

/// The certificates of the system, whatever the variables say: those are added, and take nothing away.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn of_the_system() -> Certificates {
    /// The bundles of Debian, Fedora, openSUSE, Alpine, FreeBSD, NetBSD and Termux; the first that is there is read.
    const BUNDLES: [&str; 9] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
        "/etc/openssl/certs/ca-certificates.crt",
        "/data/data/com.termux/files/usr/etc/tls/cert.pem",
    ];
    /// Where single certificates lie, also such that are in no bundle.
    const FOLDERS: [&str; 5] =
        ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs", "/etc/certs/CA"];
    let bundle = BUNDLES.iter().find_map(|path| read(Path::new(path)).ok()).unwrap_or_default();
    let mut certificates = of_pem(&bundle);
    certificates.extend(FOLDERS.iter().filter_map(|path| in_folder(Path::new(path)).ok()).flatten());
    once_each(certificates)
}

/// The certificates of the system. Where `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, the crate that asks the keychain has
/// those alone, which are read beside this.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub fn of_the_system() -> Certificates {
    rustls_native_certs::load_native_certs().certs
}

/// A file as a whole. What is no file, such as a pipe that nobody writes to, is refused and not waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    files::read(path, LONGEST)
}

/// The mark that editors of Windows put at the head of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How OpenSSL names a certificate with settings of trust behind it.
const TRUSTED: &[u8] = b" TRUSTED CERTIFICATE-----";

/// Every certificate of a PEM file, as `cat` puts such files together. OpenSSL's settings of trust are cut off.
fn of_pem(bytes: &[u8]) -> Certificates {
    let has = |text: &[u8]| memchr::memmem::find(bytes, text).is_some();
    let plain = (has(MARK) || has(TRUSTED)).then(|| {
        String::from_utf8_lossy(bytes).replace('\u{feff}', "").replace(" TRUSTED CERTIFICATE-----", " CERTIFICATE-----")
    });
    let bytes = plain.as_ref().map_or(bytes, |text| text.as_bytes());
    let certificates = CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok);
    let whole = certificates.map(|certificate| match der::first(&certificate) {
        Some(first) if first.whole.len() < certificate.len() => CertificateDer::from(first.whole.to_vec()),
        Some(_) | None => certificate,
    });
    whole.collect()
}

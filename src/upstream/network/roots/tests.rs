//! Files of certificates as they lie on machines: what each adds, and what is said of those that add nothing.
#![expect(clippy::disallowed_methods, reason = "the tests write the files that a person has")]

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use super::*;
use crate::upstream::network::der;

fn authority(name: &str) -> rcgen::Certificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

async fn loaded(variables: &[(&str, &Path)]) -> Arc<Loaded> {
    let variables = variables.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string()));
    Roots::new(&variables.collect()).loaded().await
}

#[tokio::test]
async fn a_file_adds_its_certificates_and_takes_none_away() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["One", "Two"].map(|name| authority(name).pem());
    let trusted = one.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let file = folder.path().join("ca.pem");
    let system = loaded(&[]).await.counts.clone();
    assert!(system[0].ends_with(" of the system") && system[1].ends_with(" bundled"), "{system:?}");
    for (text, count) in [
        (one.clone(), 1),
        (format!("{one}{two}"), 2),
        (format!("# a bundle\n\u{feff}{one}\r\n{two}").replace('\n', "\r\n"), 2),
        (format!("\u{feff}{one}"), 1),
        (trusted, 1),
        (format!("{}{one}", KeyPair::generate().unwrap().serialize_pem()), 1),
    ] {
        std::fs::write(&file, &text).unwrap();
        for variable in FILE_VARIABLES {
            let loaded = loaded(&[(variable, &file)]).await;
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            assert_eq!(loaded.counts[..2], system[..], "the others stay");
            assert!(loaded.counts[2].starts_with(&format!("{count} of `{variable}`")), "{text}: {:?}", loaded.counts);
        }
    }
    let loaded = loaded(&[("SSL_CERT_DIR", folder.path())]).await;
    assert!(loaded.counts[2].starts_with("1 of `SSL_CERT_DIR`"), "{:?}", loaded.counts);
}

#[tokio::test]
async fn what_adds_nothing_is_named_by_variable_and_path_and_nothing_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("empty.pem"), " \n").unwrap();
    std::fs::write(place("text.pem"), "no certificate").unwrap();
    std::fs::write(place("der.crt"), authority("One").der()).unwrap();
    std::fs::write(place("cut.pem"), &authority("One").pem()[..200]).unwrap();
    std::fs::create_dir(place("folder")).unwrap();
    let odd = [
        ("SSL_CERT_FILE", place("gone.pem"), "does not exist"),
        ("NODE_EXTRA_CA_CERTS", place("empty.pem"), "is empty"),
        ("CODEX_CA_CERTIFICATE", place("text.pem"), "no certificate in PEM"),
        ("SSL_CERT_FILE", place("der.crt"), "is DER"),
        ("SSL_CERT_FILE", place("cut.pem"), "no certificate in PEM"),
        ("SSL_CERT_FILE", place("folder"), "`SSL_CERT_DIR` takes folders"),
        ("SSL_CERT_DIR", place("gone"), "does not exist"),
        ("SSL_CERT_DIR", place("folder"), "no file with a certificate"),
        ("SSL_CERT_DIR", place("text.pem"), "is no folder"),
    ];
    #[cfg(unix)]
    let odd = {
        // A pipe into which nobody writes.
        crate::files::tests::make_pipe(&place("pipe"));
        odd.into_iter().chain([("NODE_EXTRA_CA_CERTS", place("pipe"), "it is a pipe, not a file")])
    };
    for (variable, path, why) in odd {
        let loaded = loaded(&[(variable, &path)]).await;
        let [warning] = &loaded.warnings[..] else { panic!("{:?}", loaded.warnings) };
        let named = warning.contains(variable) && warning.contains(path.to_str().unwrap()) && warning.contains(why);
        assert!(named, "{warning}");
        assert!(loaded.counts[1].ends_with(" bundled"), "everything else goes on: {:?}", loaded.counts);
    }
}

#[tokio::test]
async fn one_bad_source_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority("One").pem()).unwrap();
    let gone = folder.path().join("gone.pem");
    let loaded = loaded(&[("SSL_CERT_FILE", &gone), ("NODE_EXTRA_CA_CERTS", &file)]).await;
    assert!(loaded.counts.iter().any(|count| count.starts_with("1 of `NODE_EXTRA_CA_CERTS`")), "{:?}", loaded.counts);
    assert_eq!(loaded.warnings.len(), 1);
}

#[test]
fn whoever_signed_a_certificate_is_read_from_it() {
    assert_eq!(der::issuer(authority("Corp Root 仕事").der()).as_deref(), Some("Corp Root 仕事"));
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Corp\u{1b}[31m");
    let unnamed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(der::issuer(unnamed.der()).as_deref(), Some("Corp\u{fffd}[31m"));
    // Whatever comes, nothing is read past its end.
    let whole = authority("One").der().to_vec();
    for end in 0..whole.len() {
        let _ = der::issuer(&whole[..end]);
        let mut bent = whole.clone();
        bent[end] ^= 0xff;
        let _ = der::issuer(&bent);
    }
}

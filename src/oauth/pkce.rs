//! The proof that whoever exchanges a code is the one who asked for it (RFC 7636, S256).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use crate::secrets::Secret;

/// A verifier and the challenge made from it.
#[derive(Clone, Debug)]
pub struct Pkce {
    verifier: Secret<String>,
    challenge: String,
}

impl Pkce {
    /// A pair that nobody can guess.
    #[expect(clippy::new_without_default, reason = "no two are alike, so there is no default one")]
    pub fn new() -> Pkce {
        Pkce::of(Secret::new(random_text()))
    }

    fn of(verifier: Secret<String>) -> Pkce {
        let hash = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
        Pkce { challenge: URL_SAFE_NO_PAD.encode(hash), verifier }
    }

    /// Shown with the code alone.
    pub fn verifier(&self) -> &Secret<String> {
        &self.verifier
    }

    /// Shown to everybody.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

/// 43 letters, digits, `-` and `_` that hold 32 random bytes.
pub fn random_text() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfcs_example() {
        let pkce = Pkce::of(Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()));
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn no_two_are_alike() {
        assert_ne!(Pkce::new().challenge(), Pkce::new().challenge());
        assert_eq!(random_text().len(), 43);
    }
}

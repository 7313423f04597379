//! Telling by its name whether a field holds a secret: other programs' files have fields that are not known here.

use super::cipher;

/// How the names of such fields end, in lower case and without separators.
const ENDINGS: [&str; 9] =
    ["token", "tokens", "secret", "password", "passphrase", "key", "authorization", "cookie", "credentials"];

/// Whether a field called `name` may hold a secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    ENDINGS.iter().any(|ending| plain.ends_with(ending)) || matches!(plain.as_str(), "refresh" | "access")
}

/// Whether `text` looks like a secret wherever it stands: an OpenAI key, a JSON Web Token, or one of our envelopes.
pub fn looks_secret(text: &str) -> bool {
    ["sk-", "eyJ", "rt_"].iter().any(|beginning| text.starts_with(beginning)) || cipher::is_envelope(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_distinguished_from_others() {
        for name in ["apiKey", "api_key", "OPENAI_API_KEY", "refreshToken", "id-token", "clientSecret", "access"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["keyId", "email", "label", "tokenCount", "accountId", "expires", "accessExpiresAt", "salt"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}

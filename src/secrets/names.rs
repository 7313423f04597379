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

/// How keys and tokens begin that their makers let people recognize: `OpenAI`'s and other providers', JSON Web Tokens, and those
/// of places where code and packages are.
const BEGINNINGS: [&str; 22] = [
    "sk-",
    "sk_",
    "rk_",
    "rt_",
    "eyJ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "npm_",
    "pypi-",
    "hf_",
    "gsk_",
    "xai-",
    "xoxb-",
    "xoxp-",
    "AIza",
    "AKIA",
    "ASIA",
];

/// Whether `text` looks like a secret wherever it stands: it begins like one, or is one of our envelopes.
pub fn looks_secret(text: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) || cipher::is_envelope(text)
}

/// `text` with no name and password before the host of an address in it: `mask` stands there instead.
pub fn without_logins(text: &str, mask: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_end = |letter: char| letter.is_whitespace() || "/?#\"'".contains(letter);
        let host = part.split(is_end).next().unwrap_or_default().rfind('@');
        shown.push_str("://");
        shown.push_str(host.map_or("", |_| mask));
        shown.push_str(&part[host.unwrap_or_default()..]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_in_addresses_are_masked_and_nothing_else() {
        for (text, expected) in [
            ("A=http://me:p@ss@h:1/x \"http://h/@b\"", "A=http://****@h:1/x \"http://h/@b\""),
            ("socks5://me@h", "socks5://****@h"),
            ("/home/me@work", "/home/me@work"),
        ] {
            assert_eq!(without_logins(text, "****"), expected);
        }
    }

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

//! What the issuer knows: logins, the families of their refresh tokens, access tokens and codes. It decides; time comes
//! as an argument.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::account::{Account, Login, Tokens};
use super::jwt::{self, Lifetime, random};
use crate::clock::Timestamp;

/// How long a code can be exchanged.
const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How the issuer deals with tokens.
pub(super) struct Policy {
    pub(super) access_lifetime: Duration,
    /// Whether a refresh token is used up by a refresh.
    pub(super) rotates: bool,
    /// Whether refreshes of different accounts at the same instant end the families of both.
    pub(super) revokes_on_simultaneous_refresh: bool,
}

pub(super) struct Issuer {
    pub(super) policy: Policy,
    logins: Vec<Login>,
    /// What each login was given last.
    pub(super) latest: HashMap<Account, Tokens>,
    families: Vec<Family>,
    refresh: HashMap<String, RefreshToken>,
    access: HashMap<String, AccessToken>,
    codes: HashMap<String, Code>,
    /// The families that are being refreshed now.
    refreshing: Vec<usize>,
    /// How many refreshes there were so far.
    pub(super) refreshes: usize,
}

/// All refresh tokens that follow from one sign-in.
struct Family {
    account: Account,
    revoked: bool,
}

struct RefreshToken {
    family: usize,
    state: RefreshState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RefreshState {
    Current,
    Used,
    #[cfg(feature = "scripting")]
    Expired,
}

struct AccessToken {
    family: usize,
    expires: Timestamp,
    refused: Option<Denial>,
}

/// Why an access token is refused: a code, or `None` for a bare `Unauthorized`.
pub(super) type Denial = Option<&'static str>;

struct Code {
    account: Account,
    redirect_uri: String,
    challenge: String,
    expires: Timestamp,
}

/// Why a refresh was refused; its name is the `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    #[cfg(feature = "scripting")]
    Expired,
    Invalidated,
    Reused,
}

impl Refusal {
    pub(super) fn code(self) -> &'static str {
        match self {
            #[cfg(feature = "scripting")]
            Refusal::Expired => "refresh_token_expired",
            Refusal::Invalidated => "refresh_token_invalidated",
            Refusal::Reused => "refresh_token_reused",
        }
    }
}

impl Issuer {
    pub(super) fn new() -> Issuer {
        Issuer {
            policy: Policy {
                access_lifetime: Duration::from_secs(60 * 60),
                rotates: true,
                revokes_on_simultaneous_refresh: false,
            },
            logins: Vec::new(),
            latest: HashMap::new(),
            families: Vec::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
            codes: HashMap::new(),
            refreshing: Vec::new(),
            refreshes: 0,
        }
    }

    pub(super) fn add(&mut self, login: Login) -> Account {
        self.logins.push(login);
        Account(self.logins.len() - 1)
    }

    pub(super) fn login(&self, account: Account) -> &Login {
        &self.logins[account.0]
    }

    /// Signs `account` in once more, with a family of its own.
    pub(super) fn sign_in(&mut self, account: Account, now: Timestamp) -> Tokens {
        self.families.push(Family { account, revoked: false });
        let refresh_token = self.new_refresh_token(self.families.len() - 1);
        self.issue(self.families.len() - 1, refresh_token, now)
    }

    fn new_refresh_token(&mut self, family: usize) -> String {
        let token = format!("rt_{}", random(40));
        self.refresh.insert(token.clone(), RefreshToken { family, state: RefreshState::Current });
        token
    }

    fn issue(&mut self, family: usize, refresh_token: String, now: Timestamp) -> Tokens {
        let account = self.families[family].account;
        let expires = now.after(self.policy.access_lifetime);
        let lifetime = Lifetime { issued: now.as_millis() / 1000, expires: expires.as_millis() / 1000 };
        let login = &self.logins[account.0];
        let (id_token, access_token) = (jwt::id_token(login, lifetime), jwt::access_token(login, lifetime));
        self.access.insert(access_token.clone(), AccessToken { family, expires, refused: None });
        let tokens = Tokens { account, id_token, access_token, refresh_token };
        self.latest.insert(account, tokens.clone());
        tokens
    }

    /// The account of any token that was ever issued.
    pub(super) fn owner(&self, token: &str) -> Option<Account> {
        let family = match (self.access.get(token), self.refresh.get(token)) {
            (Some(access), _) => access.family,
            (None, Some(refresh)) => refresh.family,
            (None, None) => return self.codes.get(token).map(|code| code.account),
        };
        Some(self.families[family].account)
    }

    /// The account of an access token that is good now.
    pub(super) fn admit(&self, access_token: &str, now: Timestamp) -> Result<Account, Denial> {
        let Some(token) = self.access.get(access_token) else {
            return Err(None);
        };
        match &token.refused {
            Some(denial) => Err(*denial),
            None if token.expires <= now => Err(Some("token_expired")),
            None => Ok(self.families[token.family].account),
        }
    }

    /// Refuses every access token that `account` has now, with a bare `Unauthorized`.
    pub(super) fn refuse_access(&mut self, account: Account) {
        for token in self.access.values_mut().filter(|token| self.families[token.family].account == account) {
            token.refused = Some(None);
        }
    }

    /// Lets every unused refresh token of `account` expire.
    #[cfg(feature = "scripting")]
    pub(super) fn expire_refresh(&mut self, account: Account) {
        for token in self.refresh.values_mut().filter(|token| self.families[token.family].account == account) {
            if token.state == RefreshState::Current {
                token.state = RefreshState::Expired;
            }
        }
    }

    /// Ends every family of `account`.
    #[cfg(feature = "scripting")]
    pub(super) fn revoke_families(&mut self, account: Account) {
        for family in self.families.iter_mut().filter(|family| family.account == account) {
            family.revoked = true;
        }
    }

    /// Ends the family of `token`, its access tokens with it; the account, when the token is known.
    pub(super) fn revoke(&mut self, token: &str) -> Option<Account> {
        let family = match (self.refresh.get(token), self.access.get(token)) {
            (Some(token), _) => token.family,
            (None, Some(token)) => token.family,
            (None, None) => return None,
        };
        self.families[family].revoked = true;
        for token in self.access.values_mut().filter(|token| token.family == family) {
            token.refused = Some(Some("token_revoked"));
        }
        Some(self.families[family].account)
    }

    /// A refresh with `token` has come in; its family, to be given back to [`end_refresh`](Self::end_refresh).
    pub(super) fn begin_refresh(&mut self, token: &str) -> Option<usize> {
        let family = self.refresh.get(token)?.family;
        let account = self.families[family].account;
        let others = self.refreshing.iter().copied().filter(|&other| self.families[other].account != account);
        let others: Vec<usize> = others.collect();
        if self.policy.revokes_on_simultaneous_refresh && !others.is_empty() {
            for each in others.into_iter().chain([family]) {
                self.families[each].revoked = true;
            }
        }
        self.refreshing.push(family);
        self.refreshes += 1;
        Some(family)
    }

    /// The refresh of `family` is over.
    pub(super) fn end_refresh(&mut self, family: usize) {
        if let Some(at) = self.refreshing.iter().position(|&each| each == family) {
            self.refreshing.swap_remove(at);
        }
    }

    /// New tokens for a refresh token, which is used up by it. Using it again ends its family.
    pub(super) fn refresh(&mut self, refresh_token: &str, now: Timestamp) -> Result<Tokens, Refusal> {
        let token = self.refresh.get_mut(refresh_token).ok_or(Refusal::Invalidated)?;
        let family = token.family;
        match token.state {
            RefreshState::Used => {
                self.families[family].revoked = true;
                return Err(Refusal::Reused);
            }
            _ if self.families[family].revoked => return Err(Refusal::Invalidated),
            #[cfg(feature = "scripting")]
            RefreshState::Expired => return Err(Refusal::Expired),
            RefreshState::Current => {}
        }
        if !self.policy.rotates {
            return Ok(self.issue(family, refresh_token.to_owned(), now));
        }
        token.state = RefreshState::Used;
        let next = self.new_refresh_token(family);
        Ok(self.issue(family, next, now))
    }

    /// A code that `account` can be signed in with once.
    pub(super) fn new_code(&mut self, account: Account, redirect_uri: &str, challenge: &str, now: Timestamp) -> String {
        let code = format!("ac_{}", random(43));
        let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.to_owned());
        self.codes.insert(code.clone(), Code { account, redirect_uri, challenge, expires: now.after(CODE_LIFETIME) });
        code
    }

    /// Exchanges a code, which is used up whether or not the rest fits; the error says what does not.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Tokens, &'static str> {
        let code = self.codes.remove(code).ok_or("The code is not known or was used before.")?;
        if code.expires <= now {
            return Err("The code has expired.");
        }
        if code.redirect_uri != redirect_uri {
            return Err("The redirect_uri is not the one of the authorization.");
        }
        if code.challenge != challenge(verifier) {
            return Err("The code_verifier does not fit the code_challenge.");
        }
        Ok(self.sign_in(code.account, now))
    }
}

/// What a verifier looks like in the authorization (RFC 7636, S256).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

//! The words on the wire. Every method and notification is declared here, once; the doors, the schemas and the
//! README's tables are made from these declarations.

pub mod account_set;
pub mod accounts;
pub mod commands;
pub mod configuration;
mod convert;
pub mod errors;
pub mod login;
pub mod pins;
pub mod quota;
pub mod routing;
pub mod schema;
pub mod session;
pub mod status;
pub mod subscription;
pub mod usage;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the protocol; it grows when a client has to know.
pub const PROTOCOL_VERSION: u32 = 1;

/// Members that any client may add to the params of a method; they mean nothing here.
pub const IGNORED_MEMBERS: [&str; 3] = ["workDoneToken", "partialResultToken", "_meta"];

/// A request that a client may make.
pub trait Method {
    /// The name on the wire.
    const NAME: &'static str;
    /// What it takes.
    type Params: DeserializeOwned + Serialize + JsonSchema + Send + 'static;
    /// What it answers.
    type Result: DeserializeOwned + Serialize + JsonSchema + Send + 'static;
}

/// A message the server sends unasked.
pub trait Notification {
    /// The name on the wire.
    const NAME: &'static str;
    /// What it carries.
    type Params: DeserializeOwned + Serialize + JsonSchema + Clone + Send + Sync + 'static;
}

/// A declaration as data, for generators and tables.
pub struct Declaration {
    /// The name on the wire.
    pub name: &'static str,
    /// The first line of its documentation.
    pub summary: &'static str,
    /// The schema of its params.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its result; a notification has none.
    pub result: Option<fn(&mut SchemaGenerator) -> Schema>,
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

macro_rules! methods {
    ($(#[doc = $summary:literal] $name:literal => $marker:ident($params:ty) -> $result:ty;)*) => {
        $(
            #[doc = $summary]
            pub struct $marker;

            impl Method for $marker {
                const NAME: &'static str = $name;
                type Params = $params;
                type Result = $result;
            }
        )*

        /// Every request of the product, in the order of the reference.
        pub static METHODS: &[Declaration] = &[$(Declaration {
            name: $name,
            summary: $summary.trim_ascii(),
            params: schema_of::<$params>,
            result: Some(schema_of::<$result>),
        }),*];
    };
}

macro_rules! notifications {
    ($(#[doc = $summary:literal] $name:literal => $marker:ident($params:ty);)*) => {
        $(
            #[doc = $summary]
            pub struct $marker;

            impl Notification for $marker {
                const NAME: &'static str = $name;
                type Params = $params;
            }
        )*

        /// Every notification of the product, in the order of the reference.
        pub static NOTIFICATIONS: &[Declaration] = &[$(Declaration {
            name: $name,
            summary: $summary.trim_ascii(),
            params: schema_of::<$params>,
            result: None,
        }),*];
    };
}

methods! {
    /// Lists every account with its state.
    "accounts/list" => AccountsList(accounts::AccountsListParams) -> accounts::AccountsListResult;
    /// Reads one account.
    "accounts/read" => AccountsRead(accounts::AccountsReadParams) -> accounts::Account;
    /// Switches to an account and pins it; a null account removes the pin.
    "accounts/switch" => AccountsSwitch(accounts::AccountsSwitchParams) -> accounts::AccountsSwitchResult;
    /// Adds an API-key account.
    "accounts/add" => AccountsAdd(accounts::AccountsAddParams) -> accounts::Account;
    /// Changes fields of an account; null clears one.
    "accounts/update" => AccountsUpdate(accounts::AccountsUpdateParams) -> accounts::Account;
    /// Removes an account.
    "accounts/remove" => AccountsRemove(accounts::AccountsRemoveParams) -> accounts::AccountsRemoveResult;
    /// Refreshes tokens that expire soon and reads the quota of ChatGPT accounts.
    "accounts/refresh" => AccountsRefresh(accounts::AccountsRefreshParams) -> accounts::AccountsRefreshResult;
    /// Starts the login of a ChatGPT account; `accounts/didLogin` reports its result.
    "accounts/login" => AccountsLogin(login::AccountsLoginParams) -> login::AccountsLoginResult;
    /// Cancels a login in progress.
    "accounts/cancelLogin" => AccountsCancelLogin(login::AccountsCancelLoginParams) -> login::AccountsCancelLoginResult;
    /// Says which account a request would get now, and why not the others.
    "routing/explain" => RoutingExplain(routing::RoutingExplainParams) -> routing::RoutingExplainResult;
    /// Changes how accounts are chosen, in this session or everywhere.
    "routing/setStrategy" => RoutingSetStrategy(routing::RoutingSetStrategyParams) -> routing::RoutingSetStrategyResult;
    /// Reads this session, its proxy and every session that is alive.
    "status/read" => StatusRead(status::StatusReadParams) -> status::StatusReadResult;
    /// Reads the usage and its cost, by account, model or day.
    "usage/read" => UsageRead(usage::UsageReadParams) -> usage::UsageReadResult;
    /// Reads every effective configuration value and where it came from.
    "config/read" => ConfigRead(configuration::ConfigReadParams) -> configuration::ConfigReadResult;
    /// Runs one of the two editor commands, `openai-accounts` and `openai-accounts-switch`; its result is text to show.
    "workspace/executeCommand" => ExecuteCommand(commands::ExecuteCommandParams) -> commands::ExecuteCommandResult;
}

notifications! {
    /// The proxy is listening; sent once, after `initialized`.
    "proxy/ready" => ProxyReady(session::ProxyReadyParams);
    /// Accounts changed, here or in a sibling, or which of them this session may use.
    "accounts/didChange" => AccountsDidChange(accounts::AccountsDidChangeParams);
    /// A login worked or failed.
    "accounts/didLogin" => AccountsDidLogin(login::AccountsDidLoginParams);
    /// An account was chosen for an attempt of a request.
    "routing/didSelect" => RoutingDidSelect(routing::RoutingDidSelectParams);
    /// A request waits until an account is free.
    "routing/didWait" => RoutingDidWait(routing::RoutingDidWaitParams);
    /// A request was answered completely, or ended otherwise.
    "routing/didFinish" => RoutingDidFinish(routing::RoutingDidFinishParams);
}

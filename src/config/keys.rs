//! The table of configuration keys: the one place that knows their names, shapes, defaults and types. A key is one entry
//! here; its accessor, the schemas, the completions, the template and the README's table are made from it.

mod owned;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::DEFAULT_PROXY_KEY;
use crate::domain::account::{BadFamily, Families};
use crate::domain::client_version::{BUILT_IN, ClientVersion};
use crate::domain::routing::Strategy;
use crate::domain::usage::pricing::{PriceTable, parse_override};
use crate::secrets::Secret;
pub use owned::Owned;

/// One key.
#[derive(Debug, PartialEq)]
pub struct Key {
    /// Its dotted name in `config.toml`, in `--set` and in `initializationOptions`.
    pub toml: &'static str,
    /// Its name in OpenCode's JSON file.
    pub json: Option<&'static str>,
    /// Its environment variable.
    pub variable: Option<&'static str>,
    /// What values it takes.
    pub shape: Shape,
    /// Its default as JSON.
    pub default: Default,
    /// What it does, in a line.
    pub help: &'static str,
    /// Its value is never shown.
    pub secret: bool,
    /// What of it is the owner's alone.
    pub owned: Owned,
}

/// A default that can stand in a `const`.
#[derive(Debug, PartialEq)]
pub enum Default {
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Number(u64),
    /// Text.
    Text(&'static str),
    /// The version of Codex that is built in.
    ClientVersion,
    /// An empty list.
    Empty,
}

impl Default {
    /// As JSON.
    pub fn value(&self) -> Value {
        match self {
            Default::Bool(value) => json!(value),
            Default::Number(value) => json!(value),
            Default::Text(value) => json!(value),
            Default::ClientVersion => json!(BUILT_IN.to_string()),
            Default::Empty => json!([]),
        }
    }
}

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// The name of a strategy.
    Strategy,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range, ends included.
    Number(u64, u64),
    /// `IP:PORT`.
    Address,
    /// Text that is not empty.
    Text,
    /// A list of texts.
    List,
    /// A list of names of families.
    Families,
    /// A list of tables of prices.
    Prices,
    /// A version of Codex, the built-in one or a later one.
    ClientVersion,
}

impl Shape {
    /// `value` in the shape's own form, or `None` when it does not fit. Texts such as `"true"` and `"5000"` fit
    /// too, because the environment knows nothing else.
    pub fn accept(self, value: &Value) -> Option<Value> {
        match self {
            Shape::Strategy => Strategy::parse(value.as_str()?).map(|strategy| json!(strategy.name())),
            Shape::Bool => match value {
                Value::Bool(_) => Some(value.clone()),
                Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                    "1" | "true" | "yes" | "on" => Some(json!(true)),
                    "0" | "false" | "no" | "off" => Some(json!(false)),
                    _ => None,
                },
                Value::Number(number) => match number.as_u64()? {
                    0 => Some(json!(false)),
                    1 => Some(json!(true)),
                    _ => None,
                },
                _ => None,
            },
            Shape::Number(least, most) => {
                let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
                (least..=most).contains(&number).then(|| json!(number))
            }
            Shape::Address => {
                let text = value.as_str()?.trim().replace("localhost:", "127.0.0.1:");
                text.parse::<std::net::SocketAddr>().ok().map(|address| json!(address.to_string()))
            }
            Shape::Text => value.as_str().filter(|text| !text.trim().is_empty()).map(|text| json!(text)),
            Shape::List => match value {
                Value::Array(items) => items.iter().all(Value::is_string).then(|| value.clone()),
                Value::String(text) => Some(json!(text.split(',').map(str::trim).collect::<Vec<_>>())),
                _ => None,
            },
            Shape::Families => {
                let names = Shape::List.accept(value)?;
                families(&names).is_ok().then_some(names)
            }
            Shape::Prices => prices(value).is_ok().then(|| value.clone()),
            Shape::ClientVersion => {
                let version: ClientVersion = value.as_str()?.trim().parse().ok()?;
                (version >= BUILT_IN).then(|| json!(version.to_string()))
            }
        }
    }

    /// The accepted values, for a message.
    pub fn accepted(self) -> String {
        match self {
            Shape::Strategy => Strategy::ALL.map(|strategy| format!("`{}`", strategy.name())).join(", "),
            Shape::Bool => "`true`, `false`".to_owned(),
            Shape::Number(least, u64::MAX) => format!("a whole number from {least}"),
            Shape::Number(least, most) => format!("a whole number from {least} to {most}"),
            Shape::Address => "an address and port such as `127.0.0.1:8080`".to_owned(),
            Shape::Text => "text".to_owned(),
            Shape::List => "a list of strings".to_owned(),
            Shape::Families => "a list of names without `:` and control characters".to_owned(),
            Shape::Prices => {
                "a list of tables with `model`, `input` and, if needed, `cached_input`, `output` and `cache_write`, in USD per million tokens; `long_context_above`, in tokens; and the factors \
                 `long_context_input`, `long_context_output`, `priority`, `flex` and `batch`"
                    .to_owned()
            }
            Shape::ClientVersion => format!("a version from `{BUILT_IN}` on"),
        }
    }
}

/// The prices that a list of tables makes.
pub fn prices(tables: &Value) -> Result<PriceTable, String> {
    let tables = tables.as_array().ok_or_else(|| "this is not a list".to_owned())?;
    Ok(PriceTable::new(tables.iter().map(parse_override).collect::<Result<_, String>>()?))
}

/// The families that a list of names makes.
pub fn families(names: &Value) -> Result<Families, BadFamily> {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Families::extended(&names.collect::<Vec<_>>())
}

const DAY_MS: u64 = 86_400_000;

const fn key(toml: &'static str, shape: Shape, default: Default, help: &'static str) -> Key {
    Key { toml, json: None, variable: None, shape, default, help, secret: false, owned: Owned::Nothing }
}

impl Key {
    const fn also(mut self, json: &'static str, variable: Option<&'static str>) -> Key {
        self.json = Some(json);
        self.variable = variable;
        self
    }

    const fn by(mut self, variable: &'static str) -> Key {
        self.variable = Some(variable);
        self
    }

    const fn secret(mut self) -> Key {
        self.secret = true;
        self
    }

    const fn owned(mut self, owned: Owned) -> Key {
        self.owned = owned;
        self
    }
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn count(value: &Value) -> u32 {
    u32::try_from(number(value)).unwrap_or(u32::MAX)
}

fn milliseconds(value: &Value) -> Duration {
    Duration::from_millis(number(value))
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs(number(value))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Each entry is `accessor: Type = reader => key;`.
macro_rules! keys {
    ($($accessor:ident: $type:ty = $read:expr => $key:expr;)*) => {
        /// Every key.
        pub static KEYS: &[Key] = &[$($key),*];

        /// The values of all keys, read once when the configuration is loaded.
        #[derive(Clone, Debug)]
        pub struct Values {
            $($accessor: $type),*
        }

        impl Values {
            /// `settings` are in the order of [`KEYS`].
            pub(super) fn of<'v>(settings: impl IntoIterator<Item = &'v Value>) -> Values {
                static NULL: Value = Value::Null;
                let mut settings = settings.into_iter();
                let mut next = || settings.next().unwrap_or(&NULL);
                Values { $($accessor: read(next(), $read)),* }
            }

            /// With the prices of `own`, which `others` only raises.
            pub(super) fn priced(self, own: &Value, others: &Value) -> Values {
                let [own, others] = [own, others].map(|tables| prices(tables).unwrap_or_default());
                Values { prices: Arc::new(own.raised_by(others)), ..self }
            }

            $(
                /// The key of that name in the table.
                pub fn $accessor(&self) -> $type {
                    Clone::clone(&self.$accessor)
                }
            )*
        }
    };
}

fn read<T>(value: &Value, read: impl FnOnce(&Value) -> T) -> T {
    read(value)
}

impl std::default::Default for Values {
    fn default() -> Values {
        Values::of([])
    }
}

keys! {
    strategy: Strategy = |value| value.as_str().and_then(Strategy::parse).unwrap_or_default() =>
        key(
        "routing.strategy",
        Shape::Strategy,
        Default::Text("sticky"),
        "how the account for a request is chosen; under `proxy` the default is `least_utilized`",
    )
    .also("accountSelectionStrategy", Some("CODEX_AUTH_ACCOUNT_SELECTION_STRATEGY"));
    families: Families = |value| families(value).unwrap_or_default() =>
        key(
        "routing.families",
        Shape::Families,
        Default::Empty,
        "more groups of models that share a rate limit, matched before the built-in ones",
    );
    pid_offset: bool = flag =>
        key("routing.pid_offset", Shape::Bool, Default::Bool(true), "parallel sessions start on different accounts")
        .also("pidOffsetEnabled", Some("CODEX_AUTH_PID_OFFSET_ENABLED"));
    short_retry: Duration = milliseconds =>
        key(
        "routing.short_retry_ms",
        Shape::Number(0, 60_000),
        Default::Number(5_000),
        "a rate limit that ends within this many milliseconds: wait, then try the same account",
    );
    max_attempts: u32 = count =>
        key(
        "routing.max_attempts",
        Shape::Number(1, 100),
        Default::Number(4),
        "upstream calls per request after 5xx answers and connection errors",
    );
    reserve_percent: f64 = |value| f64::from(count(value)) =>
        key(
        "routing.reserve_percent",
        Shape::Number(0, 99),
        Default::Number(0),
        "percentage of every quota window of a ChatGPT account that is left unused",
    )
    .owned(Owned::Lowering);
    use_credits: bool = flag =>
        key(
        "routing.use_credits",
        Shape::Bool,
        Default::Bool(true),
        "use the credits of a ChatGPT account whose quota is used up, after every account that has quota left",
    )
    .owned(Owned::TurningOn);
    wait_when_exhausted: bool = flag =>
        key("routing.wait_when_exhausted", Shape::Bool, Default::Bool(false), "wait when every account is limited")
        .also("retryAllAccountsRateLimited", Some("CODEX_AUTH_RETRY_ALL_RATE_LIMITED"));
    max_wait: Option<Duration> = |value| Some(milliseconds(value)).filter(|wait| !wait.is_zero()) =>
        key(
        "routing.max_wait_ms",
        Shape::Number(0, 8 * DAY_MS),
        Default::Number(30_000),
        "the longest such wait in milliseconds; 0 is no limit",
    )
    .also("retryAllAccountsMaxWaitMs", Some("CODEX_AUTH_RETRY_ALL_MAX_WAIT_MS"));
    max_waits: u32 = count =>
        key("routing.max_waits", Shape::Number(0, 1_000), Default::Number(1), "the number of such waits for one request")
        .also("retryAllAccountsMaxRetries", Some("CODEX_AUTH_RETRY_ALL_MAX_RETRIES"));
    project_files: bool = flag =>
        key(
        "routing.project_files",
        Shape::Bool,
        Default::Bool(false),
        "let a file `.codex-accounts.toml` in a project narrow which accounts are used there",
    )
    .by("CAM_PROJECT_FILES")
    .owned(Owned::TurningOff);
    refresh_skew: Duration = milliseconds =>
        key(
        "tokens.refresh_skew_ms",
        Shape::Number(0, DAY_MS),
        Default::Number(60_000),
        "tokens are refreshed this many milliseconds before they expire",
    )
    .also("tokenRefreshSkewMs", Some("CODEX_AUTH_TOKEN_REFRESH_SKEW_MS"));
    quiet: bool = flag =>
        key("notifications.quiet", Shape::Bool, Default::Bool(false), "show no messages in the editor")
        .also("quietMode", Some("CODEX_AUTH_QUIET"));
    toast_debounce: Duration = milliseconds =>
        key(
        "notifications.rate_limit_debounce_ms",
        Shape::Number(0, DAY_MS),
        Default::Number(60_000),
        "milliseconds in which the same message is not repeated",
    )
    .also("rateLimitToastDebounceMs", Some("CODEX_AUTH_RATE_LIMIT_TOAST_DEBOUNCE_MS"));
    polls: bool = flag =>
        key("polling.enabled", Shape::Bool, Default::Bool(true), "read the quota of ChatGPT accounts regularly");
    time_between_polls: Duration = seconds =>
        key(
        "polling.interval_seconds",
        Shape::Number(10, 86_400),
        Default::Number(300),
        "seconds between two reads; one process reads for all",
    );
    bind_addr: String = text =>
        key("proxy.bind_addr", Shape::Address, Default::Text("127.0.0.1:8080"), "where `proxy` listens");
    proxy_api_key: Secret<String> = |value| Secret::new(text(value)) =>
        key("proxy.api_key", Shape::Text, Default::Text(DEFAULT_PROXY_KEY), "the key that `proxy` requires").secret();
    allowed_hosts: Vec<String> = |value| texts(value).map(str::to_ascii_lowercase).collect() =>
        key("proxy.allowed_hosts", Shape::List, Default::Empty, "host names that `proxy` accepts besides its own address");
    breaker_failures: u32 = count =>
        key(
        "breaker.failures",
        Shape::Number(1, 1_000),
        Default::Number(3),
        "failures in a row after which an account or a host is not used for a while",
    );
    breaker_open_for: Duration = seconds =>
        key("breaker.open_seconds", Shape::Number(1, 86_400), Default::Number(60), "seconds for which it is then not used");
    client_version: ClientVersion = |value| value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default() =>
        key(
        "chatgpt.client_version",
        Shape::ClientVersion,
        Default::ClientVersion,
        "the version of Codex that is sent with a ChatGPT account if the client sends none",
    );
    prices: Arc<PriceTable> = |value| Arc::new(prices(value).unwrap_or_default()) =>
        key("pricing", Shape::Prices, Default::Empty, "USD per million tokens by model, before the built-in prices")
        .owned(Owned::Cheapening);
}

//! Where the product's files are.

use std::path::PathBuf;

use crate::env::Environment;

/// The places of one process, after every override.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The accounts file, before symlinks are resolved.
    pub accounts_file: PathBuf,
    /// `config.toml`.
    pub config_file: PathBuf,
    /// The OpenCode-style JSON configuration.
    pub opencode_config_file: PathBuf,
    /// The ledger and the key file live here.
    pub data_dir: PathBuf,
}

impl Paths {
    /// Works the places out from the environment.
    ///
    /// # Errors
    ///
    /// `None` when neither an override nor a home directory says where to go.
    pub fn resolve(environment: &Environment) -> Option<Paths> {
        let base = directories::BaseDirs::new();
        let config_home = environment
            .get("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(base.as_ref()?.home_dir().join(".config")));
        let place = |variable: &str, default: Option<PathBuf>| environment.get(variable).map(PathBuf::from).or(default);
        Some(Paths {
            accounts_file: place(
                "CAM_ACCOUNTS_FILE",
                config_home.as_ref().map(|home| home.join("opencode/openai-codex-accounts.json")),
            )?,
            config_file: place(
                "CAM_CONFIG_FILE",
                config_home.as_ref().map(|home| home.join("codex-account-manager/config.toml")),
            )?,
            opencode_config_file: config_home
                .as_ref()
                .map(|home| home.join("opencode/openai-codex-auth-config.json"))
                .unwrap_or_default(),
            data_dir: place("CAM_DATA_DIR", base.as_ref().map(|base| base.data_dir().join("codex-account-manager")))?,
        })
    }
}

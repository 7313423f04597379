//! How each console block of the README and of `docs/` is run.

use super::home::Scene;

/// One block: its page, its first command, what is there before, and a step for each command.
pub struct Walk {
    pub page: &'static str,
    pub first: &'static str,
    pub scene: &'static [Scene],
    pub steps: &'static [Step],
}

/// What becomes of a command.
pub enum Step {
    /// It runs to its end on a terminal; when a text is shown, its answer is typed.
    Runs(&'static [(&'static str, &'static str)]),
    /// It stays open while the rest of the block runs; it is there when this text is on its screen.
    Stays(&'static str),
    /// It is not run, for this reason, which the test says.
    NotRun(&'static str),
}

use Scene::{CodexLogin, Key, Login, OpenCodeLogin, OtherFile, Program, Rules, Session, Used};
use Step::{NotRun, Runs, Stays};

/// Typed where a key is asked for.
const A_KEY: &[(&str, &str)] = &[("API key:", "sk-typed-by-a-reader-000000000000")];

/// Typed where there are accounts already.
const ADD: &[(&str, &str)] = &[("[a/f]:", "a")];

/// A proxy or a certificate of a company, which no test has.
const ELSEWHERE: Step = NotRun("it names a proxy or a certificate that is an example");

/// OpenCode waits for a first message.
const OPENCODE_IS_OPEN: &str = "Ask anything";

pub static WALKS: &[Walk] = &[
    Walk {
        page: "README.md",
        first: "codex-account-manager add work",
        scene: &[],
        steps: &[Runs(A_KEY), Runs(ADD), Stays(OPENCODE_IS_OPEN), Stays(OPENCODE_IS_OPEN), Runs(&[])],
    },
    Walk {
        page: "README.md",
        first: "codex-account-manager login --device",
        scene: &[Key("work"), Used, CodexLogin, OpenCodeLogin],
        steps: &[Runs(ADD), Runs(&[]), Runs(&[]), Runs(&[]), Runs(&[])],
    },
    Walk {
        page: "README.md",
        first: "cd ~/company && codex-account-manager explain",
        scene: &[Key("work"), Key("home"), Rules],
        steps: &[Runs(&[])],
    },
    Walk { page: "docs/accounts.md", first: "codex-account-manager add work", scene: &[], steps: &[Runs(A_KEY)] },
    Walk { page: "docs/accounts.md", first: "codex-account-manager login", scene: &[], steps: &[Runs(&[])] },
    Walk {
        page: "docs/accounts.md",
        first: "codex-account-manager import --codex --dry-run",
        scene: &[CodexLogin, OpenCodeLogin, OtherFile],
        steps: &[Runs(&[]), Runs(&[]), Runs(&[])],
    },
    Walk {
        page: "docs/accounts.md",
        first: "codex-account-manager export --output accounts.json",
        scene: &[Key("work"), Login],
        steps: &[Runs(&[])],
    },
    Walk { page: "docs/files.md", first: "codex-account-manager rekey", scene: &[Key("work")], steps: &[Runs(&[])] },
    Walk {
        page: "docs/networks.md",
        first: "export HTTPS_PROXY=http://proxy.example.com:3128",
        scene: &[],
        steps: &[ELSEWHERE, ELSEWHERE, ELSEWHERE],
    },
    Walk {
        page: "docs/networks.md",
        first: "export NODE_EXTRA_CA_CERTS=/etc/corp/ca.pem",
        scene: &[],
        steps: &[ELSEWHERE, ELSEWHERE],
    },
    Walk {
        page: "docs/rpc.md",
        first: "codex-account-manager rpc routing/setStrategy '{\"strategy\":\"hybrid\"}'",
        scene: &[Key("work"), Session],
        steps: &[Runs(&[]), Runs(&[])],
    },
    Walk {
        page: "docs/rpc.md",
        first: "codex-account-manager status --json > status.json",
        scene: &[Key("work"), Session],
        steps: &[Runs(&[]), Runs(&[]), Runs(&[]), Runs(&[])],
    },
    Walk {
        page: "docs/run.md",
        first: "codex-account-manager run -- opencode",
        scene: &[Key("work"), Program],
        steps: &[Stays(OPENCODE_IS_OPEN), Runs(&[])],
    },
    Walk {
        page: "docs/usage.md",
        first: "codex-account-manager usage --days 7 --by model",
        scene: &[Key("work"), Used],
        steps: &[Runs(&[])],
    },
];

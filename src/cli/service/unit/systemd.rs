//! A user unit of systemd. What confines it works without privileges and leaves alone what the proxy needs: the network, the
//! accounts file wherever it is, and locks.

use super::{Facts, LONGEST_END};

pub fn text(facts: &Facts) -> String {
    let program = quoted(&facts.program.display().to_string());
    // A `$` names a variable in arguments, and only there.
    let arguments: Vec<String> = facts.arguments().iter().map(|word| quoted(word).replace('$', "$$")).collect();
    let port = facts.port;
    format!(
        "# Written by `codex-account-manager service install`, which replaces it. A drop-in keeps changes of yours:
# `systemctl --user edit codex-account-manager`.
[Unit]
Description=codex-account-manager on http://127.0.0.1:{port}/v1

[Service]
Type=exec
ExecStart={program} {arguments}
Restart=on-failure
RestartSec=2
# A token that is being refreshed is waited for.
TimeoutStopSec={LONGEST_END}
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
",
        arguments = arguments.join(" "),
    )
}

/// A word of a command line of systemd's: `%` begins what it replaces, and quotes keep spaces in.
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines>
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:%$".contains(letter);
    if escaped.chars().all(is_plain) { escaped } else { format!("\"{escaped}\"") }
}

//! A property list for launchd: an agent of the person who is logged on.

use super::{Facts, LONGEST_END, NAME, xml};

pub fn text(facts: &Facts) -> String {
    let program = facts.program.display().to_string();
    let words = std::iter::once(program).chain(facts.arguments());
    let words: Vec<String> = words.map(|word| format!("    <string>{}</string>\n", xml(&word))).collect();
    let words = words.concat();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by `codex-account-manager service install`, which replaces it. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{NAME}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>5</integer>
  <key>ExitTimeOut</key>
  <integer>{LONGEST_END}</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
"#
    )
}

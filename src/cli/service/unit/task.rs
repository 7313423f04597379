//! A task for Windows' Task Scheduler: at log-on of this one person, with no more rights than theirs.
//!
//! The proxy is a console program, and a task would show its console. `conhost --headless` gives it one that nobody sees.

use super::{Facts, xml};

pub fn text(facts: &Facts) -> String {
    let user = xml(&facts.user);
    let program = quoted(&facts.program.display().to_string());
    let words = facts.arguments().map(|word| quoted(&word)).join(" ");
    let arguments = xml(&format!("--headless {program} {words}"));
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>codex-account-manager on http://127.0.0.1:{port}/v1. `codex-account-manager service install` replaces it.</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%SystemRoot%\System32\conhost.exe</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"#,
        port = facts.port,
    )
}

/// A word of a command line of Windows'. A path has no quote in it and none of these ends in a backslash.
fn quoted(word: &str) -> String {
    if word.contains([' ', '\t', '&', '(', ')', '^', ';', ',', '=']) { format!("\"{word}\"") } else { word.to_owned() }
}

//! The service, and the programs that are pointed at it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::cli::connect::WITHOUT_RULES;
use crate::cli::connect::look::{Standing, standings};
use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::cli::service::places::{Places, closing, is_open_to_others, read_key};
use crate::cli::service::{Listener, listener};
use crate::files;

const INSTALL: &str = "codex-account-manager service install";

/// Whether it is installed, runs and answers.
pub fn running(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move {
        let record = match Places::below(&scene.paths.data.path).installed() {
            Ok(Some(record)) => record,
            Ok(None) => return vec![Finding::ok("it is not installed")],
            Err(error) => return vec![Finding::failed(FindingKind::ServiceUnreadable, error)],
        };
        let mut findings = Vec::new();
        if !files::is_program(&record.program) {
            findings.push(Finding::problem(
                FindingKind::ServiceProgramGone,
                format!("`{}`, which the service starts, is not there", record.program.display()),
                Mend::run(INSTALL).and("it names the program that you run it with"),
            ));
        }
        if is_open_to_others(&record.key_file) {
            findings.push(Finding::problem(
                FindingKind::ModeTooOpen,
                format!("other users can read `{}`, the service's key", record.key_file.display()),
                Mend::run(closing(&record.key_file)),
            ));
        }
        let key = match read_key(&record.key_file) {
            Ok(key) => key,
            Err(error) => {
                findings.push(Finding::problem(FindingKind::ServiceNotRunning, error.message, Mend::run(INSTALL)));
                return findings;
            }
        };
        let port = record.port;
        findings.push(match listener(port, Some(&key)).await {
            Listener::Ours(version) if version != env!("CARGO_PKG_VERSION") => Finding::warning(
                FindingKind::ServiceOutdated,
                format!(
                    "version {version} answers on {}, and this is {}",
                    record.base_url(),
                    env!("CARGO_PKG_VERSION")
                ),
                Mend::run(INSTALL).and("it starts the service again"),
            ),
            Listener::Ours(version) => Finding::ok(format!("version {version} answers on {}", record.base_url())),
            Listener::Nobody => Finding::problem(
                FindingKind::ServiceNotRunning,
                format!("it is installed, and nothing listens on {}", record.base_url()),
                Mend::run(INSTALL).and("it starts the service again, and says why where that fails"),
            ),
            taken @ (Listener::AnotherKey | Listener::Another) => Finding::problem(
                FindingKind::ServicePortTaken,
                match taken {
                    Listener::AnotherKey => format!("a proxy that wants another key listens on its port, {port}"),
                    _ => format!("another program listens on its port, {port}"),
                },
                Mend::run(format!("{INSTALL} --port {}", port.wrapping_add(1).max(1024)))
                    .and("or end what listens there; programs that are connected are then connected again"),
            ),
        });
        findings
    }
    .boxed()
}

/// Whether each connected program is pointed at what is there.
pub fn connections(scene: &Scene) -> Vec<Finding> {
    let data = std::path::absolute(&scene.paths.data.path).unwrap_or_else(|_| scene.paths.data.path.clone());
    let Ok(installed) = Places::below(&data).installed() else { return Vec::new() };
    let standings = match standings(&data, installed.as_ref()) {
        Ok(standings) => standings,
        Err(error) => return vec![Finding::failed(FindingKind::ServiceUnreadable, error)],
    };
    if standings.is_empty() {
        return vec![Finding::ok("no program is connected to the service")];
    }
    let has_rules = scene.manager.as_ref().is_some_and(|manager| {
        let projects = &manager.session().config().projects;
        !projects.rules.is_empty() || projects.broken.is_some()
    });
    standings.into_iter().map(|(program, standing)| connection(&program, &standing, has_rules)).collect()
}

/// How the program stands; `has_rules` says that there are rules of projects, which do not hold for it.
fn connection(program: &str, standing: &Standing, has_rules: bool) -> Finding {
    let again = format!("codex-account-manager connect {program}");
    let undo = format!("or take it back with `{again} --undo`");
    let stale = |message: String| {
        Finding::warning(FindingKind::ConnectionStale, message, Mend::run(again.clone()).and(undo.clone()))
    };
    match standing {
        Standing::Connected if has_rules => Finding::warning(
            FindingKind::ConnectionWithoutRules,
            format!("{program} is connected, so no rule of projects holds for it"),
            Mend::run(format!("{again} --undo")).and(WITHOUT_RULES),
        ),
        Standing::Connected => Finding::ok(format!("{program} is connected")),
        Standing::Changed(path) => {
            stale(format!("{program} is not pointed here any more: `{}` was changed since", path.display()))
        }
        Standing::AnotherPort(port) => {
            stale(format!("{program} is pointed at a port that is not the service's, {port}"))
        }
        Standing::AnotherKey => stale(format!("{program} sends a key that is not the proxy's")),
        Standing::NoService => Finding::warning(
            FindingKind::ConnectionStale,
            format!("{program} is pointed at a service that is not installed"),
            Mend::run(format!("{again} --undo")).and(format!("or install it again with `{INSTALL}`")),
        ),
        Standing::OpenToOthers(path) => Finding::problem(
            FindingKind::ModeTooOpen,
            format!("other users can read `{}`, which holds the service's key", path.display()),
            Mend::run(closing(path)),
        ),
    }
}

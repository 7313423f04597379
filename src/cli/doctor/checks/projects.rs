//! What this folder may use and by which rule, and every rule that cannot do what it is for.

use std::path::PathBuf;
use std::process::Stdio;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::cli::doctor::finding::{CONFIG_EDIT, Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::cli::rules::{self, Flaw, FlawKind};
use crate::env;
use crate::manager::session::{BY_REMOTE, WORKING_FOLDER};
use crate::protocol::account_set::{AccountSet, Narrowing};
use crate::wording::account_set::{NO_RULE_HOLDS, ThisFolder, set};

fn mend() -> Mend {
    Mend::run(CONFIG_EDIT).and("correct that rule; `codex-account-manager list` shows groups and labels")
}

/// What mends something other than a rule by the name that it has in messages.
fn mend_of(name: &str) -> Mend {
    Mend::hint(match name {
        _ if name.starts_with(BY_REMOTE) => "mend `git` or its configuration there, or use rules with `path` alone",
        WORKING_FOLDER => "go to a folder that is there and that this user can read",
        _ => "correct that, or take it away",
    })
}

/// What a session that starts in this folder may use.
pub fn here(scene: &Scene) -> Vec<Finding> {
    let Some((here, manager)) = scene.here.as_ref().zip(scene.manager.as_ref()) else { return Vec::new() };
    let Some(account_set) = here.account_set().map(AccountSet::from) else {
        let has_rules = !manager.session().config().projects.rules.is_empty();
        let remotes = ThisFolder::of(here, None).remotes_here().map(|remotes| format!("; {remotes}"));
        let every = format!("{NO_RULE_HOLDS}{}", remotes.unwrap_or_default());
        return has_rules.then(|| Finding::ok(every)).into_iter().collect();
    };
    let message = format!("this folder uses {}", set(&account_set));
    let allows_some = |narrowing: &Narrowing| narrowing.accounts.as_ref().is_some_and(|words| !words.is_empty());
    let has_faults = account_set.narrowed_by.iter().any(|narrowing| narrowing.fault.is_some());
    let uses = match account_set.accounts.is_empty() {
        false => Finding::ok(message),
        // Which of them is wrong is a finding of its own.
        true if has_faults => {
            Finding::problem(FindingKind::NoAccountAllowed, message, Mend::hint("mend what is found beside this"))
        }
        // Where each of several allows some, they close together what its owner wants to use.
        true if account_set.narrowed_by.len() > 1 && account_set.narrowed_by.iter().all(allows_some) => {
            Finding::problem(FindingKind::NoAccountAllowed, message, Mend::hint("change one of them"))
        }
        true => Finding::warning(FindingKind::NoAccountAllowed, message, mend()),
    };
    let projects = &manager.session().config().projects;
    // That they cannot be read is found with the configuration, and those of rules for every folder.
    let is_broken = |narrowing: &Narrowing| narrowing.fault.is_some() && narrowing.fault == projects.broken;
    let is_other = |narrowing: &&Narrowing| {
        !is_broken(narrowing) && projects.rules.iter().all(|rule| rule.title() != narrowing.name)
    };
    let uses = (!account_set.narrowed_by.iter().any(is_broken)).then_some(uses);
    let others = account_set.narrowed_by.iter().filter(is_other);
    let faults = others.filter_map(|narrowing| {
        let why = narrowing.fault.as_ref()?;
        let message = format!("{}: {why}; no account may be used here", narrowing.name);
        Some(Finding::problem(FindingKind::ProjectRule, message, mend_of(&narrowing.name)))
    });
    let to_know = account_set.warnings.iter().map(|warning| {
        Finding::warning(FindingKind::ProjectWarning, warning.clone(), Mend::hint("change the rules, or the folders"))
    });
    uses.into_iter().chain(faults).chain(to_know).collect()
}

/// Every rule, wherever it holds: those that name what is not there, and those that never hold.
pub fn rules(scene: &Scene) -> Vec<Finding> {
    let Some((manager, _)) = scene.pool() else { return Vec::new() };
    let flaws = rules::of_rules(&manager.session().config().projects.rules, manager, scene.paths.home.as_deref());
    let found = |flaw: Flaw| match flaw.kind {
        FlawKind::NamesNoAccount => Finding::problem(FindingKind::ProjectRule, flaw.message(), mend()),
        FlawKind::FitsNothing => Finding::warning(
            FindingKind::ProjectRuleFitsNothing,
            flaw.message(),
            Mend::run(CONFIG_EDIT).and("correct that rule"),
        ),
        FlawKind::Twin => Finding::warning(FindingKind::ProjectRuleHidden, flaw.message(), Mend::run(CONFIG_EDIT)),
        FlawKind::BesideFolder => {
            Finding::warning(FindingKind::ProjectRuleBesideFolder, flaw.message(), Mend::run(CONFIG_EDIT))
        }
        FlawKind::Hidden => {
            let hint = "move it before the other one; of rules with `path` the first that fits holds";
            Finding::warning(FindingKind::ProjectRuleHidden, flaw.message(), Mend::run(CONFIG_EDIT).and(hint))
        }
    };
    flaws.into_iter().map(found).collect()
}

/// Files in this folder that would narrow what may be used, while such files are not read.
pub fn files(scene: &Scene) -> Vec<Finding> {
    let Some(here) = &scene.here else { return Vec::new() };
    let unread = |path: PathBuf| {
        let message = format!("`{}` narrows nothing: such files are not read", path.display());
        let mend = Mend::run("codex-account-manager config set routing.project_files true")
            .and("leave it so if the file is not yours");
        Finding::warning(FindingKind::ProjectFileOff, message, mend)
    };
    here.session().unread_files().into_iter().map(unread).collect()
}

/// The budgets that are spent, wherever they hold.
pub fn budgets(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move {
        let Some(manager) = &scene.manager else { return Vec::new() };
        let reports = manager.budget_reports().await;
        let spent = reports.into_iter().filter_map(|report| report.overspent).map(|overspent| {
            let mend = Mend::run(CONFIG_EDIT).and("wait, or raise the limit");
            Finding::warning(FindingKind::BudgetSpent, overspent.to_string(), mend)
        });
        spent.collect()
    }
    .boxed()
}

/// Whether `git` can be asked for the remotes that rules name.
pub fn git(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let config = manager.session().config();
    let Some(rule) = config.projects.rules.iter().find(|rule| rule.remote.is_some()) else { return Vec::new() };
    let asked = env::program("git").arg("--version").stdin(Stdio::null()).output();
    let why = match asked {
        Ok(output) if output.status.success() => return Vec::new(),
        Ok(output) => format!("`git --version` failed: {}", output.status),
        Err(error) => format!("`git` cannot be started: {error}"),
    };
    let message = format!("{why}; {} has `remote`, so no account may be used in a repository", rule.title());
    vec![Finding::problem(FindingKind::GitMissing, message, Mend::hint("install git, or use rules with `path` alone"))]
}

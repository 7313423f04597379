//! What holds for a session in the folders that it works in: all that narrows its accounts, and the rules whose strategy and
//! budgets count there.

use super::{Folder, Remote, Rule, holding};
use crate::domain::allowed::{Bound, Bounds};
use crate::domain::routing::Strategy;

/// What holds for a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// All that narrows the accounts that it may use: the rules by their numbers, then the others.
    pub bounds: Bounds,
    /// The rules that hold, each once: of every folder the one by path, then those by remote.
    pub rules: Vec<Rule>,
    /// The remotes of the folders as rules see them, where rules ask for them.
    pub remotes: Vec<Remote>,
    /// What a person should know of it, in sentences.
    pub warnings: Vec<String>,
}

/// A folder of the session, and what was found there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workplace {
    /// The folder.
    pub folder: Folder,
    /// What nobody can tell of it, although rules ask for it: its remotes, or where it is.
    pub unknown: Option<Bound>,
    /// What files in it say, which only narrows.
    pub files: Vec<Bound>,
}

impl Standing {
    /// What `rules` say of the folders, with what else narrows the session: of several folders each must allow an account.
    /// `broken` is why nobody can tell what the rules say.
    pub fn new(rules: &[Rule], broken: Option<&str>, places: &[Workplace], told: &[Bound]) -> Standing {
        let (mut others, mut held) = (Vec::new(), Vec::<Rule>::new());
        // The fault names the file and the line.
        let unread =
            |why: &str| Bound { brief: "`config.toml`".to_owned(), ..Bound::new("`projects`", Err(why.to_owned())) };
        others.extend(broken.map(unread));
        for Workplace { folder, unknown, files } in places {
            // Where nobody can tell which rules hold, none may be passed over.
            others.extend(unknown.clone());
            for rule in holding(rules, folder) {
                if !held.iter().any(|held| held.number == rule.number) {
                    held.push(rule.clone());
                }
            }
            for bound in files {
                if !others.contains(bound) {
                    others.push(bound.clone());
                }
            }
        }
        others.extend_from_slice(told);
        // People read the rules in the order of the file, whichever folder they are of.
        let mut in_order: Vec<&Rule> = held.iter().collect();
        in_order.sort_unstable_by_key(|rule| rule.number);
        let bounds = in_order.into_iter().map(Rule::bound).chain(others).collect();
        let mut remotes: Vec<Remote> = Vec::new();
        for remote in places.iter().flat_map(|place| &place.folder.remotes) {
            if !remotes.contains(remote) {
                remotes.push(remote.clone());
            }
        }
        let warnings = differing(rules, places).into_iter().collect();
        Standing { bounds: Bounds::new(bounds), rules: held, remotes, warnings }
    }

    /// How an account is chosen, by the first rule by path that says so, else by the first by remote.
    pub fn strategy(&self) -> Option<(&Rule, Strategy)> {
        let (by_path, by_remote): (Vec<&Rule>, Vec<&Rule>) = self.rules.iter().partition(|rule| rule.path.is_some());
        by_path.into_iter().chain(by_remote).find_map(|rule| Some((rule, rule.strategy?)))
    }
}

/// What to say of folders that are not all under the same rules.
fn differing(rules: &[Rule], places: &[Workplace]) -> Option<String> {
    let numbers =
        |place: &Workplace| -> Vec<usize> { holding(rules, &place.folder).iter().map(|rule| rule.number).collect() };
    let first = numbers(places.first()?);
    if places.iter().all(|place| numbers(place) == first) {
        return None;
    }
    let under = |place: &Workplace| {
        let numbers: Vec<String> = numbers(place).iter().map(ToString::to_string).collect();
        let under = match numbers.len() {
            0 => "no rule".to_owned(),
            1 => format!("rule {}", numbers.concat()),
            _ => format!("rules {}", numbers.join(" and ")),
        };
        format!("`{}` is under {under}", place.folder.path.display())
    };
    let places: Vec<String> = places.iter().map(under).collect();
    Some(format!(
        "the folders of this session are not under the same rules of `projects`: {}; it uses only accounts that all of these allow",
        places.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::rule;
    use super::*;
    use crate::domain::account_set::Selection;

    fn place(path: &str, remotes: &[&str]) -> Workplace {
        let remotes = remotes.iter().filter_map(|url| Remote::parse(url)).collect();
        Workplace { folder: Folder { path: path.into(), remotes, ..Folder::default() }, ..Workplace::default() }
    }

    fn bound(name: &str) -> Bound {
        Bound::new(name, Ok(Selection::default()))
    }

    fn rules() -> [Rule; 3] {
        let mut rules =
            [rule(1, Some("~/work"), None), rule(2, None, Some("github.com/acme/*")), rule(3, Some("~/private"), None)];
        rules[1].strategy = Some(Strategy::RoundRobin);
        rules[2].strategy = Some(Strategy::Priority);
        rules
    }

    /// The names of all that narrows, and the numbers of the rules.
    fn shown(standing: &Standing) -> (Vec<String>, Vec<usize>) {
        let names = standing.bounds.iter().map(|bound| bound.name.clone()).collect();
        (names, standing.rules.iter().map(|rule| rule.number).collect())
    }

    #[test]
    fn every_folder_and_all_that_was_told_narrows() {
        let acme = "git@github.com:acme/site.git";
        let title = |number: usize| rules()[number - 1].title();
        for (places, told, names, numbers) in [
            (vec![], vec![], vec![], vec![]),
            (vec![place("/srv", &[])], vec![bound("`--accounts`")], vec!["`--accounts`".to_owned()], vec![]),
            (vec![place("/home/me/work/a", &[acme])], vec![], vec![title(1), title(2)], vec![1, 2]),
            (
                vec![place("/home/me/private", &[acme])],
                vec![bound("x")],
                vec![title(2), title(3), "x".to_owned()],
                vec![3, 2],
            ),
            (
                vec![place("/home/me/work", &[acme]), place("/home/me/private", &[acme])],
                vec![bound("x")],
                vec![title(1), title(2), title(3), "x".to_owned()],
                vec![1, 2, 3],
            ),
        ] {
            let standing = Standing::new(&rules(), None, &places, &told);
            assert_eq!(shown(&standing), (names, numbers), "{places:?}");
            let has_remotes = places.iter().any(|place| !place.folder.remotes.is_empty());
            let remotes: Vec<&str> = standing.remotes.iter().map(Remote::text).collect();
            assert_eq!(remotes, if has_remotes { vec!["github.com/acme/site"] } else { vec![] }, "each once");
        }
    }

    #[test]
    fn what_nobody_can_tell_leaves_no_account() {
        let mut unknown = place("/srv", &[]);
        let wrong = |name: &str, why: &str| Bound::new(name, Err(why.to_owned()));
        unknown.unknown = Some(wrong("the rules by `remote`", "there is no git"));
        unknown.files.push(wrong("`/srv/x:3`", "no"));
        let standing = Standing::new(&[], Some("line 3"), &[unknown], &[]);
        let faults: Vec<_> = standing.bounds.iter().map(|bound| bound.accounts.clone().unwrap_err()).collect();
        assert_eq!(faults, ["line 3", "there is no git", "no"]);
    }

    #[test]
    fn folders_under_different_rules_are_named() {
        let (work, private, acme) =
            (place("/home/me/work", &[]), place("/home/me/private", &[]), "https://github.com/acme/a");
        for (places, told) in [
            (vec![work.clone()], None),
            (vec![place("/srv", &[]), place("/mnt", &[])], None),
            (vec![work.clone(), place("/home/me/work/b", &[])], None),
            (vec![work.clone(), private], Some("`/home/me/work` is under rule 1, `/home/me/private` is under rule 3;")),
            (
                vec![place("/home/me/work/a", &[acme]), place("/srv", &[])],
                Some("`/home/me/work/a` is under rules 1 and 2, `/srv` is under no rule;"),
            ),
        ] {
            let warnings = Standing::new(&rules(), None, &places, &[]).warnings;
            assert_eq!(warnings.len(), usize::from(told.is_some()), "{warnings:?}");
            assert!(told.is_none_or(|told| warnings[0].contains(told)), "{warnings:?}");
        }
    }

    #[test]
    fn the_strategy_is_of_the_first_by_path_that_has_one() {
        let acme = "https://github.com/acme/a";
        for (places, expected) in [
            (vec![place("/home/me/work", &[])], None),
            (vec![place("/home/me/work", &[acme])], Some((2, Strategy::RoundRobin))),
            (vec![place("/home/me/work", &[acme]), place("/home/me/private", &[])], Some((3, Strategy::Priority))),
        ] {
            let standing = Standing::new(&rules(), None, &places, &[]);
            assert_eq!(standing.strategy().map(|(rule, strategy)| (rule.number, strategy)), expected, "{places:?}");
        }
    }
}

//! What is taken of a file that is cut, blank or being written.

use std::time::Duration;

use super::*;

/// When a file was written.
#[expect(clippy::disallowed_methods, reason = "the test looks at the file that it wrote")]
fn written(path: &std::path::Path) -> Timestamp {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

/// Whoever writes a file slowly leaves its beginning for a while.
#[test]
fn what_may_be_the_beginning_of_a_file_takes_nothing_away() {
    let rule = |path: &str| format!("[[projects]]\npath = \"{path}\"\naccounts = []\n");
    let key = |name: &str| format!("[[proxy.keys]]\nname = \"{name}\"\nkey = \"sk-{name}-key\"\naccounts = []\n");
    let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
    let head = "[routing]\nproject_files = true\n";
    let whole = [head, &rule("/a"), &key("ci"), &rule("/b"), &key("dev"), "daily_limit_usd = 0\n"].concat();
    // The rules, the keys, and whether the last key has its limit.
    let counted = |config: &Config| {
        let keys = &config.proxy_keys.keys;
        (config.projects.rules.len(), keys.len(), keys.last().is_some_and(|key| key.budget().has_limit()))
    };
    let noted = |paths: &Paths| super::super::entries::LISTS.map(|list| super::super::held::noted(paths, list.notes));
    let before_last = |line: &str| &whole[..whole.rfind(line).unwrap()];
    for beginning in [
        head,
        &whole[..whole.find("[[proxy").unwrap()],
        before_last("[[proxy"),
        before_last("daily_limit_usd"),
        &whole[head.len()..],
        "# none",
    ] {
        let files = Files::new(&whole, "{}");
        let (paths, environment) = (files.paths(), Environment::default());
        let before = files.load(&[], &sources);
        assert_eq!((counted(&before), before.is_unsettled(), noted(&paths)), ((2, 2, true), false, [6, 9]));
        files.write("config.toml", beginning);
        let written = written(&paths.config_file);
        let mut kept = before.clone();
        // However long ago it was written by the clock of its server, it is to stand for a while.
        for now in [written, written.after(Duration::from_mins(1)), written.after(Duration::from_millis(61_999))] {
            kept = kept.reload(&paths, &environment, &sources, now);
            if now == written {
                // What was waited for is another file by then.
                files.write("config.toml", &format!("{beginning}\n# more\n"));
            }
            assert_eq!(
                (counted(&kept), kept.is_unsettled(), &kept.warnings),
                ((2, 2, true), true, &vec![]),
                "{beginning}"
            );
            assert!(kept.project_files(), "{beginning}");
            assert_eq!(setting(&kept, "routing.project_files").1, Source::Toml);
        }
        // Nobody who begins here knows what the rest will be, and nothing can be used until it is whole.
        let new = Config::load(&paths, &environment, &sources, written);
        assert_eq!((new.is_unsettled(), noted(&paths)), (true, [6, 9]), "{beginning}");
        assert!(new.projects.broken.is_some() && new.proxy_keys.broken.is_some() && new.project_files());
        let later = kept.reload(&paths, &environment, &sources, written.after(Duration::from_secs(62)));
        assert!(!later.is_unsettled() && (counted(&later) != (2, 2, true) || !later.project_files()), "{beginning}");
        let is_of_lists = beginning != &whole[head.len()..];
        let is_told = later.notices.iter().any(|warning| warning.contains("than before; if nobody took it out"));
        assert_eq!((is_told, noted(&paths) < [6, 9]), (is_of_lists, is_of_lists), "{:?}", later.notices);
        let again = later.reload(&paths, &environment, &sources, LATER);
        assert_eq!((counted(&again), again.is_unsettled()), (counted(&later), false));
    }
    // Where there was nothing, nothing can be taken away.
    let none = Files::new("# none", "{}");
    let before = none.load(&[], &sources);
    none.write("config.toml", &whole);
    let more = before.reload(&none.paths(), &Environment::default(), &sources, written(&none.paths().config_file));
    assert_eq!((counted(&more), more.is_unsettled()), ((2, 2, true), false));
}

/// A process that starts knows nothing but what another one noted, as with rules.
#[test]
fn files_of_projects_narrow_on_where_nobody_can_tell_what_is_wanted() {
    let sources = Sources::default();
    let stays = "config.toml: `routing.project_files` was on in it, and stays on until the file is put back or mended;";
    let remove = |files: &Files| crate::files::remove(&files.paths().config_file).unwrap();
    for (what, spoil) in [
        ("gone", &remove as &dyn Fn(&Files)),
        ("blank", &|files: &Files| files.write("config.toml", "\n")),
        ("broken", &|files: &Files| files.write("config.toml", "[routing")),
    ] {
        let files = Files::new("routing.project_files = \"on\"\n", "{}");
        let before = files.load(&[], &sources);
        assert!(before.project_files() && before.warnings.is_empty());
        spoil(&files);
        let mut running = before;
        for _ in 0..2 {
            running = files.reload(&running);
            for config in [&running, &files.load(&[], &sources)] {
                assert_eq!(setting(config, "routing.project_files"), (json!(true), Source::Toml), "{what}");
                assert!(config.warnings.iter().any(|warning| warning.contains(stays)), "{:?}", config.warnings);
            }
        }
        if what != "broken" {
            let key = super::super::key("routing.strategy").unwrap();
            let error = super::super::set(&files.paths(), key, Some(&json!("sticky"))).unwrap_err();
            assert!(error.to_string().contains("and `routing.project_files` stood in it"), "{error}");
        }
        files.write("config.toml", "# none\n");
        let off = running.reload(&files.paths(), &Environment::default(), &sources, Timestamp(1_000));
        let off = off.reload(&files.paths(), &Environment::default(), &sources, Timestamp(3_000));
        assert!(!off.project_files() && off.warnings.is_empty(), "{what}: {:?}", off.warnings);
        spoil(&files);
        let off = files.load(&[], &sources);
        assert!(!off.project_files() && off.warnings.iter().all(|warning| !warning.contains("stays on")), "{what}");
    }
}

/// A file that gets an entry in front of the others is for a while one in which the last of them is missing.
#[test]
fn an_entry_that_is_not_there_any_more_word_for_word_was_taken_out() {
    let rule = |path: &str, more: &str| format!("[[projects]]\npath = \"{path}\"\naccounts = [\"co\"]\n{more}");
    let key = |name: &str, words: &str| {
        format!("[[proxy.keys]]\nname = \"{name}\"\nkey = \"sk-{name}-key\"\naccounts = [{words}]\n")
    };
    let whole = [rule("/a", ""), rule("/b", "daily_limit_usd = 1\n"), key("ci", "\"co\"")].concat();
    let with = |from: &str, to: &str| whole.replacen(from, to, 1);
    let gone = |what: &str| Some(format!("nothing in {what} any more; if nobody took it out"));
    for (changed, is_less, notice) in [
        (whole.clone(), false, None),
        // What only gets more.
        ([rule("/new", ""), whole.clone()].concat(), false, None),
        ([&whole, "\n", &rule("/new", ""), &key("dev", "")].concat(), false, None),
        ([&whole, "[routing]\nstrategy = \"priority\"\n"].concat(), false, None),
        // The same in other words.
        (with("\npath = \"/a\"", "  # mine\n\n'path' = '/a' # too"), false, None),
        ([rule("/b", "daily_limit_usd = 1\n"), rule("/a", ""), key("ci", "\"co\"")].concat(), false, None),
        // As many lines as before, and one of them is gone.
        (with(&rule("/a", ""), &rule("/new", "")), true, gone("`projects` is for \"/a\"")),
        (with("path = \"/b\"", "remote = \"h.com/b\""), true, gone("`projects` is for \"/b\"")),
        (with("name = \"ci\"", "name = \"dev\""), true, gone("`proxy.keys` is for \"ci\"")),
        // Another word of what stays.
        (with("\"co\"", "\"home\""), true, None),
        (with("daily_limit_usd = 1", "strategy = \"sticky\""), true, None),
        (with("daily_limit_usd = 1", "daily_limit_usd = 2"), true, None),
        (with("key = \"sk-ci-key\"", "key = \"sk-another\""), true, None),
    ] {
        let files = Files::new(&whole, "{}");
        let (paths, environment) = (files.paths(), Environment::default());
        let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
        let before = files.load(&[], &sources);
        files.write("config.toml", &changed);
        let at = written(&paths.config_file).after(Duration::from_millis(60));
        let look = |before: &Config, later: Duration| before.reload(&paths, &environment, &sources, at.after(later));
        let at_once = look(&before, Duration::ZERO);
        assert_eq!(at_once.is_unsettled(), is_less, "{changed}");
        // Who writes the same words again and again does not keep it from being followed.
        files.write("config.toml", &changed);
        let nearly = look(&at_once, Duration::from_millis(1_999));
        assert_eq!(nearly.is_unsettled(), is_less, "{changed}");
        if is_less {
            let is_kept = nearly.projects == before.projects && nearly.notices.is_empty() && nearly.warnings.is_empty();
            assert!(is_kept && nearly.proxy_keys.changes_since(&before.proxy_keys).is_empty(), "{changed}");
        }
        let sure = look(&nearly, Duration::from_secs(2));
        assert!(!sure.is_unsettled() && sure.warnings.is_empty(), "{changed}");
        // Who begins now sees what the one sees that ran.
        let fresh = files.load(&[], &sources);
        let rules = [&sure, &fresh].map(|config| config.projects.rules.clone());
        assert_eq!((&rules[0], fresh.is_unsettled(), &fresh.warnings), (&rules[1], false, &vec![]), "{changed}");
        match notice {
            None => assert_eq!(sure.notices, Vec::<String>::new(), "{changed}"),
            Some(notice) => {
                assert!(sure.notices.len() == 1 && sure.notices[0].contains(&notice), "{notice}: {:?}", sure.notices);
            }
        }
        assert_eq!(look(&sure, Duration::from_secs(3)).notices, Vec::<String>::new(), "it is said once: {changed}");
    }
    // What cannot be read leaves what was before, and that is what must not be missing later.
    let files = Files::new(&whole, "{}");
    let mut config = files.load(&[], &Sources::default());
    let faulty = with("path = \"/a\"", "paht = \"/a\"");
    let unpathed = with("path = \"/a\"", "path = \"a\"");
    for (text, rules, waits, notice) in [
        (&faulty, 2, true, None),
        (&whole, 2, false, None),
        (&unpathed, 2, true, None),
        (&faulty, 2, true, None),
        (&with(&rule("/a", ""), &rule("/new", "")), 2, true, gone("`projects` is for \"/a\"")),
    ] {
        files.write("config.toml", text);
        let reload = |config: &Config, now| {
            config.reload(&files.paths(), &Environment::default(), &Sources::default(), Timestamp(now))
        };
        for (now, is_unsettled) in [(1_000, waits), (2_999, waits), (3_000, false)] {
            let before = config.projects.rules.clone();
            config = reload(&config, now);
            assert_eq!(config.is_unsettled(), is_unsettled, "{text}");
            assert!(!is_unsettled || config.projects.rules == before, "{text}");
            let is_read = !is_unsettled && now < 3_000;
            assert!(!is_read || config.notices.is_empty(), "{text}: {:?}", config.notices);
        }
        let is_told = text == &faulty || text == &unpathed;
        assert_eq!(
            (config.projects.rules.len(), config.warnings.len() == 1),
            (rules, is_told),
            "{:?}",
            config.warnings
        );
        assert_eq!(config.notices.len(), usize::from(notice.is_some()), "{:?}", config.notices);
        assert!(notice.is_none_or(|notice| config.notices[0].contains(&notice)), "{:?}", config.notices);
        // The same once more, because of something else: nothing is waited for, and what is wrong is still said.
        let again = reload(&config, 3_001);
        assert_eq!((again.is_unsettled(), &again.warnings), (false, &config.warnings), "{text}");
        config = again;
    }
}

/// A disk that is full leaves an empty file for good.
#[test]
fn a_blank_file_takes_nothing_away_where_something_stood() {
    let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
    let whole = "routing.project_files = true\n[[projects]]\npath = \"/a\"\naccounts = []\n";
    for blank in ["", "\n", "\u{feff}\r\n"] {
        let files = Files::new(whole, "{}");
        let before = files.load(&[], &sources);
        files.write("config.toml", blank);
        let mut kept = before.clone();
        for _ in 0..2 {
            kept = kept.reload(&files.paths(), &Environment::default(), &sources, LATER);
            assert!(kept.projects.rules.len() == 1 && kept.project_files() && !kept.is_unsettled(), "{blank:?}");
            let why = "there is nothing in it, and rules of `projects` stood in it";
            assert!(kept.warnings.iter().any(|warning| warning.contains(why)), "{:?}", kept.warnings);
            assert!(files.load(&[], &sources).projects.broken.is_some(), "{blank:?}");
        }
        let key = super::super::key("routing.strategy").unwrap();
        let error = super::super::set(&files.paths(), key, Some(&json!("sticky"))).unwrap_err();
        assert!(error.to_string().contains("is gone or empty, and rules of `projects` stood in it"), "{error}");
        // Who writes something there says that there are none.
        files.write("config.toml", "# none\n");
        let asked = kept.reload(&files.paths(), &Environment::default(), &sources, Timestamp(1_000));
        let none = asked.reload(&files.paths(), &Environment::default(), &sources, Timestamp(3_000));
        assert!(
            asked.is_unsettled()
                && asked.projects.rules.len() == 1
                && !none.is_unsettled()
                && none.projects.rules.is_empty()
        );
        assert!(files.load(&[], &sources).projects.broken.is_none());
    }
    let files = Files::new("", "{}");
    assert_eq!(files.load(&[], &sources).warnings, Vec::<String>::new(), "an empty file is none of it by itself");
}

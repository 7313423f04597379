//! Who may reach a file, as Windows writes it down: a list of entries, each of which lets a user or a group do something or
//! keeps them from it, as in `D:P(A;;FA;;;SY)(A;;FA;;;S-1-5-21-…)`. The form is that of the documentation of SDDL.

/// The system and the machine's administrators, who reach everything; whoever owns the file; and stand-ins for an owner in
/// entries that are for what is made later.
const NOT_OTHERS: [&str; 5] = ["SY", "BA", "OW", "CO", "CG"];

/// Two letters for each right that lets read or write, or take such a right.
const RIGHTS: [&str; 11] = ["FA", "FR", "FW", "GA", "GR", "GW", "CC", "DC", "LC", "WD", "WO"];

/// The same in a number: reading, writing, appending, changing the list and the owner, and the three that stand for several.
const MASK: u32 = 0x1 | 0x2 | 0x4 | 0x0004_0000 | 0x0008_0000 | 0x1000_0000 | 0x4000_0000 | 0x8000_0000;

/// A list by which the user with this identifier reaches a file, beside the system and the administrators, and nobody else. A
/// folder's is for what is made in it as well.
pub fn own_only(user: &str, is_folder: bool) -> String {
    let heirs = if is_folder { "OICI" } else { "" };
    ["SY", "BA", user].iter().fold("D:P".to_owned(), |list, who| format!("{list}(A;{heirs};FA;;;{who})"))
}

/// Whether nothing is added to the list by the folder above.
pub fn is_closed(list: &str) -> bool {
    flags(list).is_some_and(|flags| flags.contains('P'))
}

/// Who else than `user` may read or write by this list, by name where it is a well-known group.
pub fn others(list: &str, user: &str) -> Vec<String> {
    let Some(flags) = flags(list).filter(|flags| !flags.contains("NO_ACCESS_CONTROL")) else {
        return vec![name("WD")];
    };
    let entries = &list[list.find("D:").unwrap_or_default() + 2 + flags.len()..];
    let mut others: Vec<String> = Vec::new();
    for entry in entries.split(['(', ')']).filter(|entry| !entry.is_empty()) {
        let mut fields = entry.split(';');
        let mut next = || fields.next().unwrap_or_default();
        let (kind, inheritance, rights, _, _, who) = (next(), next(), next(), next(), next(), next());
        let lets = matches!(kind, "A" | "XA") && !inheritance.contains("IO") && reaches(rights);
        let is_other = !NOT_OTHERS.contains(&who) && who != user && !(who == "LA" && user.ends_with("-500"));
        if lets && is_other && !others.contains(&name(who)) {
            others.push(name(who));
        }
    }
    others
}

/// What stands before the first entry; `None` where there is no list, and so no limit.
fn flags(list: &str) -> Option<&str> {
    let (_, list) = list.split_once("D:")?;
    Some(list.split('(').next().unwrap_or_default())
}

fn reaches(rights: &str) -> bool {
    if let Some(number) = rights.strip_prefix("0x") {
        return u32::from_str_radix(number, 16).is_ok_and(|rights| rights & MASK != 0);
    }
    rights.as_bytes().chunks(2).any(|right| RIGHTS.iter().any(|known| known.as_bytes() == right))
}

/// What a group is called; others keep their identifier.
fn name(who: &str) -> String {
    match who {
        "WD" => "everyone",
        "BU" => "all users",
        "AU" => "all users who have logged in",
        "IU" => "all users in front of the machine",
        "BG" => "guests",
        "AN" => "users without a name",
        "AC" => "all apps of the store",
        other => return format!("`{other}`"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "S-1-5-21-1-2-3-1001";

    #[test]
    fn whoever_else_may_reach_a_file_is_named() {
        for (list, expected) in [
            ("D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-21-1-2-3-1001)", &[][..]),
            ("D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)", &[]),
            (
                "D:AI(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)",
                &["all users", "all users who have logged in"],
            ),
            ("D:(A;;FR;;;WD)(A;;FA;;;WD)", &["everyone"]),
            ("D:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;S-1-5-21-1-2-3-1002)", &["`S-1-5-21-1-2-3-1002`"]),
            ("D:(A;OICIIO;GA;;;CO)(A;OICIIO;GA;;;BU)(A;;FX;;;BU)(A;;0x100020;;;BU)", &[]),
            ("D:(D;;FA;;;WD)", &[]),
            ("D:NO_ACCESS_CONTROL", &["everyone"]),
            ("", &["everyone"]),
            ("O:BAG:BAD:PAI", &[]),
        ] {
            assert_eq!(others(list, ME), expected, "{list}");
        }
        assert!(others("D:(A;;FA;;;LA)", "S-1-5-21-1-2-3-500").is_empty());
        assert_eq!(others("D:(A;;FA;;;LA)", ME), ["`LA`"]);
    }

    #[test]
    fn a_list_for_one_user_lets_nobody_else_in() {
        for is_folder in [true, false] {
            let list = own_only(ME, is_folder);
            assert!(others(&list, ME).is_empty() && is_closed(&list));
            assert_eq!(others(&list, "S-1-5-21-9-9-9-9"), [format!("`{ME}`")]);
        }
        assert!(is_closed("D:PAI(A;;FA;;;SY)") && !is_closed("D:AI(A;ID;FA;;;PU)") && !is_closed(""));
    }
}

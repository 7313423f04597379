//! Two accounts that became one.

use super::*;
use crate::domain::usage::rate_headers::RateUsed;

#[tokio::test]
async fn what_one_account_used_and_owns_is_the_others_and_its_sums_are_added() {
    let home = Home::new();
    let ledger = home.ledger();
    let (kept, gone) = (id("kept"), id("gone"));
    ledger.merge(&kept, &gone).await.unwrap();
    assert!(!home.data().exists(), "nothing is made where there is nothing to move");
    for (account, resource) in [("kept", "resp_1"), ("gone", "resp_2"), ("other", "resp_3")] {
        let owns = vec![Resource { id: resource.to_owned() }];
        let rate_used = Some(RateUsed { used: 0.5, until: Timestamp(NOW + DAY) });
        let mark = Some(Mark::Once("same".to_owned()));
        ledger.record(Entry { mark, owns, rate_used, ..entry(account) });
    }
    ledger.record(Entry { model: Some("gpt-0".to_owned()), ..entry("gone") });
    for _ in 0..2 {
        ledger.merge(&kept, &gone).await.unwrap();
        let usage = ledger.usage(1, By::Account).await.unwrap();
        let rows: Vec<_> = usage.iter().map(|row| (row.account.clone().unwrap(), row.requests, row.cost)).collect();
        assert_eq!(rows, [(id("kept"), 3, usd(3)), (id("other"), 1, usd(1))]);
    }
    let question = Question { spending_of: vec![kept.clone()], purses: vec![], owners_of: vec!["resp_2".to_owned()] };
    let standing = ledger.standing(question).await.unwrap();
    assert_eq!(standing.owners["resp_2"], kept);
    for table in ["attempts", "days", "conditions", "rates", "owners", "counted"] {
        assert_eq!(home.count(&format!("SELECT count(*) FROM {table} WHERE account = 'gone'")), 0, "{table}");
        assert!(home.count(&format!("SELECT count(*) FROM {table} WHERE account = 'kept'")) > 0, "{table}");
    }
    // What comes afterwards is moved by doing it again.
    ledger.record(entry("gone"));
    ledger.flush().await;
    ledger.merge(&kept, &gone).await.unwrap();
    assert_eq!(home.count("SELECT requests FROM days WHERE account = 'kept' AND model = 'gpt-5.4'"), 3);
}

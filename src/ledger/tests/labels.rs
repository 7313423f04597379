//! What accounts were called that were removed.

use super::*;

#[tokio::test]
async fn a_label_is_kept_as_long_as_what_its_account_used() {
    let home = Home::new();
    let ledger = home.ledger();
    let keep = async |pairs: &[(&str, &str)]| {
        let labels = pairs.iter().map(|(account, label)| (id(account), (*label).to_owned())).collect();
        ledger.keep_labels(labels).await.unwrap();
    };
    keep(&[("a", "never used")]).await;
    assert!(!home.data().exists() && ledger.former_labels().await.unwrap().is_empty(), "nothing is made for it");
    ledger.commit(entry("a")).await.unwrap();
    keep(&[("a", "work"), ("unused", "spare")]).await;
    keep(&[("a", "work 2")]).await;
    let labels = ledger.former_labels().await.unwrap();
    assert_eq!((labels.len(), labels[&id("a")].as_str(), labels[&id("unused")].as_str()), (2, "work 2", "spare"));
    // The next day, when what is old goes, one that used nothing goes with it.
    home.set(NOW + DAY);
    ledger.commit(Entry { at: Timestamp(NOW + DAY), ..entry("b") }).await.unwrap();
    let mut tries = 0;
    while home.count("SELECT count(*) FROM meta WHERE key LIKE 'label %'") > 1 && tries < 1_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        tries += 1;
    }
    let labels = ledger.former_labels().await.unwrap();
    assert_eq!((labels.len(), labels.get(&id("a")).map(String::as_str)), (1, Some("work 2")));
}

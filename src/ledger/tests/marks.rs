//! What several answers report counts once, whichever process gets them.

use super::*;

async fn cost(ledger: &Ledger) -> (u64, Usd) {
    let rows = ledger.usage(1, By::Account).await.unwrap();
    rows.first().map_or((0, Usd::default()), |row| (row.tokens.input, row.cost))
}

fn marked(account: &str, mark: Mark) -> Entry {
    Entry { mark: Some(mark), ..entry(account) }
}

fn once(id: &str) -> Mark {
    Mark::Once(id.to_owned())
}

fn if_due(id: &str) -> Mark {
    Mark::IfDue(id.to_owned())
}

fn later(account: &str, id: &str) -> Entry {
    Entry { mark: Some(Mark::Later(id.to_owned())), tokens: None, cost: None, ..entry(account) }
}

#[tokio::test]
async fn a_poll_counts_once_in_all_processes() {
    let home = Home::new();
    let handles = [home.ledger(), home.ledger(), home.ledger()];
    for round in 0..9 {
        let spent = handles[round % 3].commit(marked("a", once("resp_1"))).await.unwrap();
        assert_eq!(spent.today, usd(1), "round {round}");
    }
    assert_eq!(cost(&handles[1]).await, (10, usd(1)));
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 9, "each is an attempt");
    assert_eq!(home.count("SELECT count(cost) FROM attempts"), 1);
    assert_eq!(home.count("SELECT sum(requests) FROM days"), 9);
    handles[0].commit(marked("a", once("resp_2"))).await.unwrap();
    // Ids are those of an account's upstream: another's may be the same.
    handles[0].commit(marked("b", once("resp_1"))).await.unwrap();
    assert_eq!(handles[2].spent(&id("b")).today, Usd::default(), "not read here yet");
    assert_eq!(home.count("SELECT sum(cost) / 1000000000000 FROM days"), 3);
}

#[tokio::test]
async fn what_was_asked_for_here_counts_when_it_is_read_and_nothing_else_does() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    other.commit(marked("a", if_due("resp_1"))).await.unwrap();
    assert_eq!(cost(&other).await, (0, Usd::default()), "made elsewhere");
    one.commit(later("a", "resp_1")).await.unwrap();
    for _ in 0..3 {
        other.commit(marked("a", if_due("resp_1"))).await.unwrap();
        one.commit(marked("a", if_due("resp_1"))).await.unwrap();
    }
    assert_eq!(cost(&one).await, (10, usd(1)));
    one.commit(later("a", "resp_2")).await.unwrap();
    one.commit(later("a", "resp_2")).await.unwrap();
    other.commit(marked("a", once("resp_2"))).await.unwrap();
    other.commit(marked("a", if_due("resp_2"))).await.unwrap();
    // What has counted is not asked for again.
    one.commit(later("a", "resp_2")).await.unwrap();
    other.commit(marked("a", if_due("resp_2"))).await.unwrap();
    assert_eq!(cost(&one).await, (20, usd(2)));
}

#[tokio::test]
async fn marks_are_forgotten_after_the_upstream_has_forgotten() {
    let home = Home::new();
    let ledger = home.ledger();
    for number in 0..700 {
        ledger.record(later("a", &format!("resp_{number}")));
    }
    ledger.flush().await;
    let settle = async |days: i64| {
        home.set(NOW + days * DAY);
        ledger.record(Entry { at: Timestamp(NOW + days * DAY), ..marked("a", once("resp_0")) });
        for _ in 0..10 {
            ledger.flush().await;
        }
        home.count("SELECT count(*) FROM counted")
    };
    assert_eq!(settle(29).await, 700);
    assert_eq!(settle(58).await, 700);
    assert_eq!(settle(61).await, 1, "the one that was polled since");
}

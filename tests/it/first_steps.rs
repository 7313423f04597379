//! The shortest way through the product: add accounts, start a sidecar, ask through its proxy, end it.

use crate::support::Pool;
use crate::support::upstream::ask;

#[test]
fn a_session_starts_serves_and_leaves_nothing_behind() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    assert_eq!(sidecar.wait_notification("proxy/ready")["proxy"]["baseUrl"], sidecar.base_url());
    assert_eq!(sidecar.start_account(), Some(1));
    assert_eq!(pool.sandbox.session_ids(), [sidecar.session_id()]);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    assert_eq!(pool.served_by(), [Some(1)]);
    assert_eq!(sidecar.end(), 0);
    assert!(pool.sandbox.session_ids().is_empty());
}

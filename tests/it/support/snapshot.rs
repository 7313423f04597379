//! Whole contracts as snapshots, in `snapshots/` at the top.

/// Compares with `snapshots/NAME.snap`; `INSTA_UPDATE=always` writes it anew.
#[macro_export]
macro_rules! snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $text) })
    };
}

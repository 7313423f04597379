//! Every bad frame that has been thought of, and that the guard is in step again behind each.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Short form of events: the body of a frame, or the code of a bad one.
fn shown(events: &[Event]) -> Vec<String> {
    let each = events.iter().map(|event| match event {
        Event::Frame(body) => String::from_utf8(body.to_vec()).unwrap(),
        Event::Bad(Fault { code, .. }) => code.to_string(),
    });
    each.collect()
}

/// The events of `input` when it comes in pieces of `size` bytes.
fn events(input: &[u8], size: usize) -> Vec<Event> {
    let (mut guard, mut events) = (FrameGuard::new(), Vec::new());
    for piece in input.chunks(size) {
        guard.push(piece, &mut events);
    }
    guard.finish(&mut events);
    events
}

fn frame(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Checks `input`, whole and in pieces.
#[track_caller]
fn check(input: &[u8], expected: &[&str]) {
    for size in [usize::MAX, 1, 7] {
        assert_eq!(shown(&events(input, size)), expected, "in pieces of {size}");
    }
}

/// Checks that `bad` gives these events and that the frame right behind it is found.
#[track_caller]
fn check_in_step_behind(bad: impl AsRef<[u8]>, expected: &[&str]) {
    let good = r#"{"id":1}"#;
    let input = [bad.as_ref(), frame(good).as_bytes()].concat();
    check(&input, &[expected, &[good]].concat());
}

#[test]
fn good_frames_pass_in_every_spelling() {
    check(frame("{}").as_bytes(), &["{}"]);
    check((frame("{}") + &frame(r#"{"a":"é"}"#)).as_bytes(), &["{}", r#"{"a":"é"}"#]);
    check(b"content-LENGTH:2\n\n{}", &["{}"]);
    check(b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: \t2 \r\n\r\n{}", &["{}"]);
    check(b"\r\n\nContent-Length: 002\r\nX-Other:\r\n\n{}\r\n", &["{}"]);
    check(b"Content-Length: 4\r\n\r\n \n{}", &[" \n{}"]);
    check(b"", &[]);
}

#[test]
fn a_bad_content_length_is_one_incident() {
    for (value, code) in [
        ("18446744073709551615", "-32600"),
        ("99999999999999999999999999", "-32600"),
        ("16777217", "-32600"),
        ("-1", "-32700"),
        ("+2", "-32700"),
        ("", "-32700"),
        ("2, 2", "-32700"),
        ("0x2", "-32700"),
        ("two", "-32700"),
    ] {
        check_in_step_behind(format!("Content-Length: {value}\r\n\r\n{{}}"), &[code]);
        // A good length behind a bad one begins the next frame.
        check_in_step_behind(format!("Content-Length: {value}\r\nContent-Length: 2\r\n\r\n{{}}"), &[code, "{}"]);
    }
    check_in_step_behind("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", &["-32700"]);
    check_in_step_behind("Content-Type: x\r\n\r\n{}", &["-32700"]);
    check_in_step_behind(format!("Content-Length: {}", "9".repeat(70_000)), &["-32700"]);
}

#[test]
fn garbage_of_any_kind_is_one_incident() {
    check_in_step_behind("garbage", &["-32700"]);
    check_in_step_behind("garbage: with a colon ", &["-32700"]);
    check_in_step_behind("no header\r\n\r\nat all\r\n", &["-32700"]);
    check_in_step_behind([0xff, 0xfe, 0, b'\n', b'c', b'o', b'c'], &["-32700"]);
    check_in_step_behind(r#"{"jsonrpc":"2.0","id":1,"method":"no frame"}"#, &["-32700"]);
    check_in_step_behind("Content-Length: Content-Length: Content-Length: ", &["-32700"]);
    check_in_step_behind("Content-Length: 2\r\nno header\r\n\r\n{}", &["-32700"]);
    check_in_step_behind("a".repeat(100_000), &["-32700"]);
    check_in_step_behind("a:".repeat(100_000), &["-32700"]);
    check_in_step_behind("a: b\r\n".repeat(10_000), &["-32700"]);
    check_in_step_behind("Content-Length:".repeat(10_000), &["-32700"]);
}

#[test]
fn a_bad_body_is_one_incident_and_the_step_is_kept() {
    check_in_step_behind(frame(""), &["-32700"]);
    check_in_step_behind(frame("nonsense"), &["-32700"]);
    check_in_step_behind(frame("[]"), &["-32600"]);
    check_in_step_behind(frame(r#" [{"id":1},{"id":2}]"#), &["-32600"]);
    check_in_step_behind(frame(r#""Content-Length: 5""#), &["-32600"]);
    check_in_step_behind(frame("null"), &["-32600"]);
    check_in_step_behind(b"Content-Length: 4\r\n\r\n{\"\xff}", &["-32700"]);
    assert_eq!(
        events(frame("[]").as_bytes(), 1),
        [Event::Bad(Fault {
            code: -32600,
            reason: "batches are not supported; send each request in a frame of its own"
        })]
    );
}

#[test]
fn nesting_is_limited_outside_strings_only() {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    check(frame(&nested(128)).as_bytes(), &[&nested(128)]);
    check_in_step_behind(frame(&nested(129)), &["-32700"]);
    check_in_step_behind(frame(&"[".repeat(100_000)), &["-32700"]);
    let text = format!(r#"{{"a":"\"{}\\"}}"#, "[".repeat(1000));
    check(frame(&text).as_bytes(), &[&text]);
}

#[test]
fn the_end_of_input_inside_a_frame_is_told_once() {
    check(b"Content-Length: 5\r\n\r\n{}", &["-32700"]);
    check(b"Content-Len", &["-32700"]);
    check(b"Content-Length: 5\r\n", &["-32700"]);
    check(b"\r\n", &[]);
    check(b"garbage\n", &["-32700"]);
}

#[test]
fn the_longest_frame_passes() {
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_FRAME - 8));
    let events = events(frame(&body).as_bytes(), 65_536);
    assert!(matches!(&events[..], [Event::Frame(frame)] if frame.len() == MAX_FRAME));
}

#[test]
fn an_endless_header_line_is_not_kept() {
    let (mut guard, mut events) = (FrameGuard::new(), Vec::new());
    for _ in 0..1024 {
        guard.push(&[b'x'; 16 * 1024], &mut events);
        assert!(matches!(guard.state, State::Hunt(_)));
    }
    guard.push(frame("{}").as_bytes(), &mut events);
    assert_eq!(shown(&events), ["-32700", "{}"]);
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![Just("{}".to_owned()), r#"\{"[a-z\\n{é]{0,40}":[0-9]{1,9}\}"#, Just("[1]".to_owned()), "[a-z]{0,5}"]
}

proptest! {
    #[test]
    fn frames_decode_alike_however_they_are_split(bodies in vec(body(), 0..6), cuts in vec(1_usize..40, 1..60)) {
        let input = bodies.iter().map(|body| frame(body)).collect::<String>().into_bytes();
        let (mut guard, mut split) = (FrameGuard::new(), Vec::new());
        let (mut rest, mut sizes) = (&input[..], cuts.iter().cycle());
        while let Some(size) = sizes.next().filter(|_| !rest.is_empty()) {
            let (piece, behind) = rest.split_at(rest.len().min(*size));
            guard.push(piece, &mut split);
            rest = behind;
        }
        guard.finish(&mut split);
        prop_assert_eq!(split.len(), bodies.len());
        prop_assert_eq!(split, events(&input, usize::MAX));
    }

    #[test]
    fn garbage_decodes_alike_however_it_is_split(pieces in vec(prop_oneof![
        vec(any::<u8>(), 0..20),
        "(Content-Length|content-length|X)?[: ]{0,2}-?[0-9]{0,3}(\r\n|\n){0,3}".prop_map(String::into_bytes),
        body().prop_map(|body| frame(&body).into_bytes()),
    ], 0..12), size in 1_usize..9) {
        let input = pieces.concat();
        prop_assert_eq!(events(&input, size), events(&input, usize::MAX));
    }

    #[test]
    fn a_frame_behind_garbage_is_found(garbage in vec(any::<u8>(), 0..200)) {
        prop_assume!(!holds_token(&garbage));
        let input = [&garbage[..], b"Content-Length: 2\r\n\r\n{}"].concat();
        let found = shown(&events(&input, usize::MAX));
        prop_assert!(found == ["{}"] || found == ["-32700", "{}"], "{:?}", found);
    }
}

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request() -> Request {
    Request {
        id: 7,
        operation: "settings.set".to_owned(),
        params: json!({"line": "a\nb\u{1e}", "password": "hunter2"}),
        deadline_s: 60,
        retry: Retry::Never,
    }
}

fn frames() -> Vec<Frame> {
    let ok = Outcome {
        id: 7,
        result: Ok(json!({"changed": 2})),
        effects: vec![json!("core/timezone")],
        peak_bytes: 1 << 30,
        db_reads: 3,
        db_writes: 1,
    };
    let failure = Failure {
        kind: "dml_write_exception".to_owned(),
        message: "Error writing to database".to_owned(),
        debug: None,
        hint: Some("Look at the disk.".to_owned()),
    };
    vec![
        Frame::Hello(Hello { protocol: PROTOCOL, site: "hugo".to_owned(), token: "hunter2".to_owned() }),
        Frame::Ready(Ready {
            protocol: PROTOCOL,
            agent: "d1".to_owned(),
            moodle: "2025041400.00".to_owned(),
            build: "a".repeat(40),
            php: "8.2.35".to_owned(),
            pid: 42,
            operations: vec!["settings.set".to_owned()],
            state: SiteState::UpgradePending,
        }),
        Frame::Request(request()),
        Frame::Progress(Progress { id: 7, done: 1, total: None, note: "one".to_owned() }),
        Frame::Result(Outcome { result: Ok(serde_json::Value::Null), ..ok.clone() }),
        Frame::Result(Outcome { result: Err(failure), ..ok.clone() }),
        Frame::Result(ok),
        Frame::Bye,
    ]
}

fn decode(bytes: &[u8]) -> Vec<Item> {
    let mut decoder = Decoder::new();
    let mut items = decoder.push(bytes);
    items.extend(decoder.finish());
    items
}

/// What a marked line is found to be.
fn refused(json: &str) -> String {
    match decode(format!("\n\u{1e}{json}\n").as_bytes()).as_slice() {
        [Item::Error(error)] => error.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn frames_look_as_the_protocol_says() {
    let written: Vec<String> = frames()
        .iter()
        .map(|frame| {
            let bytes = encode(frame).expect("short");
            assert!(bytes.starts_with(b"\n\x1e{") && bytes.ends_with(b"}\n"));
            String::from_utf8(bytes).expect("UTF-8").trim_matches(['\n', '\u{1e}']).to_owned()
        })
        .collect();
    insta::assert_snapshot!(written.join("\n"), @r#"
    {"type":"hello","protocol":1,"site":"hugo","token":"hunter2"}
    {"type":"ready","protocol":1,"agent":"d1","moodle":"2025041400.00","build":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","php":"8.2.35","pid":42,"operations":["settings.set"],"state":"upgrade_pending"}
    {"type":"request","id":7,"operation":"settings.set","params":{"line":"a\nb\u001e","password":"hunter2"},"deadline_s":60,"retry":"never"}
    {"type":"progress","id":7,"done":1,"total":null,"note":"one"}
    {"type":"result","id":7,"ok":null,"effects":["core/timezone"],"peak_bytes":1073741824,"db_reads":3,"db_writes":1}
    {"type":"result","id":7,"error":{"kind":"dml_write_exception","message":"Error writing to database","debug":null,"hint":"Look at the disk."},"effects":["core/timezone"],"peak_bytes":1073741824,"db_reads":3,"db_writes":1}
    {"type":"result","id":7,"ok":{"changed":2},"effects":["core/timezone"],"peak_bytes":1073741824,"db_reads":3,"db_writes":1}
    {"type":"bye"}
    "#);
}

#[test]
fn every_frame_comes_back() {
    let written: Vec<u8> = frames().iter().flat_map(|frame| encode(frame).expect("short")).collect();
    assert_eq!(decode(&written), frames().into_iter().map(Item::Frame).collect::<Vec<_>>());
}

#[test]
fn log_text_stands_between_frames() {
    let bye = encode(&Frame::Bye).expect("short");
    let stream =
        [b"PHP Notice: x".as_slice(), &bye, b"two\nlines\n", &bye, b"a \x1e inside\n\nrest"].concat();
    let log = |text: &str| Item::Log(text.as_bytes().to_vec());
    let bye = Item::Frame(Frame::Bye);
    assert_eq!(
        decode(&stream),
        [
            log("PHP Notice: x"),
            bye.clone(),
            log("two"),
            log("lines"),
            bye,
            log("a \u{1e} inside"),
            log("rest")
        ]
    );
}

#[test]
fn what_is_no_frame_is_an_error() {
    insta::assert_snapshot!(refused("{\"type\":\"shutdown\"}"), @"a frame has the unknown type `shutdown`");
    insta::assert_snapshot!(refused("[]"), @"a frame is not of the protocol's shape: invalid type: sequence, expected a map at line 1 column 0");
    insta::assert_snapshot!(refused("{"), @"a frame is not of the protocol's shape: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(refused("{}"), @"a frame is not of the protocol's shape: it has no `type`");
    insta::assert_snapshot!(refused("{\"type\":\"progress\"}"), @"a frame is not of the protocol's shape: missing field `id`");
    insta::assert_snapshot!(refused("{\"type\":\"result\",\"id\":1}"), @"a frame is not of the protocol's shape: a result has either `ok` or `error`");
    insta::assert_snapshot!(refused("{\"type\":\"result\",\"id\":1,\"ok\":1,\"error\":{\"kind\":\"\",\"message\":\"\"}}"), @"a frame is not of the protocol's shape: a result has either `ok` or `error`");
    insta::assert_snapshot!(refused("{\"type\":\"bye\",\"id\":1}"), @"a frame is not of the protocol's shape: `bye` has nothing with it");
    assert!(refused(&format!("{{\"x\":{}", "[".repeat(100_000))).contains("recursion limit"));
    assert_eq!(decode(b"\x1e{\"type\":"), [Item::Error(FrameError::Truncated)]);
}

#[test]
fn what_is_too_long_is_bounded() {
    let mut decoder = Decoder::new();
    let mut items = decoder.push(b"\x1e\"");
    for _ in 0..9 {
        items.extend(decoder.push(&vec![b'x'; 1 << 20]));
        assert!(decoder.held.capacity() <= 2 * LONGEST_FRAME);
    }
    items.extend(decoder.push(b"\"\nafter\n"));
    assert_eq!(items, [Item::Error(FrameError::TooLong), Item::Log(b"after".to_vec())]);

    let long = Request { params: json!("x".repeat(LONGEST_FRAME)), ..request() };
    assert_eq!(encode(&Frame::Request(long)), Err(FrameError::TooLong));

    let pieces = decode(&vec![b'x'; 2 * LONGEST_LOG + 1]);
    let lengths: Vec<usize> =
        pieces.iter().map(|item| if let Item::Log(text) = item { text.len() } else { 0 }).collect();
    assert_eq!(lengths, [LONGEST_LOG, LONGEST_LOG, 1]);
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", frames());
    assert!(
        shown.contains("settings.set") && shown.contains("hugo") && !shown.contains("hunter2"),
        "{shown}"
    );
}

/// Streams in which frames, broken frames and log text follow each other.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let frame = proptest::sample::select(frames()).prop_map(|frame| encode(&frame).expect("short"));
    let noise =
        proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0x1e), Just(b'{'), any::<u8>()], 0..20);
    let long = (LONGEST_LOG - 2..2 * LONGEST_LOG + 2).prop_map(|length| vec![b'x'; length]);
    let part = prop_oneof![4 => frame, 4 => noise, 1 => long];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_items(stream in streams(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..30)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::new();
        let mut items: Vec<Item> = cuts.windows(2).flat_map(|cut| decoder.push(&stream[cut[0]..cut[1]])).collect();
        items.extend(decoder.finish());
        prop_assert_eq!(items, decode(&stream));
    }

    #[test]
    fn log_text_is_kept_and_bounded(stream in proptest::collection::vec(any::<u8>(), 0..400)) {
        let items = decode(&stream);
        let kept: usize = items.iter().map(|item| if let Item::Log(text) = item { text.len() } else { 0 }).sum();
        prop_assert!(kept <= stream.len());
        prop_assert!(items.iter().all(|item| !matches!(item, Item::Log(text) if text.is_empty() || text.len() > LONGEST_LOG)));
    }
}

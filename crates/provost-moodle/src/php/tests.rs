use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[test]
fn writes_php() {
    let literal = PhpLiteral::Map(vec![
        ("null".into(), PhpLiteral::Null),
        ("yes".into(), true.into()),
        ("least".into(), i64::MIN.into()),
        ("mode".into(), PhpLiteral::Mode(0o2770)),
        ("text".into(), "it's a \\ and $x \"é\" ?>".into()),
        ("lines".into(), "a\r\n$b\0\u{7f}\"".into()),
        ("bytes".into(), PhpLiteral::String(vec![0xff, b'a', b'\\'])),
        ("empty".into(), PhpLiteral::List(vec![])),
        ("list".into(), PhpLiteral::List(vec![1.into(), PhpLiteral::List(vec![(-2).into()])])),
    ]);
    insta::assert_snapshot!(literal, @r#"
    [
        'null' => null,
        'yes' => true,
        'least' => PHP_INT_MIN,
        'mode' => 02770,
        'text' => 'it\'s a \\ and $x "é" ?>',
        'lines' => "a\r\n\$b\x00\x7f\"",
        'bytes' => "\xffa\\",
        'empty' => [],
        'list' => [
            1,
            [
                -2,
            ],
        ],
    ]
    "#);
    assert_eq!(PhpLiteral::Mode(0o700).to_string(), "0700");
    assert_eq!(PhpLiteral::Mode(0).to_string(), "0000");
}

/// What PHP's `serialize` gives for the value.
fn serialized(literal: &PhpLiteral) -> Vec<u8> {
    let string = |bytes: &[u8]| [format!("s:{}:\"", bytes.len()).as_bytes(), bytes, b"\";"].concat();
    let items = |items: Vec<Vec<u8>>, count: usize| {
        [format!("a:{count}:{{").into_bytes(), items.concat(), b"}".to_vec()].concat()
    };
    match literal {
        PhpLiteral::Null => b"N;".to_vec(),
        PhpLiteral::Bool(value) => format!("b:{};", u8::from(*value)).into_bytes(),
        PhpLiteral::Int(value) => format!("i:{value};").into_bytes(),
        PhpLiteral::Mode(mode) => format!("i:{mode};").into_bytes(),
        PhpLiteral::String(bytes) => string(bytes),
        PhpLiteral::List(list) => {
            let numbered = list.iter().enumerate();
            let numbered =
                numbered.map(|(n, item)| [format!("i:{n};").into_bytes(), serialized(item)].concat());
            items(numbered.collect(), list.len())
        }
        PhpLiteral::Map(map) => {
            let keyed = map.iter().map(|(key, value)| [string(key.as_bytes()), serialized(value)].concat());
            items(keyed.collect(), map.len())
        }
    }
}

/// Any literal; keys are such that PHP leaves them alone, and differ.
fn literals() -> impl Strategy<Value = PhpLiteral> {
    let leaf = prop_oneof![
        Just(PhpLiteral::Null),
        any::<bool>().prop_map(PhpLiteral::Bool),
        any::<i64>().prop_map(PhpLiteral::Int),
        (0u16..0o10000).prop_map(PhpLiteral::Mode),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(PhpLiteral::String),
        "[$'\"\\\\{}?><\r\n\0a-c]{0,20}".prop_map(PhpLiteral::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let key = "[^0-9-]\\PC{0,8}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(PhpLiteral::List),
            proptest::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| PhpLiteral::Map(map.into_iter().collect())),
        ]
    })
}

/// Has PHP evaluate one literal and serialise it; `None` if there is no PHP.
fn evaluated(source: &str) -> Option<Vec<u8>> {
    let mut php = Command::new("php")
        .args(["-n", "-d", "display_errors=stderr"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    php.stdin.take()?.write_all(format!("<?php echo serialize({source});").as_bytes()).ok()?;
    Some(php.wait_with_output().ok()?.stdout)
}

#[test]
#[allow(clippy::print_stderr)]
fn php_reads_back_what_was_written() {
    if evaluated("null").is_none() {
        eprintln!("skipped: there is no `php` on this machine");
        return;
    }
    // One process for many values: starting PHP is what costs.
    let many = proptest::collection::vec(literals(), 64);
    let mut runner = TestRunner::new(Config { cases: 16, ..Config::default() });
    let result = runner.run(&many, |values| {
        let all = PhpLiteral::List(values);
        let read = evaluated(&all.to_string()).expect("PHP runs");
        prop_assert_eq!(read, serialized(&all));
        Ok(())
    });
    result.expect("PHP read something else");
}

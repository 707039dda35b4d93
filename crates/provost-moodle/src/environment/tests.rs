use std::error::Error as _;

use proptest::prelude::*;

use super::*;

/// Of the shape that the real file has, with what is found in it somewhere.
const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<COMPATIBILITY_MATRIX>
  <MOODLE version="3.9" requires="3.5">
    <DATABASE level="required"><VENDOR name="postgres" version="9.5"/></DATABASE>
    <PHP version="7.2.0" level="required"/>
  </MOODLE>
  <MOODLE version="3.10" requires="3.5"></MOODLE>
  <!-- The newest. -->
  <MOODLE version="5.0" requires="4.2.3">
    <UNICODE level="required"><FEEDBACK><ON_ERROR message="unicoderequired" /></FEEDBACK></UNICODE>
    <DATABASE level="required">
      <VENDOR name="mariadb" version="10.11.0" />
      <VENDOR name="postgres" version="14"><FEEDBACK><ON_ERROR message="x"/></FEEDBACK></VENDOR>
      <VENDOR name="nothing" />
    </DATABASE>
    <PHP version="8.2.0" level="required">
      <RESTRICT function="restrict_php" message="old"/>
    </PHP>
    <PHP_EXTENSIONS>
      <PHP_EXTENSION name="intl" level="required"><FEEDBACK/></PHP_EXTENSION>
      <PHP_EXTENSION name="sodium"/>
      <PHP_EXTENSION name="exif" level="optional"/>
      <PHP_EXTENSION level="required"/>
    </PHP_EXTENSIONS>
    <PHP_SETTINGS>
      <PHP_SETTING name="memory_limit" value="96M" level="required"></PHP_SETTING>
      <PHP_SETTING name="opcache.enable" value="1" level="recommended"/>
      <PHP_SETTING name="a&amp;b" value="&lt;1&gt;"/>
    </PHP_SETTINGS>
    <CUSTOM_CHECKS><CUSTOM_CHECK file="lib/x.php" function="y" level="required"/></CUSTOM_CHECKS>
  </MOODLE>
</COMPATIBILITY_MATRIX>
"#;

fn read(release: &str) -> Environment {
    Environment::read(XML.as_bytes(), release).expect(release)
}

fn refused(xml: &str) -> String {
    let error = Environment::read(xml.as_bytes(), "5.0").expect_err(xml);
    error.source().map_or(error.to_string(), |source| format!("{error}: {source}"))
}

#[test]
fn reads_a_block() {
    let read = read("5.0.1+ (Build: 20250613)");
    insta::assert_snapshot!(serde_json::to_string(&read).expect("serialises"), @r#"{"moodle":"5.0","upgrades_from":"4.2.3","php":"8.2.0","databases":[{"vendor":"mariadb","version":"10.11.0"},{"vendor":"postgres","version":"14"}],"extensions":[{"name":"intl","level":"required"},{"name":"sodium","level":"required"},{"name":"exif","level":"optional"}],"settings":[{"name":"memory_limit","value":"96M","level":"required"},{"name":"opcache.enable","value":"1","level":"optional"},{"name":"a&b","value":"<1>","level":"required"}]}"#);
    assert_eq!((read.database("postgres"), read.database("oracle")), (Some("14"), None));
    assert_eq!(read.required_extensions().collect::<Vec<_>>(), ["intl", "sodium"]);
}

#[test]
fn the_newest_block_that_is_no_newer_is_taken() {
    for (release, block) in
        [("3.9", "3.9"), ("3.9.25", "3.9"), ("3.10", "3.10"), ("4.5", "3.10"), ("5", "5.0"), ("5.2", "5.0")]
    {
        assert_eq!(read(release).moodle, block, "{release}");
    }
    let error = Environment::read(XML.as_bytes(), "3.8").expect_err("older than all");
    insta::assert_snapshot!(error, @"it has nothing about Moodle 3.8 or an older one; it knows 3.9, 3.10, 5.0");
    insta::assert_snapshot!(refused("<COMPATIBILITY_MATRIX/>"), @"it has nothing about Moodle 5.0 or an older one; it knows none");
}

#[test]
fn versions_are_compared_as_numbers() {
    assert!(
        is_at_least("8.4.10", "8.4.9")
            && is_at_least("16.2 (Debian 16.2-1)", "14")
            && is_at_least("8.2", "8.2.0")
    );
    assert!(!is_at_least("8.1.30", "8.2.0") && !is_at_least("9", "10.11") && !is_at_least("none", "1"));
}

#[test]
fn what_could_grow_or_reach_out_is_refused() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<COMPATIBILITY_MATRIX>&b;</COMPATIBILITY_MATRIX>";
    insta::assert_snapshot!(refused(bomb), @"line 2: a document type has no place in an environment.xml");
    insta::assert_snapshot!(refused("<COMPATIBILITY_MATRIX>\n&b;</COMPATIBILITY_MATRIX>"), @"line 2: an entity has no place in an environment.xml");
    insta::assert_snapshot!(refused("<COMPATIBILITY_MATRIX><MOODLE version=\"&x;\"/></COMPATIBILITY_MATRIX>"), @"line 1: an entity has no place in an environment.xml");
    insta::assert_snapshot!(refused(&"<a>".repeat(100_000)), @"line 1: such depth has no place in an environment.xml");
    let wide = " a=\"\"".repeat(10_000);
    insta::assert_snapshot!(refused(&format!("<a{wide}/>")), @"line 1: so long a tag has no place in an environment.xml");
    let large = " ".repeat(LARGEST + 1);
    insta::assert_snapshot!(refused(&large), @"the file has 2097153 bytes; at most 2097152 are read");
}

#[test]
fn says_what_is_wrong() {
    insta::assert_snapshot!(refused("<a>\n</b>"), @"line 2: this is no XML: ill-formed document: expected `</a>`, but `</b>` was found");
    insta::assert_snapshot!(refused("<COMPATIBILITY_MATRIX>\n<MOODLE version=>"), @"line 2: this is no XML: error while parsing attribute: position 15: `=` must be followed by an attribute value");
    insta::assert_snapshot!(refused("<COMPATIBILITY_MATRIX>"), @"it ends in the middle of <COMPATIBILITY_MATRIX>");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), release in "\\PC{0,8}") {
        let _read = Environment::read(&bytes, &release);
    }

    #[test]
    fn no_change_panics(at in 0..XML.len(), byte in any::<u8>(), end in 0..XML.len()) {
        let mut xml = XML.as_bytes().to_vec();
        xml[at] = byte;
        xml.truncate(end);
        let _read = Environment::read(&xml, "5.0");
    }
}

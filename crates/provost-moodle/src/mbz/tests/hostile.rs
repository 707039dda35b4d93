//! Backups that somebody made to harm, or that broke.

use std::io::Cursor;

use super::super::{Limits, MbzError, checked_path, examine};
use super::packed::{
    Entry, content, directory, entries, file, gzip, hash, header, index, indexed, read, seal, tar, zip,
};

fn refused(entries: &[Entry]) -> String {
    read(&gzip(&tar(entries))).unwrap_err().to_string()
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in [
        "../escaped",
        "course/../../escaped",
        "/etc/passwd",
        "course//x",
        "./x",
        "a/./b",
        "a\\..\\b",
        "",
        "x\ny",
        "...",
        "a/..",
        "C:\\x",
    ] {
        let mut all = entries(&[]);
        all.push(file(name, b"x"));
        let error = read(&gzip(&tar(&all))).unwrap_err();
        assert!(matches!(error, MbzError::Name { .. }), "{name:?}: {error}");
        let mut zipped = entries(&[]);
        zipped.push(file(name, b"x"));
        if !name.is_empty() {
            assert!(read(&zip(&zipped)).is_err(), "{name:?}");
        }
    }
    assert!(checked_path(&[b'a'; 5000]).is_err());
    assert!(checked_path(b"caf\xe9").is_err());
    assert_eq!(checked_path("café/".as_bytes()).unwrap(), "café");
}

#[test]
fn links_and_devices_are_refused() {
    for kind in [b'1', b'2', b'3', b'4', b'6', b'7', b'x', b'g', b'L', b'S'] {
        let mut all = entries(&[]);
        all.push(Entry { name: "l".into(), kind, link: "/etc/passwd".into(), bytes: Vec::new() });
        assert!(matches!(read(&gzip(&tar(&all))), Err(MbzError::Kind { .. })), "{kind}");
    }
    let mut zipped = entries(&[]);
    zipped.push(Entry { name: "l".into(), kind: b'2', link: "/etc/passwd".into(), bytes: Vec::new() });
    assert!(matches!(read(&zip(&zipped)), Err(MbzError::Kind { .. })));
    // A directory with a body would let the reader lose its place.
    let mut all = entries(&[]);
    all.push(Entry { bytes: vec![0; 512], ..directory("d/") });
    assert!(matches!(read(&gzip(&tar(&all))), Err(MbzError::Kind { .. })));
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    for extra in [
        file("files.xml", b"<files/>"),
        file("course", b"x"),
        file("moodle_backup.xml/x", b"x"),
        directory("files.xml/"),
    ] {
        let mut all = entries(&[]);
        all.push(extra.clone());
        assert!(read(&gzip(&tar(&all))).is_err(), "{extra:?}");
    }
}

#[test]
fn an_index_that_lies_is_refused() {
    let good = entries(&[b"one"]);
    let lies: [fn(&str) -> String; 8] = [
        |text| text.replace("Count: 5", "Count: 4"),
        |text| text.replace("Count: 5", "Count: 99999999999999999999999"),
        |text| text.replace("course/course.xml\tf\t9", "course/course.xml\tf\t8"),
        |text| text.replace("course/course.xml", "course/other.xml"),
        |text| text.replace("course/course.xml\tf", "course/course.xml\td"),
        |text| text.replace("course/course.xml", "../course.xml"),
        |text| text.replace("Moodle archive", "Other archive"),
        |text| format!("{text}more\tf\t1\t?\n"),
    ];
    for (number, lie) in lies.iter().enumerate() {
        let told = String::from_utf8(index(&good).bytes).unwrap();
        assert_ne!(lie(&told), told, "{number}");
        let mut all = vec![file(".ARCHIVE_INDEX", lie(&told).as_bytes())];
        all.extend(good.clone());
        let error = read(&gzip(&tar(&all))).unwrap_err();
        assert!(matches!(error, MbzError::Index(_) | MbzError::Name { .. }), "{number}: {error}");
    }
    let mut late = good.clone();
    late.push(index(&good));
    assert!(refused(&late).contains("does not come first"));
}

#[test]
fn contents_that_are_not_what_they_are_called_are_refused() {
    let mut wrong = entries(&[b"one"]);
    if let Some(last) = wrong.last_mut() {
        last.bytes = b"two".to_vec();
    }
    assert!(matches!(read(&gzip(&tar(&wrong))), Err(MbzError::Damaged { .. })));
    for name in
        ["files/x", "files/ab/cd", &format!("files/00/{}", hash(b"one")), &format!("files/{}", hash(b"one"))]
    {
        let mut all = entries(&[]);
        all.push(file(name, b"one"));
        assert!(matches!(read(&gzip(&tar(&all))), Err(MbzError::Name { .. })), "{name}");
    }
    // `files.xml` says another length.
    let mut all = entries(&[b"one"]);
    let xml = String::from_utf8(all[2].bytes.clone()).unwrap().replace("<filesize>3<", "<filesize>4<");
    all[2].bytes = xml.into_bytes();
    assert!(matches!(read(&gzip(&tar(&all))), Err(MbzError::Length { .. })));
    // A content that no file is made of is counted.
    let mut all = entries(&[]);
    all.push(content(b"stray"));
    assert_eq!(read(&gzip(&tar(&all))).unwrap().unnamed, 1);
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let mut all = entries(&[]);
    all.push(file("course/bomb.xml", &vec![0; 40 << 20]));
    for packed in [gzip(&tar(&all)), zip(&all)] {
        assert!(packed.len() < 1 << 20);
        let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
        let error = examine(Cursor::new(packed), &limits).unwrap_err();
        assert!(matches!(error, MbzError::TooLarge { .. }), "{error}");
    }
    let many: Vec<Entry> = (0..2000).map(|number| file(&format!("x{number}"), b"")).collect();
    for packed in [gzip(&tar(&many)), zip(&many)] {
        let limits = Limits { entries: 1000, ..Limits::default() };
        let error = examine(Cursor::new(packed), &limits).unwrap_err();
        assert!(matches!(error, MbzError::TooLarge { what: "entries", .. }), "{error}");
    }
    let mut all = entries(&[]);
    all[3].bytes = format!("<moodle_backup>{}", "<a>".repeat(100_000)).into_bytes();
    assert!(matches!(read(&gzip(&tar(&all))), Err(MbzError::Xml { .. })));
    let limits = Limits { information_bytes: 100, ..Limits::default() };
    assert!(examine(Cursor::new(gzip(&tar(&entries(&[])))), &limits).is_err());
    let limits = Limits { rows: 1, ..Limits::default() };
    assert!(examine(Cursor::new(gzip(&tar(&entries(&[b"x"])))), &limits).is_err());
}

#[test]
fn one_that_is_cut_or_continued_is_refused() {
    let whole = gzip(&tar(&indexed(entries(&[b"one", &[3; 9000]]))));
    read(&whole).unwrap();
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    let mut longer = whole.clone();
    longer.extend(b"and more");
    assert!(read(&longer).is_err());
    let mut two = tar(&entries(&[]));
    two.extend(tar(&[file("behind", b"x")]));
    assert!(refused_bytes(&two).contains("follows its end"));
    assert!(read(b"").is_err());
    assert!(read(b"PK\x03\x04").is_err());
    assert!(read(b"\x1f\x8b").is_err());
}

fn refused_bytes(tar: &[u8]) -> String {
    read(&gzip(tar)).unwrap_err().to_string()
}

#[test]
fn headers_that_are_none_are_refused() {
    let change = |at: usize, bytes: &[u8], sealed: bool| {
        let mut whole = tar(&entries(&[]));
        whole[at..at + bytes.len()].copy_from_slice(bytes);
        if sealed {
            seal(&mut whole[..512]);
        }
        refused_bytes(&whole)
    };
    assert!(change(257, b"tar", true).contains("POSIX"));
    assert!(change(0, b"C", false).contains("checksum"));
    assert!(change(124, b"99999999999", true).contains("no number"));
    assert!(change(124, b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", true).contains("no number"));
    // A size that nothing follows.
    let mut huge = header(&file("x", b""));
    huge[124..136].copy_from_slice(b"77777777777\0");
    seal(&mut huge);
    assert!(refused_bytes(&huge).contains("cut short"));
}

#[test]
fn what_every_backup_has_must_be_there() {
    for (at, name) in [(2, "files.xml"), (3, "moodle_backup.xml")] {
        let mut all = entries(&[]);
        all.remove(at);
        assert!(refused(&all).contains(name));
    }
}

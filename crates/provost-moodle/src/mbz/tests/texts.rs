//! XML files and names.

use super::super::{ContentHash, FilesXml, Information, Limits, with_files_included};
use super::packed::{MAIN, files_xml, hash};

#[test]
fn files_are_included_by_changing_one_digit() {
    let thin = MAIN.replace("<include_files>1<", "<include_files>0<");
    assert!(!Information::read(thin.as_bytes()).unwrap().include_files);
    let whole = with_files_included(&thin).unwrap();
    assert_eq!(whole, MAIN);
    assert_eq!(with_files_included(MAIN).unwrap(), MAIN);
    for wrong in [
        "<a/>",
        "<include_files>0",
        "<include_files>2</include_files>",
        "<include_files>0</include_files><include_files>0</include_files>",
    ] {
        assert_eq!(with_files_included(wrong), None, "{wrong}");
    }
}

#[test]
fn what_a_backup_says_of_itself() {
    let found = Information::read(MAIN.as_bytes()).unwrap();
    assert_eq!(found.fullname, "A & B <include_files>");
    assert_eq!((found.course, found.kind.as_str(), found.format.as_str()), (Some(7), "course", "moodle2"));
    assert_eq!(found.moodle_version, "2025041400");
    assert_eq!(found.settings.get("users").map(String::as_str), Some("1"));
    for wrong in [
        "",
        "<moodle_backup/>",
        "<x><moodle_version>1</moodle_version></x>",
        &MAIN.replace("moodle2", "imscc"),
        &format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{MAIN}"),
        &MAIN.replace("ab</", "&b;</"),
        &MAIN[..MAIN.len() - 5],
    ] {
        assert!(Information::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn contents_are_listed_once_and_directories_and_aliases_are_none() {
    let found = FilesXml::read(files_xml(&[b"one", b"two", b"one"]).as_bytes(), &Limits::default()).unwrap();
    assert_eq!((found.files, found.aliases, found.contents.len()), (4, 1, 2));
    assert_eq!(found.contents.get(&hash(b"two")), Some(&3));
    assert_eq!(found.named(&hash(b"one")).len(), 2);
    for wrong in [
        "<x/>",
        "<files><file><filesize>-1</filesize></file></files>",
        "<files><file><contenthash>XX</contenthash></file></files>",
        "<files><file></files>",
        "<files><file><filesize>99999999999999999999</filesize></file></files>",
    ] {
        assert!(FilesXml::read(wrong.as_bytes(), &Limits::default()).is_err(), "{wrong}");
    }
}

#[test]
fn a_content_s_name_is_forty_digits() {
    assert_eq!(hash(b""), ContentHash::EMPTY);
    let name = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    assert_eq!(name.parse::<ContentHash>().unwrap().to_string(), name);
    assert_eq!(ContentHash::EMPTY.place_in_filedir(), format!("da/39/{name}"));
    for wrong in [
        "",
        "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
        "da39",
        "../../../../../../../../../../etc/passwd",
        "éééééééééééééééééééé",
    ] {
        assert!(wrong.parse::<ContentHash>().is_err(), "{wrong}");
    }
}

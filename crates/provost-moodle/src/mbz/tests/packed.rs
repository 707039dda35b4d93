//! Packs backups, and reads what core's own packer would have written.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha1::{Digest as _, Sha1};
use zip::write::SimpleFileOptions;

use super::super::{
    ContentHash, Examined, Limits, MbzError, Packed, StructureFile, examine, structure_digest,
};

/// One entry of a tar.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) link: String,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn file(name: &str, bytes: &[u8]) -> Entry {
    Entry { name: name.to_owned(), kind: b'0', link: String::new(), bytes: bytes.to_vec() }
}

pub(super) fn directory(name: &str) -> Entry {
    Entry { name: name.to_owned(), kind: b'5', link: String::new(), bytes: Vec::new() }
}

pub(super) fn hash(bytes: &[u8]) -> ContentHash {
    ContentHash::from_bytes(Sha1::digest(bytes).into())
}

pub(super) fn content(bytes: &[u8]) -> Entry {
    file(&format!("files/{}", hash(bytes).place_in_backup()), bytes)
}

pub(super) const MAIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<moodle_backup>\n  <information>\n    <name>backup.mbz</name>\n    <moodle_version>2025041400</moodle_version>\n    <moodle_release>5.0 (Build: 20250414)</moodle_release>\n    <include_files>1</include_files>\n    <original_wwwroot>https://a.example</original_wwwroot>\n    <original_site_identifier_hash>0123</original_site_identifier_hash>\n    <original_course_id>7</original_course_id>\n    <original_course_fullname>A &amp; B &lt;include_files&gt;</original_course_fullname>\n    <original_course_shortname>ab</original_course_shortname>\n    <details><detail backup_id=\"x\"><type>course</type><format>moodle2</format></detail></details>\n    <contents><activities><activity><moduleid>1</moduleid></activity><activity/></activities></contents>\n    <settings><setting><level>root</level><name>users</name><value>1</value></setting><setting><level>section</level><section>s</section><name>x</name><value>0</value></setting></settings>\n  </information>\n</moodle_backup>";

/// A `files.xml` of these contents, with a directory and an alias.
pub(super) fn files_xml(contents: &[&[u8]]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n<file id=\"1\"><contenthash>da39a3ee5e6b4b0d3255bfef95601890afd80709</contenthash><filename>.</filename><filesize>0</filesize></file>\n<file id=\"2\"><contenthash>da39a3ee5e6b4b0d3255bfef95601890afd80709</contenthash><filename>alias</filename><filesize>9</filesize><repositoryid>4</repositoryid></file>\n",
    );
    for (number, bytes) in contents.iter().enumerate() {
        text.push_str(&format!(
            "<file id=\"{number}\"><contenthash>{}</contenthash><component>mod_resource</component><filepath>/</filepath><filename>{number} &amp; x.pdf</filename><filesize>{}</filesize><repositoryid>$@NULL@$</repositoryid></file>\n",
            hash(bytes),
            bytes.len()
        ));
    }
    text + "</files>"
}

/// The entries of a small backup.
pub(super) fn entries(contents: &[&[u8]]) -> Vec<Entry> {
    let mut all = vec![
        directory("course/"),
        file("course/course.xml", b"<course/>"),
        file("files.xml", files_xml(contents).as_bytes()),
        file("moodle_backup.xml", MAIN.as_bytes()),
    ];
    all.extend(contents.iter().map(|bytes| content(bytes)));
    all
}

pub(super) fn index(entries: &[Entry]) -> Entry {
    let mut text = format!("Moodle archive file index. Count: {}\n", entries.len());
    for entry in entries {
        match entry.kind {
            b'5' => text.push_str(&format!("{}\td\t0\t?\n", entry.name)),
            _ => text.push_str(&format!("{}\tf\t{}\t1356998400\n", entry.name, entry.bytes.len())),
        }
    }
    file(".ARCHIVE_INDEX", text.as_bytes())
}

/// With the index before them.
pub(super) fn indexed(entries: Vec<Entry>) -> Vec<Entry> {
    std::iter::once(index(&entries)).chain(entries).collect()
}

pub(super) fn header(entry: &Entry) -> Vec<u8> {
    let mut block = vec![0; 512];
    let name = entry.name.as_bytes();
    let (prefix, name) = if name.len() > 100 {
        let slash = name.iter().rposition(|&byte| byte == b'/').filter(|&at| at > 0 && at <= 155);
        slash.map_or((&[][..], &name[..100]), |at| (&name[..at], &name[at + 1..]))
    } else {
        (&[][..], name)
    };
    let name = &name[..name.len().min(100)];
    block[..name.len()].copy_from_slice(name);
    block[345..345 + prefix.len()].copy_from_slice(prefix);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", entry.bytes.len()).as_bytes());
    block[156] = entry.kind;
    block[157..157 + entry.link.len()].copy_from_slice(entry.link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

/// Writes the checksum.
pub(super) fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

pub(super) fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend(header(entry));
        bytes.extend(&entry.bytes);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for entry in entries {
        match entry.kind {
            b'5' => writer.add_directory(entry.name.clone(), options).unwrap(),
            b'2' => writer.add_symlink(entry.name.clone(), entry.link.clone(), options).unwrap(),
            _ => {
                writer.start_file(entry.name.clone(), options).unwrap();
                writer.write_all(&entry.bytes).unwrap();
            }
        }
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn read(mbz: &[u8]) -> Result<Examined, MbzError> {
    examine(Cursor::new(mbz), &Limits::default())
}

#[test]
fn a_tar_and_a_zip_are_the_same_backup() {
    let large = vec![7; 100_000];
    let contents: [&[u8]; 3] = [b"one", b"", &large];
    let entries = entries(&contents);
    let of_tar = read(&gzip(&tar(&indexed(entries.clone())))).unwrap();
    let of_zip = read(&zip(&entries)).unwrap();
    for found in [&of_tar, &of_zip] {
        assert_eq!((found.contents, found.content_bytes, found.unnamed), (3, 100_003, 0));
        assert_eq!((found.files.files, found.files.aliases), (4, 1));
        assert_eq!(found.information.shortname, "ab");
        assert_eq!(found.information.activities, 2);
        assert_eq!(found.information.settings.len(), 1);
        found.whole().unwrap();
    }
    assert_eq!(of_tar.digest, of_zip.digest);
    let unpacked = tar(&indexed(entries.clone()));
    assert_eq!(of_tar.packed.len(), 6);
    for Packed { path, bytes, offset } in &of_tar.packed {
        let packed = &unpacked[usize::try_from(*offset).unwrap()..][..usize::try_from(*bytes).unwrap()];
        assert!(entries.iter().any(|entry| entry.name == *path && entry.bytes == packed), "{path}");
    }
    assert_eq!(of_zip.packed, []);
    let expected: Vec<StructureFile> = of_tar.structure.clone();
    assert_eq!(structure_digest(&expected), of_tar.digest);
    assert_eq!(of_tar.files.named(&hash(b"one")), ["mod_resource /0 & x.pdf"]);
}

#[test]
fn a_thin_backup_says_what_it_has_not() {
    let mut thin = entries(&[b"one", b"two"]);
    thin.retain(|entry| !entry.name.starts_with("files/"));
    let found = read(&gzip(&tar(&thin))).unwrap();
    assert_eq!(found.missing.len(), 2);
    assert!(matches!(found.whole(), Err(MbzError::Missing { count: 2, .. })));
}

#[test]
fn a_long_name_is_put_together() {
    let name = format!("activities/{}/x.xml", "n".repeat(120));
    let mut all = entries(&[]);
    all.push(file(&name, b"x"));
    let found = read(&gzip(&tar(&indexed(all)))).unwrap();
    assert!(found.structure.iter().any(|file| file.path == name));
}

//! Course backups for the fuzz campaign: small ones as core packs them, mutated before and after they are packed.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use provost_moodle::mbz::{ContentHash, Limits, checked_path, examine};
use sha1::{Digest as _, Sha1};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::campaign::Result;
use crate::mutate::{Rng, mutate, mutate_headers};

/// What an input may unpack to, in bytes: bombs stop there.
const ROOM: u64 = 64 << 20;

const BLOCK: usize = 512;

const MAIN: &str = "<moodle_backup><information><moodle_version>2025041400</moodle_version><include_files>1</include_files><original_course_id>7</original_course_id><details><detail backup_id=\"x\"><type>course</type><format>moodle2</format></detail></details><settings><setting><level>root</level><name>users</name><value>1</value></setting></settings></information></moodle_backup>";

/// A small backup: names and what is in them, the index first.
fn backup() -> Vec<(String, Vec<u8>)> {
    let mut rows = String::new();
    let mut files = vec![("course/course.xml".to_owned(), b"<course/>".to_vec())];
    for content in [b"one".to_vec(), Vec::new(), vec![7; 3000]] {
        let hash = ContentHash::from_bytes(Sha1::digest(&content).into());
        rows.push_str(&format!(
            "<file id=\"1\"><contenthash>{hash}</contenthash><filepath>/</filepath><filename>a</filename><filesize>{}</filesize><repositoryid>$@NULL@$</repositoryid></file>",
            content.len()
        ));
        files.push((format!("files/{}", hash.place_in_backup()), content));
    }
    files.push(("files.xml".to_owned(), format!("<files>{rows}</files>").into_bytes()));
    files.push(("moodle_backup.xml".to_owned(), MAIN.into()));
    let lines: String =
        files.iter().map(|(name, bytes)| format!("{name}\tf\t{}\t?\n", bytes.len())).collect();
    let index = format!("Moodle archive file index. Count: {}\n{lines}", files.len());
    files.insert(0, (".ARCHIVE_INDEX".to_owned(), index.into_bytes()));
    files
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, bytes) in files {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        block[156] = b'0';
        block[257..265].copy_from_slice(b"ustar\x0000");
        all.extend(block);
        all.extend(bytes);
        all.resize(all.len().next_multiple_of(BLOCK), 0);
    }
    all.resize(all.len() + 2 * BLOCK, 0);
    seal(&mut all);
    all
}

/// Writes the checksum of everything that looks like a header, so that what was mutated is read on.
fn seal(tar: &mut [u8]) {
    for block in tar.chunks_exact_mut(BLOCK).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn zip(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files.iter().skip(1) {
        writer.start_file(name.clone(), SimpleFileOptions::default())?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// An input.
pub(crate) fn input(rng: &mut Rng, words: &[&str]) -> Result<Vec<u8>> {
    let mut files = backup();
    if rng.below(2) == 0 {
        let at = rng.below(files.len());
        files[at].1 = mutate(rng, &files[at].1.clone(), MAIN.as_bytes(), words);
    }
    if rng.below(3) == 0 {
        let mut packed = zip(&files)?;
        match rng.below(3) {
            0 => {}
            1 => packed = mutate(rng, &packed.clone(), MAIN.as_bytes(), words),
            _ => mutate_headers(rng, &mut packed),
        }
        return Ok(packed);
    }
    let mut plain = tar(&files);
    if rng.below(2) == 0 {
        plain = mutate(rng, &plain.clone(), MAIN.as_bytes(), words);
        if rng.below(4) > 0 {
            seal(&mut plain);
        }
    }
    let packed = gzip(&plain)?;
    Ok(if rng.below(4) == 0 { mutate(rng, &packed, MAIN.as_bytes(), words) } else { packed })
}

/// Whether it was accepted; an error is something that must not be.
pub(crate) fn read(input: &[u8]) -> std::result::Result<bool, String> {
    let limits = Limits { unpacked_bytes: ROOM, ..Limits::default() };
    let Ok(found) = examine(Cursor::new(input), &limits) else { return Ok(false) };
    if found.unpacked_bytes > ROOM {
        return Err(format!("it took {} bytes", found.unpacked_bytes));
    }
    for file in &found.structure {
        if checked_path(file.path.as_bytes()).is_err() || file.path.split('/').any(|part| part == "..") {
            return Err(format!("taken with the path {:?}", file.path));
        }
    }
    let has = found.files.contents.len() as u64;
    if found.whole().is_ok() && found.contents < has {
        return Err("taken as whole, without all contents".to_owned());
    }
    Ok(true)
}

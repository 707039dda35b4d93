//! The tar of gzip that core's `tgz_packer` writes: plain ustar, no links, no extensions.

use std::io::{BufRead, Read};

use flate2::bufread::GzDecoder;

use super::{Examiner, MbzError, read_up_to};

const BLOCK: usize = 512;

/// The most blocks of zeros after the end: other tars pad to 10 KiB, and some tools to a megabyte.
const MOST_PADDING: u64 = 2048;

/// Reads all of it.
pub(super) fn read(packed: impl BufRead, mut examiner: Examiner) -> Result<Examiner, MbzError> {
    let mut unpacked = GzDecoder::new(packed);
    let mut after = String::new();
    let mut offset = 0;
    loop {
        let mut header = [0; BLOCK];
        match read_up_to(&mut unpacked, &mut header)? {
            BLOCK => {}
            _ => return Err(MbzError::Tar { after, what: "it has no end" }),
        }
        if header == [0; BLOCK] {
            break;
        }
        let entry = Header::read(&header).map_err(|what| MbzError::Tar { after: after.clone(), what })?;
        let path = examiner.enter(&entry.name, entry.kind == b'5')?;
        offset += BLOCK as u64;
        match entry.kind {
            b'0' | 0 => {
                let mut body = (&mut unpacked).take(entry.size);
                examiner.file(&path, &mut body, Some(entry.size))?;
                skip_padding(&mut unpacked, entry.size, &path)?;
                examiner.lay(&path, entry.size, offset);
                // It was read to its end, so this is no number that only the header knows.
                offset += entry.size.next_multiple_of(BLOCK as u64);
            }
            b'5' if entry.size == 0 => examiner.directory(&path)?,
            b'1' | b'2' => return Err(MbzError::Kind { name: path, what: "a link" }),
            _ => return Err(MbzError::Kind { name: path, what: "neither a file nor a directory" }),
        }
        after = path;
    }
    end(unpacked, after)?;
    Ok(examiner)
}

/// After the first empty block there are only more of them, and gzip's own checksum, which the decoder compares at its end. Something
/// behind that is nobody's.
fn end(mut unpacked: GzDecoder<impl BufRead>, after: String) -> Result<(), MbzError> {
    let mut block = [0; BLOCK];
    let mut blocks = 0;
    loop {
        let read = read_up_to(&mut unpacked, &mut block)?;
        blocks += 1;
        if block[..read].iter().any(|&byte| byte != 0) || blocks > MOST_PADDING {
            return Err(MbzError::Tar { after, what: "something follows its end" });
        }
        if read < BLOCK {
            break;
        }
    }
    if unpacked.into_inner().fill_buf()?.iter().any(|&byte| byte != 0) {
        return Err(MbzError::Tar { after, what: "something follows the compressed data" });
    }
    Ok(())
}

fn skip_padding(unpacked: &mut impl Read, size: u64, path: &str) -> Result<(), MbzError> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if over == 0 {
        return Ok(());
    }
    let mut padding = [0; BLOCK];
    let wanted = BLOCK - over;
    if read_up_to(unpacked, &mut padding[..wanted])? < wanted {
        return Err(MbzError::Tar { after: path.to_owned(), what: "it is cut short" });
    }
    Ok(())
}

/// What a header says.
struct Header {
    name: Vec<u8>,
    size: u64,
    kind: u8,
}

impl Header {
    fn read(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        if &block[257..262] != b"ustar" {
            return Err("a header is not of a POSIX tar");
        }
        let said = octal(&block[148..156]).ok_or("a header has no checksum")?;
        let sum = |byte: &u8| u64::from(*byte);
        let summed: u64 =
            block[..148].iter().chain(&block[156..]).map(sum).sum::<u64>() + 8 * u64::from(b' ');
        if said != summed {
            return Err("a header's checksum is wrong");
        }
        let size = octal(&block[124..136]).ok_or("a size is no number")?;
        let (name, prefix) = (until_zero(&block[..100]), until_zero(&block[345..500]));
        // GNU's tar keeps times in the place of the prefix; its magic ends with two blanks.
        let prefix = if block[262] == b' ' { &[][..] } else { prefix };
        let mut whole = prefix.to_vec();
        if !prefix.is_empty() {
            whole.push(b'/');
        }
        whole.extend_from_slice(name);
        Ok(Self { name: whole, size, kind: block[156] })
    }
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, ended by a blank or a zero. GNU's binary numbers are not read: core writes none.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(until_zero(field)).ok()?.trim_matches(' ');
    if text.is_empty() || !text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return None;
    }
    u64::from_str_radix(text, 8).ok()
}

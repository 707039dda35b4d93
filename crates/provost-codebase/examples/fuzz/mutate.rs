//! Random changes to files, and files that are hostile from the start. All of it follows from a seed.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The largest input that mutation makes, in bytes.
const LARGEST: usize = 1 << 20;

/// xorshift64*.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64, target: u64, number: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (target << 56) ^ number | 1 << 40);
        for _ in 0..4 {
            rng.0 = rng.0.wrapping_add(number.wrapping_mul(0xD129_0D3A_5B1C_4F27)) | 1;
            rng.next();
        }
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from((self.next() >> 16) % limit.max(1) as u64).unwrap_or(0)
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.next() >> 56).unwrap_or(0)
    }

    /// A part of something of this length, mostly a short one.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 40 };
        from..(from + self.below(most + 1)).min(length)
    }
}

/// Changes an input some times: bytes, parts, words of its language, parts of another input.
pub(crate) fn mutate(rng: &mut Rng, input: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=rng.below(8) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(10) {
            0 | 1 if !bytes.is_empty() => {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
            2 if !bytes.is_empty() => {
                let at = rng.below(bytes.len());
                bytes[at] = *rng.one(&[0, 0xFF, 0x7F, 0x80, b'\n', b'"', b'\'', b'\\']);
            }
            3 => drop(bytes.drain(rng.range(bytes.len()))),
            4 => {
                let part = bytes[rng.range(bytes.len())].to_vec();
                let times = if rng.below(20) == 0 { rng.below(5000) } else { 1 };
                let times = times.min((LARGEST / part.len().max(1)).max(1));
                bytes.splice(at..at, part.repeat(times));
            }
            5 | 6 => {
                let times = if rng.below(20) == 0 { rng.below(50_000) } else { 1 };
                bytes.splice(at..at, rng.one(words).repeat(times).into_bytes());
            }
            7 => {
                let part = other[rng.range(other.len())].to_vec();
                bytes.splice(at..at, part);
            }
            8 => bytes.truncate(at),
            _ => {
                let part: Vec<u8> = (0..rng.below(12)).map(|_| rng.byte()).collect();
                bytes.splice(at..at, part);
            }
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

/// A zip for a plugin, with entries that no plugin has.
pub(crate) fn hostile_zip(rng: &mut Rng, root: &str, version: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file(format!("{root}/version.php"), options)?;
    writer.write_all(version)?;
    for number in 0..=rng.below(6) {
        let name = match rng.below(12) {
            0 => format!("../escaped{number}"),
            1 => format!("{root}/../../escaped{number}"),
            2 => format!("/tmp/provost-fuzz-escaped{number}"),
            3 => format!("{root}\\..\\escaped{number}"),
            4 => format!("{root}/.git/hooks/post-checkout"),
            5 => format!("{root}/a\0b{number}"),
            6 => format!("{root}/{}", "d/".repeat(rng.below(200)) + "f"),
            7 => format!("{root}/link/escaped"),
            8 => format!("{root}/{}", "n".repeat(rng.below(5000))),
            9 => format!("{root}/version.php/x"),
            10 => format!("{root}/./x//y{number}"),
            _ => format!("{root}/lang/en/x{number}.php"),
        };
        match rng.below(4) {
            0 => {
                let target = *rng.one(&["/etc", "..", "../..", "../../../x", "link", "lang/en", "."]);
                let name = if rng.below(2) == 0 { format!("{root}/link") } else { name };
                // The writer refuses a second entry of the same name.
                drop(writer.add_symlink(name, target, options));
            }
            1 if rng.below(4) == 0 => drop(writer.add_directory(name, options)),
            _ => {
                if writer.start_file(name, options).is_err() {
                    continue;
                }
                // A bomb now and then: all of them together are more than is allowed.
                let times = if rng.below(60) == 0 { 120 << 20 } else { rng.below(3000) };
                let zeros = vec![0; 1 << 16];
                for _ in 0..times >> 16 {
                    writer.write_all(&zeros)?;
                }
                writer.write_all(&zeros[..times & 0xFFFF])?;
            }
        }
    }
    Ok(writer.finish()?.into_inner())
}

/// Changes fields of a zip's headers: methods, sizes, offsets, counts.
pub(crate) fn mutate_headers(rng: &mut Rng, zip: &mut [u8]) {
    let headers: Vec<usize> = (0..zip.len().saturating_sub(4))
        .filter(|at| {
            matches!(&zip[*at..at + 4], b"PK\x01\x02" | b"PK\x03\x04" | b"PK\x05\x06" | b"PK\x06\x06")
        })
        .collect();
    for _ in 0..=rng.below(3) {
        if headers.is_empty() {
            return;
        }
        let at = *rng.one(&headers) + 4 + rng.below(44);
        let value = *rng.one(&[0, 1, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xA1ED_0000]);
        let length = *rng.one(&[1, 2, 4]);
        for (place, byte) in zip.iter_mut().skip(at).take(length).zip(u32::to_le_bytes(value)) {
            *place = byte;
        }
    }
}

/// Lines as they stand in patches, put together at random.
pub(crate) fn nonsense_patch(rng: &mut Rng) -> Vec<u8> {
    let paths = [
        "a/lib/long.php",
        "b/lib/long.php",
        "/dev/null",
        "b/../x",
        "b/.git/config",
        "b/config.php",
        "b/new",
        "b/l/x",
    ];
    let modes = ["100644", "120000", "160000", "100755", "040000", "7777777"];
    let mut text = String::new();
    for _ in 0..rng.below(14) {
        let number = |rng: &mut Rng| *rng.one(&["0", "1", "3", "40", "999", "4294967296", "-1"]);
        let line = match rng.below(9) {
            0 => format!("--- {}", rng.one(&paths)),
            1 => format!("+++ {}", rng.one(&paths)),
            2 | 3 => format!("@@ -{},{} +{},{} @@", number(rng), number(rng), number(rng), number(rng)),
            4 => format!("{}line {}", rng.one(&[" ", "+", "-", "\\"]), rng.below(42)),
            5 => format!("diff --git {} {}", rng.one(&paths), rng.one(&paths)),
            6 => format!(
                "{} {}",
                rng.one(&["new file mode", "deleted file mode", "old mode", "new mode"]),
                rng.one(&modes)
            ),
            7 => format!(
                "{} {}",
                rng.one(&["rename from", "rename to", "copy from", "copy to"]),
                rng.one(&paths).trim_start_matches("b/")
            ),
            _ => format!("GIT binary patch\n{} {}\nzcmV", rng.one(&["literal", "delta"]), number(rng)),
        };
        text += &line;
        text.push('\n');
    }
    text.into_bytes()
}

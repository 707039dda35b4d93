//! What a zip is known by.

use std::io::Read;

use md5::Md5;
use sha2::{Digest as _, Sha256};

/// How much is read at once, in bytes.
const PIECE: usize = 128 << 10;

/// SHA-256 and MD5 of some bytes, in hexadecimal. The lock names a zip by the first, the plugins directory by the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) sha256: String,
    pub(crate) md5: String,
}

/// Computes [`Digests`] piece by piece.
#[derive(Default)]
pub(crate) struct Digesting {
    sha256: Sha256,
    md5: Md5,
}

impl Digesting {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    pub(crate) fn finish(self) -> Digests {
        Digests { sha256: hex(&self.sha256.finalize()), md5: hex(&self.md5.finalize()) }
    }
}

impl Digests {
    /// Reads to the end; `None` if `stopped` said so before.
    pub(crate) fn read(reader: &mut dyn Read, stopped: impl Fn() -> bool) -> std::io::Result<Option<Self>> {
        let mut digesting = Digesting::default();
        let mut piece = vec![0; PIECE];
        loop {
            let got = reader.read(&mut piece)?;
            if got == 0 {
                return Ok(Some(digesting.finish()));
            }
            if stopped() {
                return Ok(None);
            }
            digesting.update(&piece[..got]);
        }
    }
}

/// Bytes in hexadecimal, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

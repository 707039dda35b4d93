//! The machine's own root certificates: who added one there, for a proxy that looks inside, means it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ureq::tls::{Certificate, PemItem, parse_pem};

use super::DownloadError;

/// Where distributions keep them in one file: Debian and Alpine, Fedora and Red Hat, openSUSE, BSD's libraries.
const FILES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The largest file of certificates, in bytes; Debian's has 220 kB.
const LARGEST: u64 = 16 << 20;

/// Reads them: from what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else from where the machine keeps them.
pub(super) fn certificates(
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Certificate<'static>>, DownloadError> {
    let mut found = Vec::new();
    let (file, directory) = (environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR"));
    let mut looked: Vec<Utf8PathBuf> = file.into_iter().map(Utf8PathBuf::from).collect();
    for directory in directory.into_iter().flat_map(|list| list.split(':')).filter(|path| !path.is_empty()) {
        looked.push(Utf8PathBuf::from(directory));
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for path in entries.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.path()).ok()) {
            found.extend(read(&path));
        }
    }
    if looked.is_empty() {
        looked.extend(FILES.map(Utf8PathBuf::from));
    }
    for path in &looked {
        let here = read(path);
        let enough = !here.is_empty();
        found.extend(here);
        if enough {
            break;
        }
    }
    if found.is_empty() {
        let looked: Vec<_> = looked.iter().map(|path| path.as_str()).collect();
        return Err(DownloadError::NoCertificates(looked.join(", ")));
    }
    Ok(found)
}

fn read(path: &Utf8Path) -> Vec<Certificate<'static>> {
    if !fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST) {
        return Vec::new();
    }
    let Ok(text) = fs::read(path) else { return Vec::new() };
    parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}

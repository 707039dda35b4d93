//! Media types of the static files in a Moodle tree.
//!
//! Written into `nginx.conf` itself: distributions keep `mime.types` at different places, and Debian 12's does not know
//! `.mjs`, which a browser only runs as a module when it is called JavaScript. Files of the dataroot get their type from
//! Moodle. What is not listed is sent as `application/octet-stream`: downloaded, never shown.

use super::super::block::{Block, variables};

/// Media types with the endings of their files. All text in a Moodle tree is UTF-8.
const TYPES: &[(&str, &[&str])] = &[
    ("text/html", &["html", "htm"]),
    ("text/css", &["css"]),
    ("text/plain", &["txt"]),
    ("text/csv", &["csv"]),
    ("text/vtt", &["vtt"]),
    ("text/xml", &["xml", "xsd", "xsl"]),
    ("application/javascript", &["js", "mjs"]),
    ("application/json", &["json", "map"]),
    ("application/manifest+json", &["webmanifest"]),
    ("application/wasm", &["wasm"]),
    ("application/pdf", &["pdf"]),
    ("application/zip", &["zip", "h5p"]),
    ("application/vnd.ms-fontobject", &["eot"]),
    ("font/otf", &["otf"]),
    ("font/ttf", &["ttf"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
    ("image/avif", &["avif"]),
    ("image/gif", &["gif"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg"]),
    ("image/webp", &["webp"]),
    ("image/x-icon", &["ico"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/ogg", &["ogg", "oga"]),
    ("audio/wav", &["wav"]),
    ("video/mp4", &["mp4"]),
    ("video/quicktime", &["mov"]),
    ("video/webm", &["webm"]),
];

/// What is worth compressing; `text/html` always is. Images, fonts in WOFF and archives are compressed already.
const COMPRESSED: &[&str] = &[
    "text/css",
    "text/plain",
    "text/csv",
    "text/vtt",
    "text/xml",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/xml",
    "application/rss+xml",
    "application/manifest+json",
    "application/wasm",
    "application/vnd.ms-fontobject",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
];

/// Writes the types and what is compressed into the main file.
pub(super) fn write(http: &mut Block) {
    http.block("types", &[], |types| {
        for (media_type, endings) in TYPES {
            let words: Vec<_> = endings.iter().map(|ending| variables(ending)).collect();
            types.set(media_type, &words);
        }
    });
    http.set("default_type", &[variables("application/octet-stream")]);
    // Without the type, a browser guesses the letters of a style sheet or script.
    http.set("charset", &[variables("utf-8")]);
    http.set(
        "charset_types",
        &["text/css", "text/plain", "text/csv", "text/vtt", "text/xml", "application/javascript"]
            .map(variables),
    );
    http.gap();
    http.set("gzip", &[variables("on")]);
    http.set("gzip_comp_level", &[variables("5")]);
    // Below this, the answer fits one packet anyway.
    http.set("gzip_min_length", &[variables("1024")]);
    // Also what comes through a proxy in front.
    http.set("gzip_proxied", &[variables("any")]);
    http.set("gzip_vary", &[variables("on")]);
    let compressed: Vec<_> = COMPRESSED.iter().map(|media_type| variables(media_type)).collect();
    http.set("gzip_types", &compressed);
}

//! What of a Moodle tree is nobody's business.
//!
//! Everything a browser needs is either a PHP page or a static file, and both lie among files that are neither. Only
//! what is known to be internal is refused (404): an allow-list of extensions would break plugins, which ship whatever
//! they like. The list was made from Moodle's own recommendation and checked against real trees. Of the 915 PHP files of
//! Moodle 5.0 (931 of 4.4) that load `config.php` by themselves it refuses tests, command line scripts, the developers'
//! two test tools and four classes that only mention the file; of 7,801 scripts, styles, images, fonts, texts (8,474) only
//! what belongs to those, and notes and descriptions. Of the pages of mod_attendance, mod_customcert, tool_lifecycle,
//! auth_saml2 and theme_moove it refuses none.
//!
//! It is matched against the *script's* part of the path. Behind a PHP page the path is data: a student may well upload
//! `README.md` or `.htaccess`, and `/pluginfile.php/…/README.md` must give it back.

use super::super::block::{Block, pattern, variables};

/// The path inside of the tree.
const PATH: &str = "provost_path";
/// The path up to and with the first `.php`, or the whole path.
const SCRIPT: &str = "provost_script";
/// `1` for what is internal.
pub(super) const INTERNAL: &str = "provost_internal";

/// The first `.php` that ends a segment ends the script: what follows is for the script. `(?s)`, because a path may hold
/// a line end (`%0a`), which `.` would not match.
pub(super) const SCRIPT_PATTERN: &str = r"(?:/[^/]+)*?/[^/]+?\.php";

/// Regular expressions of what is internal, with the reason. `(?i)` where the case says nothing.
pub(super) const PATTERNS: &[(&str, &str)] = &[
    ("hidden files, of git and of tools; not /.well-known/", r"/\.(?!well-known/)"),
    (
        "tests, what they need, and what only the command line runs",
        r"/(?:tests|fixtures|behat|phpunit|testing|vendor|node_modules|cli)/",
    ),
    (
        "code that is only ever included, and what installs tables",
        r"/(?:classes|db|lang)/(?:.*/)?[^/]*\.php$",
    ),
    ("tables, services, and their documentation", r"/db/(?:.*/)?[^/]*\.(?:xml|json|txt|html)$"),
    (
        "the configuration and the installer, which has done its work",
        r"^/(?:config|config-dist|install)\.php$|^/install/",
    ),
    ("version numbers", r"/version\.php$"),
    (
        "files that tell versions of libraries",
        r"(?i)/(?:composer\.(?:json|lock)|package(?:-lock)?\.json|npm-shrinkwrap\.json|thirdpartylibs\.xml|environment\.xml)$",
    ),
    (
        "notes for developers",
        r"(?i)/(?:readme[^/]*|(?:upgrad(?:e|ing)|changes|changelog|contributing|deprecated|install|todo)(?:[-_.][^/]*)?\.(?:txt|md))$",
    ),
    (
        "sources and leftovers that are not for browsers; `.php` is run, but nothing else that PHP might be",
        r"(?i)\.(?:md|markdown|rst|mustache|feature|dist|lock|neon|ya?ml|ini|conf|sql|sh|bat|exe|pl|pm|pem|key|log|bak|orig|old|rej|sw[op]|patch|diff|jmx|inc|phtml|phar|phps|php\d|php[~.#_-][^/]*|tgz|tar)$|~$",
    ),
    ("PHP in other letters is no page, and its source is not for reading", r"\.(?!php$)(?i:php)$"),
];

/// Writes the maps into the main file.
pub(super) fn write_maps(http: &mut Block) {
    http.comment("The path inside of the tree: of a site below a path, which alone has a root with a slash at its end, without that.");
    http.block("map", &[variables("$document_root:$uri"), variables(&format!("${PATH}"))], |map| {
        map.set("default", &[variables("$uri")]);
        map.comment("Up to the first colon: what a browser writes comes behind it.");
        map.entry(pattern("^[^:]*/:/[^/]+(?<provost_below>/(?s:.*))\\z"), variables("$provost_below"));
    });
    http.gap();
    http.comment("The script of a request: behind it, the path is the script's own affair.");
    http.block("map", &[variables(&format!("${PATH}")), variables(&format!("${SCRIPT}"))], |map| {
        map.set("default", &[variables(&format!("${PATH}"))]);
        map.entry(pattern(&format!("^(?<provost_head>{SCRIPT_PATTERN})/")), variables("$provost_head"));
    });
    http.gap();
    http.comment("What of a Moodle tree is nobody's business.");
    http.block("map", &[variables(&format!("${SCRIPT}")), variables(&format!("${INTERNAL}"))], |map| {
        map.set("default", &[variables("0")]);
        for (reason, expression) in PATTERNS {
            map.comment(reason);
            map.entry(pattern(expression), variables("1"));
        }
    });
}

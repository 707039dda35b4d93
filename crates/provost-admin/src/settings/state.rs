//! What stands among Moodle's settings and is none: state that a site writes by itself, and what makes it the site that it is.
//!
//! The list is checked by hand against Moodle 4.4 and 5.0; [`VERSION`] rises with it. Reports carry the version, for two reports
//! of two versions may differ without a change in any site.

use super::fits;

/// Version of the list.
pub const VERSION: u32 = 2;

/// Patterns of plugins, each with those of names.
pub const STATE: &[(&str, &[&str])] = &[
    // Versions of code, which are compared as plugins.
    ("*", &["version", "installrunning"]),
    // What is installed.
    (
        "core",
        &[
            "version",
            "release",
            "branch",
            "allversionshash",
            "allcomponenthash",
            "backup_version",
            "backup_release",
            "rolesactive",
        ],
    ),
    ("core", &["adminsetuppending", "upgraderunning", "majorupdatetime", "registrationpending", "gdversion"]),
    // Who the site is, and where: keys and salts, each site's own.
    (
        "core",
        &[
            "siteidentifier",
            "calendar_exportsalt",
            "badges_badgesalt",
            "reposecretkey",
            "airnotifieraccesskey",
        ],
    ),
    ("core", &["siteguest", "mnet_localhost_id", "mnet_all_hosts_id"]),
    (
        "core",
        &["wwwroot", "dataroot", "db*", "prefix", "localrequestdir", "sessioncookie", "sessioncookiepath"],
    ),
    ("backup", &["backup_encryptkey"]),
    ("core_h5p", &["site_uuid"]),
    ("enrol_lti", &["lti_13_kid", "lti_13_privatekey"]),
    ("hub", &["*"]),
    ("mnet", &["openssl*"]),
    ("mod_lti", &["kid", "privatekey"]),
    // Revisions of what is cached.
    ("core", &["*rev", "localcachedirpurged"]),
    ("theme_*", &["themerev"]),
    // What was done last.
    (
        "core",
        &[
            "scheduledtaskreset",
            "lastnotifyfailure",
            "fileslastcleanup",
            "digestmailtimelast",
            "maintenance_later",
        ],
    ),
    ("core", &["scorm_updatetimelast", "statslast*", "geoip_last_seen_timestamp"]),
    ("adminpresets", &["lastpresetapplied"]),
    ("core_plugin", &["recentfetch", "recentresponse"]),
    // Of each area of search, in the settings of its component.
    ("*", &["*_indexingstart", "*_indexingend", "*_lastindexrun", "*_partial"]),
    ("*", &["*_docsignored", "*_docsprocessed", "*_recordsprocessed"]),
    ("enrol_*", &["expirynotifylast"]),
    ("enrol_imsenterprise", &["prev_*"]),
    ("search_*", &["lastschemacheck", "schemaversion"]),
    // Its registration and when that was checked.
    ("tool_brickfield", &["bfreg*", "bfsummarytime", "hash", "id", "key"]),
    ("tool_task", &["lastcron*"]),
    // Our own marks.
    ("provost*", &["*"]),
];

/// Whether something is no setting.
pub fn is_state(plugin: &str, name: &str) -> bool {
    STATE
        .iter()
        .any(|(plugins, names)| fits(plugins, plugin) && names.iter().any(|pattern| fits(pattern, name)))
}

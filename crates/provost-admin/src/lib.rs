//! Administration of many sites: what their settings are, and where they differ. Opens no database; what is compared was read elsewhere.

/// Settings of Moodle, compared over many sites.
pub mod settings;

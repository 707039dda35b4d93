//! Administration of many sites: where their settings and roles differ. Opens no database; what is compared was read elsewhere.

/// Values of many sites, compared.
pub mod compare;
/// Roles of a site, as they are compared.
pub mod roles;
/// Settings of a site, as they are compared.
pub mod settings;

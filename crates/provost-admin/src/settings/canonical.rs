//! Values as they mean the same on every site: numbers of roles and categories by their names, the site's own address by what it is.

use std::collections::BTreeMap;

use super::fits;

/// Settings whose value is the number of a role, or several between commas.
const ROLES: &[(&str, &str)] = &[
    ("core", "*roleid"),
    ("core", "gradebookroles"),
    ("core", "coursecontact"),
    ("core", "profileroles"),
    ("core", "autologinguestsrole"),
    ("enrol_*", "roleid"),
    ("enrol_*", "*role"),
    ("tool_dataprivacy", "*roles"),
    ("tool_cohortroles", "*role*"),
];

/// Settings whose value is the number of a category of courses.
const CATEGORIES: &[(&str, &str)] = &[
    ("core", "defaultrequestcategory"),
    ("core", "defaultcategory"),
    ("enrol_*", "defaultcategory"),
    ("enrol_*", "category"),
    ("tool_recyclebin", "category"),
];

/// What a site is, as far as values speak of it.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    /// Its URL, without a slash at the end.
    pub url: String,
    /// Its host, without the port.
    pub host: String,
    /// Its dataroot.
    pub dataroot: String,
    /// Short names of its roles, by number.
    pub roles: BTreeMap<String, String>,
    /// Paths of its categories, by number.
    pub categories: BTreeMap<String, String>,
}

impl Ground {
    /// A value as it is compared.
    pub fn canonical(&self, plugin: &str, name: &str, value: &str) -> String {
        let is = |list: &[(&str, &str)]| {
            list.iter().any(|(plugins, names)| fits(plugins, plugin) && fits(names, name))
        };
        if is(ROLES) {
            return named(value, &self.roles);
        }
        if is(CATEGORIES) {
            return named(value, &self.categories);
        }
        let mut text = value.to_owned();
        for (own, word) in [(&self.url, "{url}"), (&self.dataroot, "{dataroot}"), (&self.host, "{host}")] {
            if !own.is_empty() {
                text = text.replace(own.as_str(), word);
            }
        }
        text
    }
}

/// Numbers between commas by their names, in the order of these; a value that is something else stays as it is.
fn named(value: &str, names: &BTreeMap<String, String>) -> String {
    let parts: Option<Vec<&str>> =
        value.split(',').map(|number| names.get(number.trim()).map(String::as_str)).collect();
    match parts {
        Some(mut parts) => {
            parts.sort_unstable();
            parts.join(",")
        }
        None => value.to_owned(),
    }
}

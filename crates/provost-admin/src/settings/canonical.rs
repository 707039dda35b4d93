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

/// By what a portable value is brought to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Short names of roles between commas.
    Roles,
    /// Paths of categories between commas.
    Categories,
    /// A text in which `{url}`, `{host}` and `{dataroot}` stand for the site's own.
    Site,
}

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
        self.portable(plugin, name, value).1
    }

    /// A value as it means the same on every site, and by what it becomes that site's own; `None` where it is the same anywhere.
    pub fn portable(&self, plugin: &str, name: &str, value: &str) -> (Option<By>, String) {
        let is = |list: &[(&str, &str)]| {
            list.iter().any(|(plugins, names)| fits(plugins, plugin) && fits(names, name))
        };
        if is(ROLES) {
            return named(value, &self.roles)
                .map_or((None, value.to_owned()), |names| (Some(By::Roles), names));
        }
        if is(CATEGORIES) {
            return named(value, &self.categories)
                .map_or((None, value.to_owned()), |names| (Some(By::Categories), names));
        }
        let mut text = value.to_owned();
        for (own, word) in [(&self.url, "{url}"), (&self.dataroot, "{dataroot}"), (&self.host, "{host}")] {
            if !own.is_empty() {
                text = text.replace(own.as_str(), word);
            }
        }
        ((text != value).then_some(By::Site), text)
    }

    /// Whether a setting names roles or categories by numbers that this site does not have, which mean nothing elsewhere.
    pub fn is_dangling(&self, plugin: &str, name: &str, value: &str) -> bool {
        let is = |list: &[(&str, &str)]| {
            list.iter().any(|(plugins, names)| fits(plugins, plugin) && fits(names, name))
        };
        let numbers =
            !value.is_empty() && value.split(',').all(|part| part.trim().parse::<u64>().is_ok_and(|n| n > 0));
        (is(ROLES) || is(CATEGORIES)) && numbers && self.portable(plugin, name, value).0.is_none()
    }
}

/// Numbers between commas by their names, in the order of these; `None` where one of them is no such number.
fn named(value: &str, names: &BTreeMap<String, String>) -> Option<String> {
    let parts: Option<Vec<&str>> =
        value.split(',').map(|number| names.get(number.trim()).map(String::as_str)).collect();
    let mut parts = parts?;
    parts.sort_unstable();
    Some(parts.join(","))
}

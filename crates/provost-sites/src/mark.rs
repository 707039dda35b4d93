//! The mark by which things are known to be a fleet's own. What does not carry it is foreign and never changed.

use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

/// Where a site is in its life, as its database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The database is there, empty.
    Created,
    /// Moodle's installation has begun and not been seen to end.
    Installing,
    /// A copy of the site's database on another server, that comes to be and is not the site yet.
    Moving,
    /// Installed, and seen to be whole.
    Installed,
}

/// Written as the comment of a database, and as the file [`FILE`] in a dataroot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The fleet's id, made once per fleet.
    pub fleet: String,
    /// The site.
    pub site: Name,
    /// Where it is in its life.
    pub stage: Stage,
    /// Its dataroot, so that it can be found when the file no longer names the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataroot: Option<String>,
    /// What it was called, while it is being renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Name>,
    /// The server of its database: a dataroot says by it where the database was when the file names another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Name>,
    /// The directory of the final copy that its files were brought back from, until the fleet file has the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// That it is a template's, and what that is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<TemplateMark>>,
}

/// What a template is made of. Nobody can look into a closed database, so its comment says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMark {
    /// Tree id of its build.
    pub tree: String,
    /// Moodle's release.
    pub release: String,
    /// Moodle's branch, such as `500`.
    pub branch: String,
    /// Digest of its declaration.
    pub declared: String,
    /// Digest of the files that it was given.
    pub content: String,
    /// Whether somebody may have content of his own in it: it was opened.
    #[serde(default)]
    pub edited: bool,
    /// Whether it is open: visitors may come, and nothing can be cloned from it.
    #[serde(default)]
    pub open: bool,
    /// Whether settings are encrypted with its key.
    #[serde(default)]
    pub encrypted: bool,
    /// Whether blocks have its address in their encoded settings.
    #[serde(default)]
    pub blocks: bool,
    /// Of a spare: digest of what its template was when it was copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_of: Option<String>,
}

/// The mark's file in a dataroot.
pub const FILE: &str = ".provost";

/// What stands before the JSON, so that a comment of ours is told from any other.
const PREFIX: &str = "provost ";

impl Mark {
    /// The text of a comment or of the file.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads a comment or the file; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text.strip_prefix(PREFIX)?.trim_end()).ok()
    }
}

/// Whose something is, told by its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// This fleet's, with the mark that says so.
    Ours(Mark),
    /// Another fleet's, or nobody's; in words.
    Foreign(String),
}

/// Reads whose something is from its comment.
pub fn whose(comment: Option<&str>, fleet: &str) -> Whose {
    match comment.and_then(Mark::parse) {
        Some(mark) if mark.fleet == fleet => Whose::Ours(mark),
        Some(mark) => Whose::Foreign(format!("it belongs to site `{}` of another fleet", mark.site)),
        None => Whose::Foreign("it carries no mark of Provost".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_other_comments_are_nobodys() {
        let mark = Mark {
            fleet: "f1".to_owned(),
            site: "hugo".parse().unwrap(),
            stage: Stage::Installing,
            dataroot: None,
            was: None,
            server: None,
            copy: None,
            template: None,
        };
        let text = mark.to_text();
        insta::assert_snapshot!(text, @r#"provost {"fleet":"f1","site":"hugo","stage":"installing"}"#);
        assert_eq!(whose(Some(&text), "f1"), Whose::Ours(mark));
        assert!(matches!(whose(Some(&text), "f2"), Whose::Foreign(_)));
        assert!(matches!(whose(Some("production, do not touch"), "f1"), Whose::Foreign(_)));
        assert!(matches!(whose(None, "f1"), Whose::Foreign(_)));
    }
}

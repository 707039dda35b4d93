//! Role presets: the XML in which core's page of roles exports and imports one definition.
//!
//! The form is that of `admin/roles/role_schema.xml` in Moodle's source. A part that is left out says nothing: what is there stays.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::Event;

/// One definition, as far as its file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePreset {
    /// By which roles of two sites are the same.
    pub shortname: String,
    /// What people read.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Which of core's roles it is like.
    pub archetype: Option<String>,
    /// Levels of contexts where it can be assigned: core's by name, those of plugins by number.
    pub contextlevels: Option<BTreeSet<String>>,
    /// Which roles may be assigned, overridden, switched to and seen, in this order.
    pub allow: [Option<BTreeSet<String>>; 4],
    /// Permissions by capability.
    pub permissions: BTreeMap<String, PresetPermission>,
}

/// What a preset says of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresetPermission {
    /// Nothing is set.
    Inherit,
    /// May.
    Allow,
    /// May not, unless a context nearer allows it.
    Prevent,
    /// May not, whatever else is said.
    Prohibit,
}

/// Why a text is no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PresetError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// The largest preset: one of a site with every plugin there is has some 200 KiB.
const LARGEST: usize = 4 << 20;

/// The lists of other roles, in the order of [`RolePreset::allow`].
const ALLOWS: [&str; 4] = ["allowassign", "allowoverride", "allowswitch", "allowview"];

impl RolePreset {
    /// Reads one.
    ///
    /// # Errors
    /// When it is no XML, or none of a role.
    pub fn read(xml: &str) -> Result<Self, PresetError> {
        let at = |line: usize, what: &str| PresetError { line, what: what.to_owned() };
        if xml.len() > LARGEST {
            return Err(at(1, "it is too large for a role"));
        }
        let mut reader = Reader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        let (mut preset, mut path, mut text) = (Self::default(), Vec::<String>::new(), String::new());
        loop {
            let event = reader.read_event();
            let line = line_of(xml, reader.buffer_position());
            let wrong = |what: &dyn std::fmt::Display| PresetError { line, what: what.to_string() };
            match event.map_err(|error| wrong(&error))? {
                Event::Start(tag) => {
                    path.push(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                    preset.open(&path).map_err(|what| wrong(&what))?;
                    text.clear();
                }
                Event::End(_) => {
                    preset.close(&path, text.trim()).map_err(|what| wrong(&what))?;
                    path.pop();
                    text.clear();
                }
                Event::Text(piece) => text.push_str(&piece.decode().map_err(|error| wrong(&error))?),
                Event::CData(piece) => text.push_str(&piece.decode().map_err(|error| wrong(&error))?),
                Event::GeneralRef(reference) => {
                    let whole = format!("&{};", reference.decode().map_err(|error| wrong(&error))?);
                    text.push_str(&quick_xml::escape::unescape(&whole).map_err(|error| wrong(&error))?);
                }
                Event::DocType(_) => return Err(wrong(&"a role has no document type")),
                Event::Eof => break,
                _ => {}
            }
        }
        match (path.last(), preset.shortname.is_empty()) {
            (Some(open), _) => Err(at(line_of(xml, xml.len() as u64), &format!("it ends within `{open}`"))),
            (None, true) => Err(at(1, "it names no role: `<role><shortname>…` is missing")),
            (None, false) => Ok(preset),
        }
    }

    /// An element begins.
    fn open(&mut self, path: &[String]) -> Result<(), String> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["role", "contextlevels"] => self.contextlevels = Some(BTreeSet::new()),
            ["role", "shortname" | "name" | "description" | "archetype" | "permissions"]
            | ["role"]
            | ["role", "contextlevels", "level"]
            | ["role", "permissions", "inherit" | "allow" | "prevent" | "prohibit"] => {}
            ["role", list] => match ALLOWS.iter().position(|known| known == list) {
                Some(at) => self.allow[at] = Some(BTreeSet::new()),
                None => return Err(format!("a role has no `{list}`")),
            },
            ["role", list, "shortname"] if ALLOWS.contains(list) => {}
            [first] => return Err(format!("`{first}` is no role")),
            [.., last] => return Err(format!("`{last}` does not belong here")),
            [] => {}
        }
        Ok(())
    }

    /// An element ends, with its text.
    fn close(&mut self, path: &[String], text: &str) -> Result<(), String> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["role", "shortname"] => {
                let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
                // As core does: other letters are left out there, which would make it another role.
                let lower = text.to_lowercase();
                if text.is_empty() || !lower.chars().all(legal) {
                    return Err(format!(
                        "`{text}` is no short name of a role: letters, digits, `_` and `-` are"
                    ));
                }
                self.shortname = lower;
            }
            ["role", "name"] => self.name = Some(text.to_owned()),
            ["role", "description"] => self.description = Some(text.to_owned()),
            ["role", "archetype"] => self.archetype = Some(text.to_owned()),
            ["role", "contextlevels", "level"] => {
                self.contextlevels.get_or_insert_default().insert(text.to_owned());
            }
            ["role", list, "shortname"] => {
                if let Some(at) = ALLOWS.iter().position(|known| known == list) {
                    self.allow[at].get_or_insert_default().insert(text.to_owned());
                }
            }
            ["role", "permissions", word] => {
                let permission = match *word {
                    "inherit" => PresetPermission::Inherit,
                    "allow" => PresetPermission::Allow,
                    "prevent" => PresetPermission::Prevent,
                    _ => PresetPermission::Prohibit,
                };
                if self.permissions.insert(text.to_owned(), permission).is_some() {
                    return Err(format!("the capability `{text}` is there twice"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn line_of(xml: &str, at: u64) -> usize {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(xml.len());
    String::from_utf8_lossy(&xml.as_bytes()[..at]).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TUTOR: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<role><shortname>Tutor</shortname><name>Tutors &amp; friends</name><description/>
  <contextlevels><level>course</level><level>9001</level></contextlevels>
  <allowassign/><allowview><shortname>student</shortname></allowview>
  <permissions><inherit>a/b:c</inherit><allow>mod/quiz:view</allow><prohibit>x/y:z</prohibit></permissions>
</role>\n";

    #[test]
    fn what_a_file_leaves_out_it_says_nothing_of() {
        let preset = RolePreset::read(TUTOR).unwrap();
        assert_eq!(preset.shortname, "tutor");
        assert_eq!(preset.name.as_deref(), Some("Tutors & friends"));
        assert_eq!((preset.description.as_deref(), preset.archetype), (Some(""), None));
        assert_eq!(preset.contextlevels.unwrap().len(), 2);
        let [assign, r#override, switch, view] = preset.allow;
        assert_eq!((assign, r#override, switch), (Some(BTreeSet::new()), None, None));
        assert!(view.unwrap().contains("student"));
        assert_eq!(preset.permissions["mod/quiz:view"], PresetPermission::Allow);
        assert_eq!(preset.permissions["a/b:c"], PresetPermission::Inherit);
    }

    #[test]
    fn what_is_none_is_told_with_its_line() {
        for (xml, told) in [
            ("", "line 1: it names no role: `<role><shortname>…` is missing"),
            ("<course/>", "line 1: `course` is no role"),
            ("<role>\n<shortname>a b</shortname></role>", "line 2: `a b` is no short name of a role"),
            ("<role>\n\n<colour/></role>", "line 3: a role has no `colour`"),
            ("<role><shortname>a</shortname>", "line 1: it ends within `role`"),
            ("<!DOCTYPE a [<!ENTITY b SYSTEM 'c'>]><role/>", "line 1: a role has no document type"),
            (
                "<role><shortname>a</shortname><permissions><allow>b</allow>\n<prevent>b</prevent></permissions></role>",
                "line 2: the capability `b` is there twice",
            ),
        ] {
            let error = RolePreset::read(xml).unwrap_err().to_string();
            assert!(error.starts_with(told), "{xml}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(<|>|/|role|shortname|permissions|allow|&|;|a|\n|\\PC){0,60}") {
            RolePreset::read(&text).ok();
        }
    }
}

//! Which names the files of a plugin may have. Pure.

use super::DEEPEST;

/// The longest path, in bytes: with a build's directory before it, it stays below Linux's 4,096.
const LONGEST_PATH: usize = 2000;

/// The longest name of a file or directory, in bytes, that Linux takes.
const LONGEST_NAME: usize = 255;

/// Why a name is refused.
pub(super) type Refusal = &'static str;

/// The parts of a path in a zip. A backslash counts as a slash, as it does for Moodle: some archivers on Windows write it.
/// A `.` counts for nothing. A slash at the end, which marks a directory, is told by the second value.
pub(super) fn parts(path: &[u8]) -> Result<(Vec<Vec<u8>>, bool), Refusal> {
    let path: Vec<u8> = path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    if path.len() > LONGEST_PATH {
        return Err("its name is too long");
    }
    let drive = path.first().is_some_and(u8::is_ascii_alphabetic) && path.get(1) == Some(&b':');
    if path.first() == Some(&b'/') || drive {
        return Err("its name is an absolute path");
    }
    let directory = path.last() == Some(&b'/');
    let path = path.strip_suffix(b"/").unwrap_or(&path);
    let parts: Vec<_> = path.split(|byte| *byte == b'/').filter(|part| *part != b".").collect();
    for part in &parts {
        check(part)?;
    }
    if parts.len() > DEEPEST {
        return Err("it lies too deep");
    }
    Ok((parts.into_iter().map(<[u8]>::to_vec).collect(), directory))
}

/// Whether a file or directory may have a name.
pub(super) fn check(name: &[u8]) -> Result<(), Refusal> {
    match name {
        b"" => Err("a part of its name is empty"),
        b"." | b".." => Err("its name leads out of the plugin"),
        _ if name.eq_ignore_ascii_case(b".git") => Err("its name is git's own"),
        _ if name.len() > LONGEST_NAME => Err("its name is too long"),
        _ if name.iter().any(|byte| byte.is_ascii_control() || *byte == b'/') => {
            Err("its name has control characters")
        }
        _ => Ok(()),
    }
}

/// Whether a part of a zip is an archiver's own: macOS keeps there what its file system knows of the files.
pub(super) fn is_rubbish(parts: &[Vec<u8>]) -> bool {
    parts.first().is_some_and(|first| first == b"__MACOSX")
        || parts.last().is_some_and(|last| last == b".DS_Store")
}

/// Whether a root directory has the name that an archive of a plugin's repository gets: the repository's name, which has
/// the component or its name in it as a word, and a branch, tag or commit. `moodle-mod_attendance-main` is one.
pub(super) fn is_archive_of(root: &str, component: &provost_moodle::component::Component) -> bool {
    let root = root.to_ascii_lowercase();
    let mut words = root.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let full = component.to_string();
    words.any(|word| word == full || word == component.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<String, Refusal> {
        let (parts, directory) = parts(path.as_bytes())?;
        let path = String::from_utf8(parts.join(&b'/')).unwrap();
        Ok(if directory { path + "/" } else { path })
    }

    #[test]
    fn paths_are_read() {
        assert_eq!(read("x/a b/c.php").unwrap(), "x/a b/c.php");
        assert_eq!(read("x/lang/").unwrap(), "x/lang/");
        assert_eq!(read("./x/./é").unwrap(), "x/é");
        assert_eq!(read(r"x\db\access.php").unwrap(), "x/db/access.php");
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for (path, why) in [
            ("/etc/passwd", "its name is an absolute path"),
            (r"\etc\passwd", "its name is an absolute path"),
            (r"C:\x", "its name is an absolute path"),
            ("x/../../y", "its name leads out of the plugin"),
            (r"x\..\..\y", "its name leads out of the plugin"),
            ("x//y", "a part of its name is empty"),
            ("", "a part of its name is empty"),
            ("x/.git/config", "its name is git's own"),
            ("x/.GiT", "its name is git's own"),
            ("x/a\nb", "its name has control characters"),
            ("x/a\0b", "its name has control characters"),
            ("x/\u{7f}", "its name has control characters"),
        ] {
            assert_eq!(read(path), Err(why), "{path:?}");
        }
        assert_eq!(read(&"a/".repeat(DEEPEST + 1)), Err("it lies too deep"));
        assert_eq!(read(&"a".repeat(256)), Err("its name is too long"));
        assert_eq!(read(&"ab/".repeat(700)), Err("its name is too long"));
    }

    #[test]
    fn archives_of_repositories_are_known_by_their_names() {
        let is = |root: &str, component: &str| is_archive_of(root, &component.parse().unwrap());
        assert!(is("moodle-mod_attendance-MOODLE_400_STABLE", "mod_attendance"));
        assert!(is("danmarsden-moodle-mod_attendance-1a2b3c", "mod_attendance"));
        assert!(is("moodle-block_xp-3.15.1", "block_xp"));
        assert!(is("attendance-main", "mod_attendance"));
        assert!(!is("moodle-mod_attendances-main", "mod_attendance"));
        assert!(!is("plugin", "mod_attendance"));
    }
}

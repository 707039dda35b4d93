//! From the URL in `.gitmodules` to a source.

use crate::git::{Git, GitError, Source, redacted};

/// What relative URLs are relative to, and who speaks.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// A URL, or an absolute path.
    text: String,
    /// Whether the repository is on this machine, so that its submodules may be too.
    local: bool,
}

/// A repository's own URL. Of a directory of this machine it is that of its `origin`, as for git; a mirror without one
/// stands for itself.
pub(super) async fn base(git: &Git, source: &Source) -> Result<Base, GitError> {
    Ok(match source {
        Source::Url(url) => Base { text: url.as_str().to_owned(), local: url.is_file() },
        Source::Path(path) => {
            let origin = git.origin(path).await?;
            let usable = origin.filter(|url| Source::parse(url).is_ok());
            Base { text: usable.unwrap_or_else(|| path.to_string()), local: true }
        }
        // What came as a zip or a directory names no other repositories; if it did, they would have to be named in full.
        Source::Imported => Base { text: String::new(), local: false },
    })
}

/// The source that a URL of a submodule means, and its absolute form.
pub(super) fn resolve(base: &Base, url: &str) -> Result<(Source, String), GitError> {
    let wrong = |why: &str| GitError::Source { url: redacted(url), why: why.to_owned() };
    let absolute = if is_relative(url) {
        relative(&base.text, url).ok_or_else(|| wrong("it leads out of the place it is relative to"))?
    } else {
        url.to_owned()
    };
    let source = Source::parse(&absolute)?;
    let is_local = match &source {
        Source::Url(url) => url.is_file(),
        _ => true,
    };
    if is_local && !base.local {
        return Err(wrong("a repository from elsewhere may not name one of this machine"));
    }
    if let Source::Path(path) = &source
        && path.components().any(|part| part.as_str() == "..")
    {
        return Err(wrong("it has `..` in it"));
    }
    Ok((source, absolute))
}

fn is_relative(url: &str) -> bool {
    url == "." || url == ".." || url.starts_with("./") || url.starts_with("../")
}

/// As git does: each `../` takes off the last part of the base. Unlike git, it stops at the host.
fn relative(base: &str, url: &str) -> Option<String> {
    let base = base.trim_end_matches('/');
    let start = if let Some((scheme, rest)) = base.split_once("://") {
        scheme.len() + 3 + rest.find('/')?
    } else {
        // `host:path`, or an absolute path.
        base.find(':').filter(|_| !base.starts_with('/')).map_or(0, |at| at + 1)
    };
    let (root, path) = base.split_at(start);
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut rest = url.trim_end_matches('/');
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            parts.pop()?;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            break;
        }
    }
    match rest {
        ".." => drop(parts.pop()?),
        "." | "" => {}
        _ => parts.extend(rest.split('/').filter(|part| !part.is_empty() && *part != ".")),
    }
    if parts.is_empty() || parts.contains(&"..") {
        return None;
    }
    let slash = if path.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{slash}{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(base: &str, url: &str) -> String {
        let base = Base { text: base.to_owned(), local: base.starts_with('/') || base.starts_with("file:") };
        resolve(&base, url).map_or_else(|error| error.to_string(), |(_, absolute)| absolute)
    }

    #[test]
    fn relative_urls_are_resolved_as_git_does() {
        let hub = "https://github.com/h5p/h5p-moodle-plugin.git";
        assert_eq!(from(hub, "../h5p-php-library.git"), "https://github.com/h5p/h5p-php-library.git");
        assert_eq!(from(hub, "../../other/./x/"), "https://github.com/other/x");
        assert_eq!(from(hub, "./x"), format!("{hub}/x"));
        assert_eq!(from("git@github.com:h5p/a.git", "../b.git"), "git@github.com:h5p/b.git");
        assert_eq!(from("git@host:a.git", "../b.git"), "git@host:b.git");
        assert_eq!(from("ssh://git@host:22/x/a", "../b"), "ssh://git@host:22/x/b");
        assert_eq!(from("/srv/git/a/", "../b.git"), "/srv/git/b.git");
        assert_eq!(from("file:///srv/git/a", "../b"), "file:///srv/git/b");
        assert_eq!(from("/srv/git/a", "/other/b"), "/other/b");
        assert_eq!(from(hub, "https://gitlab.com/x/y"), "https://gitlab.com/x/y");
    }

    #[test]
    fn hostile_urls_are_refused() {
        let far = |url| from("https://h/a/b", url);
        insta::assert_snapshot!(far("-u./payload"), @"cannot use `-u./payload` as a git repository: it begins with `-`, so that git would take it for an option");
        insta::assert_snapshot!(far("ext::sh -c x"), @"cannot use `ext::sh -c x` as a git repository: it is neither an absolute path nor a URL");
        insta::assert_snapshot!(far("/etc"), @"cannot use `/etc` as a git repository: a repository from elsewhere may not name one of this machine");
        insta::assert_snapshot!(far("file:///etc"), @"cannot use `file:///etc` as a git repository: a repository from elsewhere may not name one of this machine");
        insta::assert_snapshot!(far("../../../evil.example/x"), @"cannot use `../../../evil.example/x` as a git repository: it leads out of the place it is relative to");
        insta::assert_snapshot!(far("../x/../../../y"), @"cannot use `../x/../../../y` as a git repository: it leads out of the place it is relative to");
        insta::assert_snapshot!(far("https://u:p@h/x"), @"cannot use `https://***@h/x` as a git repository: it has a password in it; let git's credential helper or an SSH key supply that");
        insta::assert_snapshot!(far("ssh://-oProxyCommand=x/y"), @"cannot use `ssh://-oProxyCommand=x/y` as a git repository: its host begins with `-`");
        insta::assert_snapshot!(far("https://h/x\n"), @r#"
cannot use `https://h/x
` as a git repository: it is too long or has control characters in it
"#);
        insta::assert_snapshot!(far(""), @"cannot use `` as a git repository: it is neither an absolute path nor a URL");
        insta::assert_snapshot!(from("/srv/a", "/srv/../etc"), @"cannot use `/srv/../etc` as a git repository: it has `..` in it");
    }

    proptest::proptest! {
        #[test]
        fn no_url_leads_from_elsewhere_to_this_machine(url in "(\\.\\./|\\./|/|file:|//|[a-z:@.\\-]){0,12}") {
            let base = Base { text: "https://h/a/b".to_owned(), local: false };
            if let Ok((source, absolute)) = resolve(&base, &url) {
                let Source::Url(found) = source else { panic!("{absolute}") };
                proptest::prop_assert!(!found.is_file());
                proptest::prop_assert!(!is_relative(&url) || absolute.starts_with("https://h/"));
            }
        }
    }
}

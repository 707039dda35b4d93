//! `[site.NAME]`.

use super::At;
use super::draft::SiteDraft;
use super::setting;
use super::value::Reader;
use crate::diagnostic::{Diagnostic, Span};
use crate::keys;
use crate::reference::absolute;
use crate::url::{SiteUrl, UrlError, is_host};

pub(super) fn read(mut reader: Reader<'_>) -> SiteDraft {
    let header = reader.span.clone();
    let url = reader.required("url").and_then(|text| url(&reader, text));
    let aliases = reader.texts("aliases");
    let aliases = aliases
        .into_iter()
        .filter(|alias| fits(&reader, alias, is_host, "a host name in lower case"))
        .collect();
    let was = reader.text("was").and_then(|text| match text.value.parse() {
        Ok(name) => Some(At::new(name, text.span)),
        Err(error) => {
            reader.sink.push(Diagnostic::error(text.span, format!("`{}`: {error}", text.value)));
            None
        }
    });
    let template = reader.text("template");
    let dataroot = reader.text("dataroot").and_then(|text| absolute(reader.sink, "dataroot", text));
    let tags = reader
        .texts("tags")
        .into_iter()
        .filter(|tag| fits(&reader, tag, is_tag, "a tag: letters, digits, `-`, `_`, `.`"));
    let tags = tags.collect();
    let full_name = reader
        .text("full_name")
        .filter(|name| fits(&reader, name, is_title, "a name of 1 to 254 characters on one line"));
    let short_name = reader
        .text("short_name")
        .filter(|name| fits(&reader, name, is_title, "a name of 1 to 254 characters on one line"));
    let draft = SiteDraft {
        url,
        was,
        template,
        aliases,
        dataroot,
        tags,
        enabled: reader.boolean("enabled").map(|enabled| enabled.value),
        full_name: full_name.map(|text| text.value),
        short_name: short_name.map(|text| text.value),
        // Moodle's own minimum is 96 MiB.
        memory: reader.size("memory_limit", 96..=8192).map(|size| size.value),
        upload: reader.size("upload_limit", 1..=10240).map(|size| size.value),
        workers: reader.integer("workers", 1..=500).map(|number| number.value),
        ..common(&mut reader, header)
    };
    reader.finish();
    draft
}

/// What sites and templates have in common.
pub(super) fn common(reader: &mut Reader<'_>, header: Span) -> SiteDraft {
    let codebase = reader.text("codebase");
    let database = reader.text("database");
    let database_name = reader.text("database_name").filter(|name| {
        fits(reader, name, is_database_name, "a database's name: lower-case letters, digits, `_`; at most 63")
    });
    let prefix = reader.text("prefix").filter(|prefix| {
        fits(
            reader,
            prefix,
            is_prefix,
            "a table prefix: a lower-case letter, then at most 9 letters, digits, `_`",
        )
    });
    let redis = reader.text("redis");
    let admin = reader.table("admin", &keys::SITE_ADMIN).map(|mut admin| {
        let user = admin
            .text("user")
            .filter(|user| fits(&admin, user, is_user, "a user name: lower-case letters, digits, `-_.@`"));
        let email = admin.text("email").filter(|email| fits(&admin, email, is_email, "an email address"));
        let password = admin.secret("password");
        admin.finish();
        (user, email, password)
    });
    let (user, email, password) = admin.unwrap_or_default();
    let language = reader
        .text("language")
        .filter(|code| fits(reader, code, is_language, "a language of Moodle's, such as `fr`"));
    let profiles = reader.texts("profiles");
    let settings = setting::read(reader);
    SiteDraft {
        header,
        codebase,
        database,
        database_name,
        prefix,
        redis,
        language,
        admin_user: user.map(|text| text.value),
        admin_email: email.map(|text| text.value),
        admin_password: password.map(|secret| secret.value),
        profiles,
        settings,
        ..SiteDraft::default()
    }
}

pub(super) fn url(reader: &Reader<'_>, text: At<String>) -> Option<At<SiteUrl>> {
    match text.value.parse::<SiteUrl>() {
        Ok(url) => Some(At::new(url, text.span)),
        Err(error) => {
            if text.value.contains('@') {
                reader.sink.mask(text.span.clone());
            }
            let fault = Diagnostic::error(text.span, error.to_string());
            reader.sink.push(match error {
                UrlError::Capitals(canonical) => fault.hint(format!("write \"{canonical}\"")),
                UrlError::Scheme => match with_scheme(&text.value) {
                    Some(meant) => fault.hint(format!("write \"{meant}\"")),
                    None => fault,
                },
                _ => fault,
            });
            None
        }
    }
}

/// What was meant by a URL with no scheme or another one, if that makes a URL.
fn with_scheme(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let scheme = if scheme.eq_ignore_ascii_case("http") { "http" } else { "https" };
    let meant = format!("{scheme}://{}", rest.to_ascii_lowercase());
    meant.parse::<SiteUrl>().ok().map(|url| url.to_string())
}

fn fits(reader: &Reader<'_>, text: &At<String>, rule: impl Fn(&str) -> bool, what: &str) -> bool {
    let fits = rule(&text.value);
    if !fits {
        reader.sink.push(Diagnostic::error(text.span.clone(), format!("`{}` is not {what}", text.value)));
    }
    fits
}

fn is_database_name(text: &str) -> bool {
    let word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (1..=63).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(word)
}

fn is_prefix(text: &str) -> bool {
    text.len() <= 10 && text.starts_with(|c: char| c.is_ascii_lowercase()) && is_database_name(text)
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(word)
}

fn is_user(text: &str) -> bool {
    let word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'@');
    (1..=100).contains(&text.len()) && text.bytes().all(word)
}

/// Plausible, not proven: one `@`, a host with a dot, nothing odd.
pub(super) fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'');
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !text.contains(odd) && host.contains('.') && is_host(&host.to_ascii_lowercase())
    })
}

fn is_title(text: &str) -> bool {
    (1..=254).contains(&text.chars().count()) && !text.contains(|c: char| c.is_control())
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('_');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            !part.is_empty() && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
        })
}

//! The file of a site that is disabled: every address of it is one plain page, and PHP is not asked.

use super::super::block::{Block, literal, text, variables};
use super::NginxSite;
use super::site::{write_aliases, write_common, write_head, write_listen, write_logs, write_way_in};

/// Who the page speaks of, and in which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedPage<'a> {
    /// The site's name for people.
    pub title: &'a str,
    /// Language code as Moodle has them; where the page is not written in it, it is in English.
    pub language: &'a str,
}

/// Headline and sentence by language.
const WORDS: [(&str, &str, &str); 4] = [
    ("en", "This site is closed", "It is not available at the moment."),
    ("fr", "Ce site est fermé", "Il n’est pas disponible pour le moment."),
    ("de", "Diese Website ist geschlossen", "Sie ist zurzeit nicht erreichbar."),
    ("es", "Este sitio está cerrado", "No está disponible en este momento."),
];

/// Returns the text of a disabled site's file. 503, so that search engines keep the site, and programs do not take the page for
/// one of Moodle's.
pub fn closed_file(site: &NginxSite<'_>, page: &ClosedPage<'_>) -> String {
    let mut file = Block::new();
    write_head(&mut file, site, ", disabled");
    if site.address.below.is_none() {
        file.block("server", &[], |server| {
            write_listen(server, site);
            server.set("server_name", &[literal(site.address.host)]);
            write_common(server, site);
            server.gap();
            server.block("location", &[variables("/")], |location| write_page(location, page));
        });
    }
    write_aliases(&mut file, site);
    file.finish()
}

/// Returns what a disabled site has in the `server` block of the host that it shares.
pub fn closed_location_file(site: &NginxSite<'_>, page: &ClosedPage<'_>) -> String {
    let mut file = Block::new();
    write_head(&mut file, site, ", disabled");
    write_way_in(&mut file, site);
    let prefix = format!("{}/", site.address.path());
    file.block("location", &[variables("^~"), text(prefix)], |location| {
        write_logs(location, site);
        write_page(location, page);
    });
    file.finish()
}

fn write_page(location: &mut Block, page: &ClosedPage<'_>) {
    location.set("default_type", &[variables("text/html")]);
    let header = |name, value| [variables(name), text(value), variables("always")];
    location.set("add_header", &header("Cache-Control", "no-store"));
    location.set("add_header", &header("X-Content-Type-Options", "nosniff"));
    location.set("return", &[variables("503"), text(html(page))]);
}

/// At most some 2,000 bytes, with a title of 254 characters that all need escapes: nginx takes words of 4,095.
fn html(page: &ClosedPage<'_>) -> String {
    let main = page.language.split('_').next().unwrap_or_default();
    let (language, head, sentence) =
        WORDS.into_iter().find(|(language, ..)| *language == main).unwrap_or(WORDS[0]);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{head}</title>\n\
         <style>body{{font:1.1em/1.5 sans-serif;max-width:36em;margin:20vh auto;padding:0 1em;color:#222}}</style>\n\
         </head>\n<body>\n<h1>{head}</h1>\n<p>{}</p>\n<p>{sentence}</p>\n</body>\n</html>\n",
        escaped(page.title)
    )
}

fn escaped(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_title_fits_a_word_of_nginx_and_is_no_markup() {
        let title = "\"".repeat(254);
        assert!(html(&ClosedPage { title: &title, language: "de_du" }).len() < 4000);
        let page = html(&ClosedPage { title: "<script>$uri & \"x\"", language: "nl" });
        assert!(page.contains("&lt;script&gt;$uri &amp; &quot;x&quot;") && page.contains("lang=\"en\""));
    }
}

//! Random files: an edit changes the lines of its thing and no other, reads back as meant, and again changes nothing.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use toml::{Table, Value};

use crate::edit::{Edit, apply_edits, meaning};

/// One line of a file, its end included, with the things that it is of: `codebase.a`, `codebase.a.plugins.mod_x`.
#[derive(Debug, Clone)]
struct Line {
    of: String,
    text: String,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Headers,
    OneHeader,
    Dotted,
    OneLine,
}

const PLUGINS: [&str; 4] = ["mod_aa", "local_bb", "theme_cc", "mod_longname"];
const SOURCES: [&str; 5] = [
    "{}",
    "\"v1.0\"",
    "{ absent = true }",
    "{ git = \"https://example.org/x.git\", tag = \"v1\" }",
    "{ zip=\"a # b.zip\" }",
];

/// What may stand between lines: nothing, empty lines, comments.
fn between() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(vec!["", "", "# word", "  # mod_z = {}", "# [codebase.old]", "\t"]), 0..4)
}

/// What may stand between tables, and is of neither.
fn apart() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(vec!["", "# word", "# [codebase.old]", "\t"]), 0..4)
        .prop_map(|lines| [vec![""], lines].concat())
}

fn after_value() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", " # why", "  "])
}

fn codebase(name: &'static str) -> impl Strategy<Value = Vec<(String, String)>> {
    let form = select(vec![Form::Headers, Form::Headers, Form::OneHeader, Form::Dotted, Form::OneLine]);
    let plugins = subsequence(PLUGINS.to_vec(), 0..4);
    let sources = prop::collection::vec((select(SOURCES.to_vec()), after_value(), between()), 4);
    (form, plugins, sources, after_value(), between()).prop_map(
        move |(form, plugins, sources, after, gap)| {
            let thing = format!("codebase.{name}");
            let mut lines = Vec::new();
            let mut line = |of: &str, text: String| lines.push((of.to_owned(), text));
            let each = plugins.iter().zip(&sources);
            match form {
                Form::OneLine => {
                    let plugins: Vec<_> =
                        each.map(|(plugin, (source, ..))| format!("{plugin} = {source}")).collect();
                    let plugins = plugins.join(", ");
                    line(
                        &thing,
                        format!("codebase.{name} = {{ moodle = \"4.5\", plugins = {{ {plugins} }} }}{after}"),
                    );
                }
                Form::Dotted | Form::OneHeader => {
                    let before =
                        if let Form::Dotted = form { format!("codebase.{name}.") } else { String::new() };
                    if before.is_empty() {
                        line(&thing, format!("[codebase.{name}]{after}"));
                    }
                    line(&format!("{thing}.moodle"), format!("{before}moodle = \"4.5\"{after}"));
                    for (plugin, (source, after, gap)) in each {
                        line(
                            &format!("{thing}.plugins.{plugin}"),
                            format!("{before}plugins.{plugin} = {source}{after}"),
                        );
                        for gap in gap {
                            line(&thing, (*gap).to_owned());
                        }
                    }
                }
                Form::Headers => {
                    line(&thing, format!("[ codebase . \"{name}\" ]{after}"));
                    line(&format!("{thing}.moodle"), format!("moodle = '4.5'{after}"));
                    for gap in gap {
                        line(&thing, (*gap).to_owned());
                    }
                    line(&thing, format!("[codebase.{name}.plugins]"));
                    for (plugin, (source, after, gap)) in each {
                        line(&format!("{thing}.plugins.{plugin}"), format!("  {plugin} = {source}{after}"));
                        for gap in gap {
                            line(&thing, (*gap).to_owned());
                        }
                    }
                }
            }
            lines
        },
    )
}

fn site(name: &'static str) -> impl Strategy<Value = Vec<(String, String)>> {
    (after_value(), between()).prop_map(move |(after, gap)| {
        let mut lines = vec![format!("[site.{name}]{after}"), format!("url = \"http://{name}.localhost\"")];
        lines.extend(gap.into_iter().map(str::to_owned));
        lines.push(format!("codebase = \"one\"{after}"));
        let thing = format!("site.{name}");
        let mut lines: Vec<_> = lines.into_iter().map(|line| (thing.clone(), line)).collect();
        let tags = ["tags = [ # more", "  \"x\", # [one]", "  'y' ]"];
        lines.extend(tags.map(|line| (format!("{thing}.tags"), line.to_owned())));
        lines
    })
}

/// A valid file. What has no header comes first, as it must.
fn file() -> impl Strategy<Value = Vec<Line>> {
    let blocks = (codebase("one"), codebase("two"), site("hugo"), site("zola"), apart());
    let blocks = blocks.prop_flat_map(|(one, two, hugo, zola, gap)| {
        let fleet =
            [("fleet".to_owned(), "[fleet]".to_owned()), ("fleet".to_owned(), "name = \"f\"".to_owned())];
        let blocks = Just(vec![one, two, hugo, zola, fleet.to_vec()]).prop_shuffle();
        (blocks, Just(gap), prop::collection::vec(select(vec!["\n", "\r\n"]), 1..4), any::<bool>())
    });
    blocks.prop_map(|(mut blocks, gap, endings, ends)| {
        blocks.sort_by_key(|lines| lines.first().is_some_and(|(_, text)| text.trim_start().starts_with('[')));
        let mut lines = Vec::new();
        for block in blocks {
            lines.extend(gap.iter().map(|gap| (String::new(), (*gap).to_owned())));
            lines.extend(block);
        }
        let last = lines.len() - 1;
        let ended = lines.into_iter().enumerate().map(|(number, (of, text))| {
            let ending = if number == last && !ends { "" } else { endings[number % endings.len()] };
            Line { of, text: text + ending }
        });
        // No line is empty without an end.
        ended.filter(|line| !line.text.is_empty()).collect()
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let plugin = (select(vec!["one", "two"]), select(PLUGINS.to_vec()));
    let plugin = plugin.prop_map(|(name, plugin)| ["codebase", name, "plugins", plugin]);
    let source = select(SOURCES.to_vec())
        .prop_map(|source| toml::from_str::<Table>(&format!("a = {source}")).unwrap().remove("a").unwrap());
    prop_oneof![
        (plugin.clone(), source).prop_map(|(path, value)| Edit::set(&path, value)),
        plugin.prop_map(|path| Edit::remove(&path)),
        select(vec!["one", "two"]).prop_map(|name| Edit::set(&["codebase", name, "moodle"], "5.0")),
        select(vec!["one", "two"]).prop_map(|name| Edit::set(&["codebase", name, "git"], "/srv/moodle.git")),
        select(vec!["one", "two"]).prop_map(|name| Edit::copy(&["codebase", name], &["codebase", "next"])),
        select(vec!["hugo", "zola"]).prop_map(|name| Edit::remove(&["site", name])),
        select(vec!["hugo", "zola"]).prop_map(|name| Edit::remove(&["site", name, "tags"])),
        Just(Edit::remove(&["codebase", "two"])),
        Just(Edit::insert(&["codebase", "next"], [("moodle", "5.0")])),
        Just(Edit::insert(&["web"], [("listen", "127.0.0.1:80")])),
    ]
}

/// The thing whose lines an edit may change; what it only adds to has none.
fn thing(edit: &Edit) -> Option<String> {
    match edit {
        Edit::Set { path, .. } | Edit::Remove { path } => Some(path.join(".")),
        Edit::Insert { .. } | Edit::InsertAll { .. } | Edit::Copy { .. } => None,
    }
}

fn read(text: &str) -> Table {
    toml::from_str(text).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn only_the_lines_of_the_thing_change(lines in file(), edit in edit()) {
        let text: String = lines.iter().map(|line| line.text.as_str()).collect();
        let before = read(&text);
        let edited = apply_edits("fleet.toml", &text, std::slice::from_ref(&edit));
        let edited = edited.map_err(|told| TestCaseError::fail(format!("{told}\n{text}")))?;

        let wanted = meaning::after(&before, &edit).map_err(|refusal| TestCaseError::fail(refusal.message))?;
        prop_assert!(meaning::same(&read(&edited), &wanted, &edit), "{edited}");
        let again = apply_edits("fleet.toml", &edited, std::slice::from_ref(&edit));
        prop_assert_eq!(again.as_ref(), Ok(&edited));

        let new: Vec<&str> = edited.split_inclusive('\n').collect();
        let bare = |line: &str| line.trim_end_matches(['\r', '\n']).to_owned();
        // Whatever was at the end of the file may get an end of its own.
        let alike = |old: &Line, new: &str| old.text == new || !old.text.ends_with('\n') && bare(new) == old.text;
        let begin = lines.iter().zip(&new).take_while(|(old, new)| alike(old, new)).count();
        let room = lines.len().min(new.len()) - begin;
        let end = lines.iter().rev().zip(new.iter().rev()).take(room).take_while(|(old, new)| old.text == **new).count();
        let gone = &lines[begin..lines.len() - end];
        let thing = thing(&edit);
        for line in gone {
            // A part of a table on one line is changed in that line.
            let of_it = thing.as_ref().is_some_and(|thing| line.of.starts_with(thing.as_str()) || holds(line, thing));
            let apart = matches!(edit, Edit::Remove { .. }) && line.text.trim().is_empty();
            prop_assert!(of_it || apart, "{:?} went\n{edited}", line.text);
        }
        if let (Edit::Set { path, .. }, [_]) = (&edit, gone) {
            let name: &Value = meaning::at(&before, path).unwrap_or(&Value::Boolean(false));
            prop_assert!(new.len() == lines.len(), "{name}: a line was replaced by more");
        }
    }
}

/// Whether a line is a table that a thing is in.
fn holds(line: &Line, thing: &str) -> bool {
    thing.starts_with(&line.of) && line.text.contains("plugins = {")
}

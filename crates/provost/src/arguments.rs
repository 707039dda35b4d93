//! The command line's grammar.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{
    apply, archive, caches, categories, check, checks, cli, codebase, completions, courses, cron, doctor,
    files, filters, init, journal, languages, mail, php, plan, plugins, replace, retry, roles, run, settings,
    site, sql, status, tables, tasks, template, theme, up, users,
};
use crate::ui::usage;

/// Runs fleets of Moodle sites from one file.
///
/// `fleet.toml` declares codebases, sites and servers. `provost plan` shows what would happen, `provost apply` does it, `provost up`
/// serves it.
#[derive(Debug, Parser)]
#[command(name = "provost", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// The fleet file.
    #[arg(
        short,
        long,
        global = true,
        default_value = "fleet.toml",
        value_name = "FILE",
        env = "PROVOST_FILE"
    )]
    pub(crate) file: Utf8PathBuf,
    /// Print JSON on standard output instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing of progress.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Colours on standard output and standard error.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Init(init::Arguments),
    Check(check::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Status(status::Arguments),
    Codebase(codebase::Arguments),
    Site(site::Arguments),
    Roles(roles::Arguments),
    Settings(settings::Arguments),
    Courses(courses::Arguments),
    Categories(categories::Arguments),
    Plugins(plugins::Arguments),
    Filters(filters::Arguments),
    Tasks(tasks::Arguments),
    Users(users::Arguments),
    Languages(languages::Arguments),
    Files(files::Arguments),
    Tables(tables::Arguments),
    Caches(caches::Arguments),
    Theme(theme::Arguments),
    Mail(mail::Arguments),
    Replace(replace::Arguments),
    Checks(checks::Arguments),
    Cli(cli::Arguments),
    Php(php::Arguments),
    Run(run::Arguments),
    Sql(sql::Arguments),
    Journal(journal::Arguments),
    Retry(retry::Arguments),
    Cron(cron::Arguments),
    Archive(archive::Arguments),
    Template(template::Arguments),
    Up(up::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

/// clap's description of the program, for the reference and the completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Reads the arguments of this process. Wrong usage is 64 (`EX_USAGE`).
pub(crate) fn parse() -> Result<Arguments, ExitCode> {
    Arguments::try_parse().map_err(|error| usage::show(&error, std::env::args_os().skip(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that has the name of a flag of every verb would be taken for it: `provost php x.php` would read `x.php` as the fleet file.
    #[test]
    fn no_verb_has_an_argument_of_the_name_of_a_global_one() {
        fn check(command: &clap::Command, global: &[&str]) {
            for argument in command.get_arguments() {
                assert!(
                    !global.contains(&argument.get_id().as_str()),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(|below| check(below, global));
        }
        let whole = command();
        let global: Vec<&str> = whole
            .get_arguments()
            .filter(|argument| argument.is_global_set())
            .map(|argument| argument.get_id().as_str())
            .collect();
        assert!(global.contains(&"file"), "{global:?}");
        whole.get_subcommands().for_each(|below| check(below, &global));
    }

    /// What documents call a command is one. Examples in code begin with `$ provost`, words in a text with a backtick.
    #[test]
    fn documents_name_commands_that_are_there() {
        let texts = [
            ("README.md", include_str!("../../../README.md")),
            ("administration.md", include_str!("../../../docs/administration.md")),
            ("archive.md", include_str!("../../../docs/archive.md")),
            ("commands.md", include_str!("../../../docs/commands.md")),
            ("roles.md", include_str!("../../../docs/roles.md")),
            ("settings.md", include_str!("../../../docs/settings.md")),
            ("sql.md", include_str!("../../../docs/sql.md")),
        ];
        let whole = command();
        let mut seen = 0;
        for (document, text) in texts {
            let starts = ["`provost ", "$ provost "].into_iter().flat_map(|start| text.split(start).skip(1));
            for named in starts {
                let words = named.split([' ', '`', '\n']).take_while(|word| {
                    !word.is_empty()
                        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                        && !word.starts_with('-')
                });
                let mut place = &whole;
                for word in words {
                    if place.get_subcommands().next().is_none() {
                        break;
                    }
                    let Some(next) = place.find_subcommand(word) else {
                        panic!("{document}: there is no `{word}` below `{}`", place.get_name());
                    };
                    place = next;
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }
}

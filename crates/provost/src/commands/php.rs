//! `provost php`.

use std::io::Read as _;

use camino::Utf8PathBuf;
use provost_ops::scripts::{self, What};
use provost_ops::session::Call;
use serde_json::json;

use super::errands::{How, Running};
use super::{Ended, cli};
use crate::ui::Ui;

/// The longest text, in bytes.
const LONGEST: u64 = 1 << 20;

/// Run PHP in many sites, with Moodle loaded and the site's administrator as the user
///
/// `$CFG`, `$DB` and Moodle's other global variables are there. What it writes is shown, sites that write the same together; an exit status other
/// than 0 fails the site.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A file that begins with `<?php`; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "code")]
    script: Option<Utf8PathBuf>,
    /// The code itself, without `<?php`.
    #[arg(short = 'r', long = "run", value_name = "CODE", conflicts_with = "script")]
    code: Option<String>,
    #[command(flatten)]
    running: Running,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let text = match (arguments.code, arguments.script) {
        (Some(code), _) => format!("<?php {code}\n"),
        (None, file) => match read(&file.unwrap_or_default()) {
            Ok(text) => text,
            Err(why) => return Ok(ui.usage(&why)),
        },
    };
    if !text.trim_start().starts_with("<?php") {
        return Ok(ui.usage("PHP begins with `<?php`: what stands before would be written as it is"));
    }
    let how = How::from(arguments.running);
    ui.stream(how.stream());
    let report =
        scripts::run(call, &What::Php { text, params: json!({}) }, None, false, how.options()).await?;
    cli::show(ui, &report, how.csv());
    Ok(report.exit)
}

fn read(file: &Utf8PathBuf) -> Result<String, String> {
    let mut text = String::new();
    let read = match file.as_str() {
        "-" => std::io::stdin().take(LONGEST).read_to_string(&mut text),
        path => std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map(|_| text).map_err(|error| format!("`{file}` cannot be read: {error}"))
}

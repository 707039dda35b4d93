//! `provost site maintenance`.

use std::time::Duration;

use provost_ops::session::Call;
use provost_ops::site::maintenance::{self, Wish};

use super::{Chosen, duration};
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// The longest notice: whoever plans further ahead writes a course's announcement.
const LONGEST_NOTICE: Duration = Duration::from_hours(7 * 24);

/// Shut visitors out with Moodle's own maintenance page, or let them in again
///
/// As `admin/cli/maintenance.php` does. What it did stands in the journal; the fleet file is not edited.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `on` or `off`.
    #[arg(value_name = "on|off")]
    mode: Mode,
    #[command(flatten)]
    chosen: Chosen,
    /// Begin in so long, such as `10m` or `2h`; every page warns of it until then.
    #[arg(long = "in", value_name = "TIME", value_parser = duration)]
    notice: Option<Duration>,
    /// What the page says, until maintenance ends; then the site has its own message back.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// Visitors get the page.
    On,
    /// Visitors come in.
    Off,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let wish = match wish(&arguments) {
        Ok(wish) => wish,
        Err(why) => return Ok(ui.usage(&why)),
    };
    let done = maintenance::maintenance(call, &arguments.chosen.into(), &wish).await?;
    ui.finish();
    if !ui.json(&done) {
        ui.out(&sites::maintenance(&done));
    }
    Ok(done.exit)
}

fn wish(arguments: &Arguments) -> Result<Wish, String> {
    let message = arguments.message.clone();
    match (arguments.mode, arguments.notice) {
        (Mode::On, None) => Ok(Wish::On { message }),
        (Mode::On, Some(notice)) if notice > LONGEST_NOTICE => {
            Err("`--in` is at most a week: `7d`".to_owned())
        }
        (Mode::On, Some(notice)) => {
            let minutes = u32::try_from(notice.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
            Ok(Wish::Later { minutes: minutes.max(1), message })
        }
        (Mode::Off, None) if message.is_none() => Ok(Wish::Off),
        (Mode::Off, _) => Err("`--in` and `--message` go with `on`".to_owned()),
    }
}

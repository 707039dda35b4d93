//! `provost users …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_admin::errand::{USERS_CREATE, USERS_LOGOUT, USERS_PASSWORD, USERS_SUSPEND};
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing};
use super::secret_file;
use crate::ui::Ui;

/// Accounts of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Create(Create),
    Password(Reset),
    /// Suspend an account, and end its sessions
    Suspend(One),
    /// Let a suspended account in again
    Unsuspend(One),
    Logout(Logout),
}

/// Make an account
///
/// One that is there with the same data is left as it is. Without a password file, Moodle makes a password, sends it with the site's next
/// cron, and asks for another one at the first login.
#[derive(Debug, clap::Args)]
struct Create {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// First name.
    #[arg(long, value_name = "NAME")]
    first_name: String,
    /// Last name.
    #[arg(long, value_name = "NAME")]
    last_name: String,
    /// Address of mail.
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// How it logs in: a plugin of type `auth` that is enabled.
    #[arg(long, value_name = "PLUGIN", default_value = "manual")]
    auth: String,
    /// A file whose first line is the password; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<Utf8PathBuf>,
    #[command(flatten)]
    changing: Changing,
}

/// Give an account another password, unlock it, and end its sessions
#[derive(Debug, clap::Args)]
struct Reset {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// A file whose first line is the password; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Utf8PathBuf,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    changing: Changing,
}

/// End sessions: of one account, or of everybody
#[derive(Debug, clap::Args)]
struct Logout {
    /// The user name; without, everybody is logged out.
    #[arg(value_name = "USER")]
    user: Option<String>,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Create(own) => create(call, ui, own).await,
        Verb::Password(own) => {
            let password = match secret_file::line(&own.password_file) {
                Ok(password) => password,
                Err(why) => return Ok(ui.usage(&why)),
            };
            let params = json!({ "user": own.user, "password": password.expose() });
            errands::run(call, ui, &USERS_PASSWORD.with_secret(params), own.changing).await
        }
        Verb::Suspend(own) => suspend(call, ui, own, true).await,
        Verb::Unsuspend(own) => suspend(call, ui, own, false).await,
        Verb::Logout(own) => {
            errands::run(call, ui, &USERS_LOGOUT.with(json!({ "user": own.user })), own.changing).await
        }
    }
}

async fn create(call: &Call, ui: &Ui, own: Create) -> Ended {
    let mut params = json!({
        "username": own.user, "firstname": own.first_name, "lastname": own.last_name, "email": own.email, "auth": own.auth,
    });
    let errand = match own.password_file.as_deref().map(secret_file::line).transpose() {
        Ok(None) => USERS_CREATE.with(params),
        Ok(Some(password)) => {
            params["password"] = json!(password.expose());
            USERS_CREATE.with_secret(params)
        }
        Err(why) => return Ok(ui.usage(&why)),
    };
    errands::run(call, ui, &errand, own.changing).await
}

async fn suspend(call: &Call, ui: &Ui, own: One, suspended: bool) -> Ended {
    let params = json!({ "user": own.user, "suspended": suspended });
    errands::run(call, ui, &USERS_SUSPEND.with(params), own.changing).await
}

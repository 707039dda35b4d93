//! `provost users …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_admin::errand::{
    USERS_ADMIN, USERS_ASSIGN, USERS_CREATE, USERS_DELETE, USERS_ENROL, USERS_LIST, USERS_LOGOUT,
    USERS_PASSWORD, USERS_ROLES, USERS_SUSPEND,
};
use provost_ops::session::Call;
use serde_json::{Value, json};

use super::Ended;
use super::courses::day;
use super::errands::{self, Changing, Destroying, Looking};
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
    List(List),
    /// Show the roles that an account has, and where
    Roles(Named),
    Create(Create),
    Password(Reset),
    /// Suspend an account, and end its sessions
    Suspend(One),
    /// Let a suspended account in again
    Unsuspend(One),
    Logout(Logout),
    Assign(Assign),
    /// Take a role away from an account
    Unassign(Assign),
    Enrol(Enrol),
    /// End an enrolment that was made by hand
    Unenrol(Unenrol),
    Admin(Admin),
    Delete(Delete),
}

/// Which accounts: those that fit all that is said.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "rule", required = true, multiple = true)]
struct Rule {
    /// User name; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    username: Option<String>,
    /// Address of mail; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    email: Option<String>,
    /// How they log in: `manual`, `ldap`.
    #[arg(long, value_name = "PLUGIN")]
    auth: Option<String>,
    /// Only those that are suspended.
    #[arg(long, conflicts_with = "active")]
    suspended: bool,
    /// Only those that are not.
    #[arg(long)]
    active: bool,
    /// Only those who never logged in.
    #[arg(long)]
    never_in: bool,
    /// Not here since a day, `2024-09-01`, and made before it.
    #[arg(long, value_name = "DAY", value_parser = day)]
    unused_since: Option<i64>,
    /// Made before a day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    made_before: Option<i64>,
}

impl Rule {
    fn said(&self) -> Value {
        json!({
            "username": self.username,
            "email": self.email,
            "auth": self.auth,
            "suspended": (self.suspended || self.active).then_some(self.suspended),
            "never_in": self.never_in.then_some(true),
            "unused_since": self.unused_since,
            "made_before": self.made_before,
        })
    }
}

/// Show accounts that fit a rule
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    looking: Looking,
}

/// Delete accounts that fit a rule; shows them first, and asks
///
/// What they wrote stays, as when the page of accounts deletes them. Administrators are never deleted.
#[derive(Debug, clap::Args)]
struct Delete {
    #[command(flatten)]
    rule: Rule,
    #[command(flatten)]
    destroying: Destroying,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    looking: Looking,
}

/// Give an account a role: in the whole site, or in a category
#[derive(Debug, clap::Args)]
struct Assign {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// The role's short name.
    #[arg(value_name = "ROLE")]
    role: String,
    /// The category: `Science / Physics`, `idnumber:PHY`, or `#12`. Without, the whole site.
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,
    #[command(flatten)]
    changing: Changing,
}

/// Enrol an account in a course, by hand
#[derive(Debug, clap::Args)]
struct Enrol {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// The course's short name.
    #[arg(long, value_name = "SHORTNAME")]
    course: String,
    /// The role's short name.
    #[arg(long, value_name = "ROLE", default_value = "student")]
    role: String,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct Unenrol {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// The course's short name.
    #[arg(long, value_name = "SHORTNAME")]
    course: String,
    #[command(flatten)]
    changing: Changing,
}

/// Make an account an administrator of its site, or with `--remove` none any more
#[derive(Debug, clap::Args)]
struct Admin {
    /// The user name.
    #[arg(value_name = "USER")]
    user: String,
    /// Take it away; there is always one administrator left.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    changing: Changing,
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
        Verb::List(own) => {
            errands::run(call, ui, &USERS_LIST.with(json!({ "rule": own.rule.said() })), own.looking).await
        }
        Verb::Roles(own) => {
            errands::run(call, ui, &USERS_ROLES.with(json!({ "user": own.user })), own.looking).await
        }
        Verb::Assign(own) => assign(call, ui, own, true).await,
        Verb::Unassign(own) => assign(call, ui, own, false).await,
        Verb::Enrol(own) => {
            let params =
                json!({ "user": own.user, "course": own.course, "role": own.role, "enrolled": true });
            errands::run(call, ui, &USERS_ENROL.with(params), own.changing).await
        }
        Verb::Unenrol(own) => {
            let params = json!({ "user": own.user, "course": own.course, "enrolled": false });
            errands::run(call, ui, &USERS_ENROL.with(params), own.changing).await
        }
        Verb::Admin(own) => {
            let params = json!({ "user": own.user, "admin": !own.remove });
            errands::run(call, ui, &USERS_ADMIN.with(params), own.changing).await
        }
        Verb::Delete(own) => {
            let errand = USERS_DELETE.with(json!({ "rule": own.rule.said() }));
            errands::run(call, ui, &errand, own.destroying).await
        }
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

async fn assign(call: &Call, ui: &Ui, own: Assign, assigned: bool) -> Ended {
    let params =
        json!({ "user": own.user, "role": own.role, "category": own.category, "assigned": assigned });
    errands::run(call, ui, &USERS_ASSIGN.with(params), own.changing).await
}

async fn suspend(call: &Call, ui: &Ui, own: One, suspended: bool) -> Ended {
    let params = json!({ "user": own.user, "suspended": suspended });
    errands::run(call, ui, &USERS_SUSPEND.with(params), own.changing).await
}

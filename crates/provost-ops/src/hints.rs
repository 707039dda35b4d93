//! Hints: what to do next about an error, found by looking through its whole chain. The only place that has them.

use std::error::Error;

use provost_codebase::build::BuildError;
use provost_codebase::git::GitError;
use provost_codebase::resolve::ResolveError;
use provost_engine::files::is_disk_full;
use provost_engine::kind::StepError;
use provost_engine::lease::LeaseError;
use provost_engine::store::StoreError;
use provost_moodle::sql::write::WriteError;
use provost_sites::accounts::AccountError;
use provost_sites::cron::CronError;
use provost_sites::database::mariadb::copy::CopyError;
use provost_sites::kind_template::opening::DoorError;
use provost_sites::secrets::SecretError;
use provost_sites::server::ServerError;
use provost_sites::server::redis::RedisError;
use provost_sites::site::SiteError;
use provost_sites::sql::QuestionError;
use provost_sites::sql::edit::EditError;
use provost_sites::up::UpError;

use crate::edit::commit::CommitError;

/// The first hint that any error of the chain has.
pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<String> {
    let mut at = Some(error);
    while let Some(one) = at {
        if let Some(hint) = single(one) {
            return Some(hint);
        }
        // A transparent error speaks for the one inside, and its source is the *next* one: the one inside is asked here.
        if let Some(hint) = inside(one).and_then(of) {
            return Some(hint);
        }
        at = one.source();
    }
    None
}

/// The error that a transparent one speaks for.
fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<StepError>() {
        return match error {
            StepError::Failed(inner) => Some(&**inner),
            StepError::Stale(_) | StepError::Cancelled => None,
        };
    }
    if let Some(error) = error.downcast_ref::<SiteError>() {
        return match error {
            SiteError::Server(inner) => Some(inner),
            SiteError::Copy(inner) => Some(inner),
            SiteError::Redis(inner) => Some(inner),
            SiteError::Secret(inner) => Some(inner),
            SiteError::Account(inner) => Some(inner),
            SiteError::Agent(inner) => Some(inner),
            _ => None,
        };
    }
    if let Some(CopyError::Server(inner)) = error.downcast_ref() {
        return Some(inner);
    }
    if let Some(RedisError::Account(inner)) = error.downcast_ref() {
        return Some(inner);
    }
    if let Some(ServerError::Account(inner)) = error.downcast_ref() {
        return Some(inner);
    }
    match error.downcast_ref::<UpError>()? {
        UpError::Server(inner) => Some(inner),
        UpError::Redis(inner) => Some(inner),
        UpError::Account(inner) => Some(inner),
        UpError::Lease(inner) => Some(inner),
        _ => None,
    }
}

fn single(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<std::io::Error>()
        && is_disk_full(error)
    {
        return Some("free some space, then run the same command again".to_owned());
    }
    if let Some(StoreError::Full { .. }) = error.downcast_ref() {
        return Some("free some space; once there is a little, `provost codebase gc` frees more".to_owned());
    }
    if let Some(LeaseError::Held { .. }) = error.downcast_ref() {
        return Some("wait for it, or end it; then run the same command again".to_owned());
    }
    if let Some(error) = error.downcast_ref::<ServerError>() {
        return of_server(error);
    }
    if let Some(error) = error.downcast_ref::<RedisError>() {
        return of_redis(error);
    }
    if let Some(error) = error.downcast_ref::<UpError>() {
        return of_up(error);
    }
    if let Some(CronError::Already { .. }) = error.downcast_ref() {
        return Some("`provost cron status` shows how it goes; `provost up` runs it too, unless `[cron] enabled = false`".to_owned());
    }
    if let Some(AccountError::Missing(_) | AccountError::NoProgram(_)) = error.downcast_ref() {
        return Some(DOCTOR.to_owned());
    }
    if let Some(error) = error.downcast_ref::<EditError>() {
        return of_edit(error);
    }
    if let Some(error) = error.downcast_ref::<CommitError>() {
        return of_commit(error);
    }
    if let Some(SecretError::NoVariable(name)) = error.downcast_ref() {
        return Some(format!("set it: `export {name}=…`"));
    }
    if let Some(error) = error.downcast_ref::<DoorError>() {
        return of_door(error);
    }
    if let Some(SiteError::Template { hint: Some(hint), .. }) = error.downcast_ref() {
        return Some(hint.clone());
    }
    if let Some(SiteError::Dataroot { from, .. }) = error.downcast_ref() {
        return Some(format!(
            "is it a disk of its own, or is something in the new place? Write `dataroot = \"{from}\"` into the site's table, or move it \
             by hand, and apply again: nothing is lost"
        ));
    }
    if let Some(SiteError::NoPhpRedis(_)) = error.downcast_ref() {
        return Some(format!(
            "nothing was done to the site; {DOCTOR}; or leave `redis` out: then sessions are in the database"
        ));
    }
    if let Some(SiteError::NoKeyspace { .. }) = error.downcast_ref() {
        return Some("`provost apply` makes it".to_owned());
    }
    if let Some(SiteError::NoPhp) = error.downcast_ref() {
        return Some(DOCTOR.to_owned());
    }
    if let Some(SiteError::Requirements { .. }) = error.downcast_ref() {
        return Some(
            "nothing was done to the site; bring what is missing, or give its codebase an older Moodle or the site another \
             server; `provost doctor` says how to install PHP's parts"
                .to_owned(),
        );
    }
    if let Some(error) = error.downcast_ref::<QuestionError>() {
        return of_question(error);
    }
    let of_codebase = [
        error.downcast_ref::<GitError>().and_then(GitError::hint),
        error.downcast_ref::<ResolveError>().and_then(ResolveError::hint),
        error.downcast_ref::<BuildError>().and_then(BuildError::hint),
    ];
    of_codebase.into_iter().flatten().next()
}

fn of_edit(error: &EditError) -> Option<String> {
    Some(match error {
        EditError::Write(WriteError::Statement(error)) => return error.hint(),
        EditError::Write(_) => {
            "other tables can be named in a subquery of the condition: `… where id in (select …)`".to_owned()
        }
        EditError::Question(error) => return of_question(error),
        EditError::Table(_) | EditError::NoId(_) => {
            "name a table of Moodle's in braces: `update {user} set …`".to_owned()
        }
        EditError::TooMany(_) => "`--most-rows` takes more; or change them a part at a time".to_owned(),
        EditError::Differs | EditError::Other { .. } => "nothing was changed there; run it again".to_owned(),
        EditError::Since(_) => "look at these rows, and put them back by hand where that is right".to_owned(),
        EditError::Keep(_) | EditError::NotShown(_) | EditError::OtherSite => return None,
    })
}

fn of_question(error: &QuestionError) -> Option<String> {
    Some(match error {
        QuestionError::Statement(error) => return error.hint(),
        QuestionError::Server(error) => return of_server(error),
        QuestionError::Writes(_) => {
            "what is asked begins with select, with, values, table, show or explain; `--write` changes rows"
                .to_owned()
        }
        QuestionError::Shut(_) => "`provost status` says what there is of it".to_owned(),
        QuestionError::NotMade => "`provost apply` makes it".to_owned(),
        QuestionError::Late(_) => {
            "give it more time with `--timeout`, or see what holds its database up".to_owned()
        }
        _ => return None,
    })
}

const DOCTOR: &str = "`provost doctor` says what this machine lacks and how to install it";

fn of_server(error: &ServerError) -> Option<String> {
    Some(match error {
        ServerError::NoPostgres | ServerError::NoMariadb => DOCTOR.to_owned(),
        ServerError::Lost { .. } => {
            "mount the disk it is on, or restore it from a backup; nothing was changed".to_owned()
        }
        ServerError::ForeignCluster(_) => "move it away, or give `[fleet] state` another place".to_owned(),
        ServerError::OtherEngine { is, .. } => {
            format!("put `engine = \"{}\"` back, or give the new server another name", is.key())
        }
        ServerError::SocketPath { .. } => "set XDG_RUNTIME_DIR to a shorter directory".to_owned(),
        ServerError::Connect { .. } | ServerError::Timeout(_) => {
            "is the server running, and are `host`, `port` and `admin` right?".to_owned()
        }
        _ => return None,
    })
}

fn of_redis(error: &RedisError) -> Option<String> {
    Some(match error {
        RedisError::NotInstalled => DOCTOR.to_owned(),
        RedisError::NotMade(_) => "`provost apply` makes it".to_owned(),
        RedisError::Lost { .. } => {
            "mount the disk it is on; if it is lost for good, only sessions are: remove its file in `keep/redis`, and apply"
                .to_owned()
        }
        RedisError::Foreign(_) => "move it away, or give `[fleet] state` another place".to_owned(),
        RedisError::Capitals(_) => "set XDG_RUNTIME_DIR to a directory without capitals".to_owned(),
        RedisError::SocketPath(_) => "set XDG_RUNTIME_DIR to a shorter directory".to_owned(),
        RedisError::Full(_) => "raise `databases` in its configuration, or give the site another redis".to_owned(),
        RedisError::Ask { .. } => {
            "is it running, and are its address and `admin` right? `admin` needs `+@all ~*`".to_owned()
        }
        _ => return None,
    })
}

fn of_commit(error: &CommitError) -> Option<String> {
    Some(match error {
        CommitError::NoGit => DOCTOR.to_owned(),
        CommitError::NoRepository(_) => "leave out `--commit`, or run `git init` there".to_owned(),
        CommitError::Untracked(file) => format!("commit it once yourself: `git add {file} && git commit`"),
        CommitError::Uncommitted(_) => "commit them first, or leave out `--commit`".to_owned(),
        CommitError::Nobody(_) => "set `git config user.name` and `user.email`".to_owned(),
        CommitError::NotNow(_) => {
            "end what is under way in the repository, or leave out `--commit`".to_owned()
        }
        CommitError::Failed(_) => "look at `git diff`, mend what git says, and commit it yourself".to_owned(),
        CommitError::Process(_) => return None,
    })
}

fn of_door(error: &DoorError) -> Option<String> {
    Some(match error {
        DoorError::NoUrl(name) => {
            format!("give it one in the fleet file: `url = \"…\"` in [template.{name}]; then `provost apply`")
        }
        DoorError::NotMade(_) => "`provost apply` makes it".to_owned(),
        DoorError::Open(name) => format!("`provost template close {name}` closes it"),
        DoorError::Closed(name) => format!("`provost template open {name}` opens it"),
        _ => return None,
    })
}

fn of_up(error: &UpError) -> Option<String> {
    Some(match error {
        UpError::Missing(_) => DOCTOR.to_owned(),
        UpError::PortInUse { .. } => {
            "end what listens there, or give `[web] listen` another address and the sites' urls its port"
                .to_owned()
        }
        UpError::AlreadyUp { .. } => "it serves already; `provost status` shows it".to_owned(),
        _ => return None,
    })
}

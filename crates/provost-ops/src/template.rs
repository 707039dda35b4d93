//! `provost template …`: opening a template for content that is made by hand, closing it, giving up what was made.

use provost_engine::lease::Lease;
use provost_fleet::name::Name;
use provost_fleet::suggest::nearest;
use serde::Serialize;

use crate::session::{Access, Call, Session};
use crate::{OpsError, spares};

/// A template that is open.
#[derive(Debug, Serialize)]
pub struct Opened {
    /// Version of this form.
    pub schema: u32,
    /// Its name.
    pub template: String,
    /// Where it is open.
    pub url: String,
    /// Its administrator's user name.
    pub user: String,
    /// The file that holds the password, where that was generated.
    pub password_file: Option<String>,
    /// What became of the running services, in words.
    pub served: String,
}

/// A template that is closed.
#[derive(Debug, Serialize)]
pub struct Closed {
    /// Version of this form.
    pub schema: u32,
    /// Its name.
    pub template: String,
    /// Size of its database, in words.
    pub size: String,
}

/// A template whose content by hand was given up.
#[derive(Debug, Serialize)]
pub struct Reset {
    /// Version of this form.
    pub schema: u32,
    /// Its name.
    pub template: String,
}

/// Opens a template.
///
/// # Errors
/// When there is none, or it cannot be opened.
pub async fn open(call: &Call, name: &str) -> Result<Opened, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let opened = async {
        let (name, _leases) = begin(&session, name).await?;
        let opened = session.templates().open(&session.cx, &session.lock, &name).await?;
        Ok(Opened {
            schema: 1,
            template: name.to_string(),
            url: opened.url,
            user: opened.user,
            password_file: opened.password_file.map(camino::Utf8PathBuf::into_string),
            served: opened.served,
        })
    };
    let opened = opened.await;
    session.close().await;
    opened
}

/// Closes a template.
///
/// # Errors
/// When there is none, or it is not open.
pub async fn close(call: &Call, name: &str) -> Result<Closed, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let closed = async {
        let (name, _leases) = begin(&session, name).await?;
        let size = session.templates().shut(&session.cx, &name).await?;
        Ok(Closed { schema: 1, template: name.to_string(), size })
    };
    let closed = closed.await;
    session.close().await;
    closed
}

/// Gives up what was made in a template by hand.
///
/// # Errors
/// When there is none, or it is open.
pub async fn reset(call: &Call, name: &str) -> Result<Reset, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let reset = async {
        let (name, _leases) = begin(&session, name).await?;
        session.templates().reset(&session.cx, &name).await?;
        Ok(Reset { schema: 1, template: name.to_string() })
    };
    let reset = reset.await;
    session.close().await;
    reset
}

/// Finds a template, and takes it for this command alone: no apply may make or copy it meanwhile.
async fn begin(session: &Session, name: &str) -> Result<(Name, [Lease; 2]), OpsError> {
    let templates = &session.loaded.fleet.templates;
    let Some((name, _)) = templates.iter().find(|(one, _)| one.as_str() == name) else {
        let known: Vec<&str> = templates.keys().map(Name::as_str).collect();
        let there = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => "the file declares none: add a [template.NAME]".to_owned(),
            None => format!("there is {}", known.join(", ")),
        };
        return Err(OpsError::NoSuch { what: "template", name: name.to_owned(), there });
    };
    let fleet = spares::fleet_lease(&session.cx).await?;
    let own = Lease::take(&session.cx, &format!("template/{name}")).await?;
    Ok((name.clone(), [fleet, own]))
}

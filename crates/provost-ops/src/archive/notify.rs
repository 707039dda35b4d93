//! Who is told that a session has finished, or that a course needs a person: by mail, and by a webhook.

use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::{Input, Program};
use provost_fleet::archive::{Notify, Webhook};
use provost_sites::secrets::References;
use serde::Serialize;

/// The longest that a webhook or a mail may take: nobody waits for a notice.
const LONGEST: Duration = Duration::from_secs(30);

/// Failures of single courses that are told in one run; the rest stands in the report. A broken target would send one for each course.
const MOST_FAILURES: u32 = 20;

/// A notice.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Notice {
    /// `finished`, `failed` or `halted`.
    pub(super) event: &'static str,
    /// The fleet.
    pub(super) fleet: String,
    /// The session's name.
    pub(super) session: String,
    /// Its number.
    pub(super) number: i64,
    /// The course, where it is about one.
    pub(super) course: Option<String>,
    /// In words.
    pub(super) text: String,
}

/// Sends notices.
pub(super) struct Notifier {
    cx: Context,
    to: Notify,
    references: References,
    failures: u32,
}

impl Notifier {
    pub(super) fn new(cx: &Context, to: &Notify, references: References) -> Self {
        Self { cx: cx.clone(), to: to.clone(), references, failures: 0 }
    }

    /// Sends one, by every way that is declared. What does not work is noted, and stops nothing.
    pub(super) async fn send(&mut self, notice: Notice) {
        if notice.course.is_some() {
            self.failures += 1;
            if self.failures > MOST_FAILURES {
                return;
            }
        }
        if !self.to.mail.is_empty()
            && let Err(why) = self.mail(&notice).await
        {
            self.cx.note(format!("no mail could be sent: {why}"));
        }
        if self.to.webhook.is_some()
            && let Err(why) = self.post(&notice).await
        {
            self.cx.note(format!("the webhook could not be told: {why}"));
        }
    }

    async fn mail(&self, notice: &Notice) -> Result<(), String> {
        let program = self.cx.machine.program("sendmail").ok_or("`sendmail` is not installed")?;
        let text = mail(&self.to.mail, notice);
        // The recipients stand in the message: none of them is an argument, and none can be taken for an option.
        let program = Program::new(&program)
            .args(["-t", "-i"])
            .input(Input::Bytes(text.into_bytes()))
            .deadline(LONGEST);
        self.cx.run(program).await.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn post(&self, notice: &Notice) -> Result<(), String> {
        let url = match &self.to.webhook {
            None => return Ok(()),
            Some(Webhook::Url(url)) => url.clone(),
            Some(Webhook::Secret(secret)) => {
                let found = self.references.resolve(&self.cx, secret).await;
                found.map_err(|error| error.to_string())?.expose().to_owned()
            }
        };
        let body = serde_json::to_string(notice).map_err(|error| error.to_string())?;
        let posted = tokio::task::spawn_blocking(move || post(&url, body)).await;
        posted.map_err(|error| error.to_string())?
    }
}

fn post(url: &str, body: String) -> Result<(), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(LONGEST)).build().into();
    // The error of a request may hold its URL, and the URL a token: only what kind of error it was is told.
    let sent = agent.post(url).header("content-type", "application/json").send(body);
    sent.map(|_| ()).map_err(|error| match error {
        ureq::Error::StatusCode(status) => format!("it answered {status}"),
        _ => "it cannot be reached".to_owned(),
    })
}

fn mail(to: &[String], notice: &Notice) -> String {
    let one_line = |text: &str| text.replace(['\r', '\n'], " ");
    let subject = match &notice.course {
        Some(course) => format!("{}: {course}", notice.event),
        None => notice.event.to_owned(),
    };
    format!(
        "To: {}\nSubject: [{}] archive {} {}\nContent-Type: text/plain; charset=utf-8\n\n{}\n",
        to.iter().map(|address| one_line(address)).collect::<Vec<_>>().join(", "),
        one_line(&notice.fleet),
        one_line(&notice.session),
        one_line(&subject),
        notice.text
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_no_header_that_a_course_could_write() {
        let notice = Notice {
            event: "failed",
            fleet: "academie".to_owned(),
            session: "yearly".to_owned(),
            number: 3,
            course: Some("c7\nBcc: somebody@example.org".to_owned()),
            text: "c7 failed".to_owned(),
        };
        let text = mail(&["ops@example.org".to_owned()], &notice);
        assert_eq!(text.split("\n\n").next().unwrap().lines().count(), 3);
        assert!(text.starts_with("To: ops@example.org\nSubject: [academie] archive yearly failed: c7 Bcc:"));
    }
}

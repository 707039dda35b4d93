//! `provost sql --write`: rows of many sites changed by one statement. Shown first; one transaction for each site; and what was there is
//! kept, so that `--undo` can put it back.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use provost_admin::compare::Key;
use provost_admin::settings::is_secret;
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;
use provost_engine::store::OperationId;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_sites::sql::QuestionError;
use provost_sites::sql::edit::{Edit, EditError, PutBack, Touched, Verb, put_back};
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Rows, SqlError, SqlOptions, declared_of, engines, saved, values_of};
use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Cause, Deed, Target, Touch};
use crate::journal::{self, Which};
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::to_change;

/// Name of the operation in the journal.
pub(crate) const OPERATION: &str = "sql-write";

/// Name of the operation that puts back.
const UNDO: &str = "sql-undo";

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Rows were changed.
    Done,
    /// It was only shown.
    Planned,
    /// It was shown, and not agreed to.
    Refused,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Written {
    /// Version of this form.
    pub schema: u32,
    /// The number in the journal.
    pub operation: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// The statement.
    pub statement: String,
    /// Each site, with the rows that are touched.
    pub sites: Vec<Target<Shown>>,
    /// Failures by their reason.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Rows that are touched at one site, without what may be a secret.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// What is done to them.
    pub verb: Verb,
    /// The table.
    pub table: String,
    /// They, before they go or get other values; or as they come.
    #[serde(flatten)]
    pub rows: Rows,
}

impl Written {
    /// How many rows are touched, of how many sites.
    pub fn count(&self) -> (usize, usize) {
        let touched =
            self.sites.iter().filter_map(|site| site.done.as_ref()).map(|shown| shown.rows.rows.len());
        touched.filter(|count| *count > 0).fold((0, 0), |(rows, sites), count| (rows + count, sites + 1))
    }
}

/// Changes rows at the sites that are meant.
///
/// # Errors
/// When it is no statement whose rows could be kept, or no sites are meant. What goes wrong at a site is told with it.
pub async fn write(
    call: &Call,
    options: &SqlOptions,
    dry_run: bool,
    ask: impl AsyncFnOnce(&Written) -> bool,
) -> Result<Written, OpsError> {
    let text = saved::text_of(call, &options.source)?;
    let values = values_of(&options.values)?;
    let (most_rows, patience) = (options.most_rows, options.patience);
    let edit = Edit { text, values, most_rows, patience };
    write_at(call, &edit, &options.targets, dry_run, ask).await
}

/// Does again what an operation of the journal left, at sites.
pub(crate) async fn again(
    call: &Call,
    operation: OperationId,
    declared: &serde_json::Value,
    targets: Targets,
    ask: impl AsyncFnOnce(&Written) -> bool,
) -> Result<Written, OpsError> {
    let question = super::question_of(operation, declared)?;
    let (most_rows, patience) = (question.most_rows, question.patience);
    let edit = Edit { text: question.text, values: question.values, most_rows, patience };
    write_at(call, &edit, &targets, false, ask).await
}

async fn write_at(
    call: &Call,
    edit: &Edit,
    targets: &Targets,
    dry_run: bool,
    ask: impl AsyncFnOnce(&Written) -> bool,
) -> Result<Written, OpsError> {
    let names = to_change(call, targets).await?;
    let session = Session::open(call, if dry_run { Access::Look } else { Access::Change })?;
    let done = Round { session: &session, edit }.run(&names, dry_run, ask).await;
    session.close().await;
    done
}

struct Round<'a> {
    session: &'a Session,
    edit: &'a Edit,
}

impl Round<'_> {
    async fn run(
        &self,
        names: &[Name],
        dry_run: bool,
        ask: impl AsyncFnOnce(&Written) -> bool,
    ) -> Result<Written, OpsError> {
        self.check(names)?;
        let (operation, looked) = self.look(names).await?;
        let (shown, sites) = apart(looked);
        let plan = Written { outcome: Outcome::Planned, ..self.told(operation, sites) };
        if self.session.cx.cancel.is_cancelled() {
            return Err(OpsError::Interrupted);
        }
        let failed = plan.sites.iter().any(|target| target.error.is_some());
        if dry_run || (plan.count().0 == 0 && !failed) {
            return Ok(plan);
        }
        if plan.count().0 > 0 && !ask(&plan).await {
            return Ok(Written { outcome: Outcome::Refused, exit: Exit::Refused, ..plan });
        }
        self.change(plan, &shown).await
    }

    fn check(&self, names: &[Name]) -> Result<(), SqlError> {
        let engines = engines(&self.session.loaded.fleet, names);
        let mut faults = engines.iter().filter_map(|engine| Some((*engine, self.edit.check(*engine).err()?)));
        let Some((engine, source)) = faults.next() else { return Ok(()) };
        let everywhere = faults.count() + 1 == engines.len();
        Err(SqlError::Edit { engine: (!everywhere).then_some(engine), source })
    }

    async fn look(&self, names: &[Name]) -> Result<(OperationId, Vec<Target<Touched>>), OpsError> {
        let (session, fleet) = (self.session, &self.session.loaded.fleet);
        let deed =
            Deed { operation: OPERATION, declared: self.declared(json!({ "dry": true })), touch: Touch::Ask };
        let work = async |name: &Name| {
            let site = fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
            self.edit.preview(&session.cx, &session.servers, name, site).await
        };
        let evidence = |touched: &Touched| format!("{} row(s) shown", touched.count());
        let done = fanout::each(session, &deed, names, work, evidence).await?;
        Ok((done.operation, done.targets))
    }

    async fn change(&self, plan: Written, shown: &BTreeMap<Name, Touched>) -> Result<Written, OpsError> {
        let (session, fleet) = (self.session, &self.session.loaded.fleet);
        // Sites of which nothing could be shown are part of it, as failed: it is this operation that is tried again.
        let failed: BTreeMap<Name, String> = plan
            .sites
            .iter()
            .filter_map(|target| Some((target.site.parse().ok()?, target.error.clone()?)))
            .collect();
        let names: BTreeSet<Name> = shown.keys().chain(failed.keys()).cloned().collect();
        let names: Vec<Name> = names.into_iter().collect();
        // The journal says where it is kept.
        let kept_in = uuid::Uuid::new_v4().simple().to_string();
        let deed = Deed {
            operation: OPERATION,
            declared: self.declared(json!({ "kept": kept_in })),
            touch: Touch::Change,
        };
        // A transaction that was begun is ended: whoever asks to stop gets no new ones.
        let cx = Context { cancel: CancellationToken::new(), ..session.cx.clone() };
        let place = session.cx.paths.undo().join(kept_in);
        let work = async |name: &Name| {
            if let Some(why) = failed.get(name) {
                return Err(EditError::NotShown(why.clone()));
            }
            let (site, touched) = (fleet.sites.get(name), shown.get(name));
            let (site, touched) =
                (site.ok_or(QuestionError::NotMade)?, touched.ok_or(QuestionError::NotMade)?);
            let keep = |touched: &Touched| kept(&place, name, touched);
            self.edit.write(&cx, &session.servers, name, site, touched, keep).await
        };
        let evidence = |touched: &Touched| format!("{} row(s)", touched.count());
        let done = fanout::each(session, &deed, &names, work, evidence).await?;
        let (_, mut targets) = apart(done.targets);
        // Where nothing was touched nothing was done.
        let known: Vec<String> = targets.iter().map(|target| target.site.clone()).collect();
        targets.extend(plan.sites.into_iter().filter(|target| !known.contains(&target.site)));
        targets.sort_by(|a, b| a.site.cmp(&b.site));
        Ok(self.told(done.operation, targets))
    }

    fn told(&self, operation: OperationId, sites: Vec<Target<Shown>>) -> Written {
        Written {
            schema: 1,
            operation: operation.0,
            outcome: Outcome::Done,
            statement: self.edit.text.clone(),
            causes: fanout::causes(&self.session.loaded.fleet, &sites),
            exit: fanout::exit(self.session.cx.cancel.is_cancelled(), &sites),
            sites,
        }
    }

    fn declared(&self, more: serde_json::Value) -> serde_json::Value {
        let (edit, mut declared) = (self.edit, more);
        let question = declared_of(&edit.text, &edit.values, edit.most_rows, edit.patience, None);
        if let (Some(fields), serde_json::Value::Object(question)) = (declared.as_object_mut(), question) {
            fields.extend(question);
        }
        declared
    }
}

/// What is touched at each site where something is; and what is shown of it.
fn apart(targets: Vec<Target<Touched>>) -> (BTreeMap<Name, Touched>, Vec<Target<Shown>>) {
    let hidden = |column: &str| is_secret(&Key { of: "core".into(), name: column.into() });
    let mut touched = BTreeMap::new();
    let mut shown = Vec::new();
    for Target { site, done, error, hint } in targets {
        let told = done.as_ref().map(|done| Shown {
            verb: done.verb,
            table: done.table.clone(),
            rows: done.shown(hidden),
        });
        if let (Some(done), Ok(name)) = (done, site.parse::<Name>())
            && done.count() > 0
        {
            touched.insert(name, done);
        }
        shown.push(Target { site, done: told, error, hint });
    }
    (touched, shown)
}

/// Keeps what was there before and after, on the disk, for this user alone.
fn kept(directory: &Utf8Path, name: &Name, touched: &Touched) -> std::io::Result<()> {
    files::directory(directory, 0o700, &Account::Own)?;
    let text = serde_json::to_vec(touched).map_err(std::io::Error::other)?;
    files::write_whole(&directory.join(format!("{name}.json")), &text, 0o600, &Account::Own)
}

/// What came of putting rows back at one site.
#[derive(Debug, Clone, Serialize)]
pub struct Back {
    /// The table.
    pub table: String,
    /// How many rows were put back; 0 where they were as before already.
    pub rows: usize,
    /// The rows that somebody has changed since, by table and number: they stay.
    pub changed: Vec<String>,
}

/// What came of putting rows back.
#[derive(Debug, Serialize)]
pub struct Undone {
    /// Version of this form.
    pub schema: u32,
    /// The number in the journal.
    pub operation: i64,
    /// The operation that was undone.
    pub undone: i64,
    /// Each site.
    pub sites: Vec<Target<Back>>,
    /// Failures by their reason.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Puts back what an operation changed, at all of its sites or some of them; `dry` only says what that would be.
///
/// # Errors
/// When nothing is kept of the operation. What goes wrong at a site is told with it.
pub async fn undo(
    call: &Call,
    which: Which,
    targets: &Targets,
    patience: std::time::Duration,
    dry: bool,
) -> Result<Undone, OpsError> {
    let chosen = match targets.names.is_empty() && targets.selection.is_none() {
        true => None,
        false => Some(to_change(call, targets).await?),
    };
    let session = Session::open(call, Access::Change)?;
    let done = undo_in(&session, which, chosen, patience, dry).await;
    session.close().await;
    done
}

async fn undo_in(
    session: &Session,
    which: Which,
    chosen: Option<Vec<Name>>,
    patience: std::time::Duration,
    dry: bool,
) -> Result<Undone, OpsError> {
    let entry = journal::find(session, which)?;
    let undone = entry.operation.id.0;
    let fleet = &session.loaded.fleet;
    // Our own word, and no path: what is asked for is looked up among what is there.
    let place = entry.declared["kept"].as_str().filter(|word| word.chars().all(|c| c.is_ascii_hexdigit()));
    let directory = session.cx.paths.undo().join(place.unwrap_or("none"));
    let kept = if place.is_some() { names_in(&directory, fleet) } else { Vec::new() };
    let names: Vec<Name> =
        kept.into_iter().filter(|name| chosen.as_ref().is_none_or(|all| all.contains(name))).collect();
    if names.is_empty() {
        let there = "`provost journal` shows what was done; `sql-write` is what can be undone".to_owned();
        return Err(OpsError::NoSuch {
            what: "kept change of these sites in operation",
            name: undone.to_string(),
            there,
        });
    }
    let deed =
        Deed { operation: UNDO, declared: json!({ "undone": undone, "dry": dry }), touch: Touch::Change };
    let cx = Context { cancel: CancellationToken::new(), ..session.cx.clone() };
    let work = async |name: &Name| -> Result<Back, EditError> {
        let kept = kept_of(&directory, name, fleet).ok_or(QuestionError::NotMade)?;
        let text = fs_err::read(kept).map_err(EditError::Keep)?;
        let touched: Touched =
            serde_json::from_slice(&text).map_err(std::io::Error::other).map_err(EditError::Keep)?;
        let site = fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
        let PutBack { rows, changed } =
            put_back(&cx, &session.servers, name, site, &touched, patience, dry).await?;
        Ok(Back { table: touched.table, rows, changed })
    };
    let evidence = |back: &Back| match back.changed.len() {
        0 => format!("{} row(s) put back", back.rows),
        changed => format!("{} row(s) put back, {changed} changed since stay", back.rows),
    };
    let mut done = fanout::each(session, &deed, &names, work, evidence).await?;
    for target in &mut done.targets {
        let changed = target.done.as_ref().map(|back| back.changed.clone()).unwrap_or_default();
        if !changed.is_empty() {
            target.error = Some(EditError::Since(changed).to_string());
        }
    }
    Ok(Undone {
        schema: 1,
        operation: done.operation.0,
        undone,
        causes: fanout::causes(fleet, &done.targets),
        exit: fanout::exit(session.cx.cancel.is_cancelled(), &done.targets),
        sites: done.targets,
    })
}

/// The sites of the fleet of which something is kept.
fn names_in(directory: &Utf8PathBuf, fleet: &Fleet) -> Vec<Name> {
    fleet.sites.keys().filter(|name| kept_of(directory, name, fleet).is_some()).cloned().collect()
}

/// Where something is kept of a site: under its name, or the one that it had.
fn kept_of(directory: &Utf8Path, name: &Name, fleet: &Fleet) -> Option<Utf8PathBuf> {
    let was = fleet.sites.get(name).and_then(|site| site.was.as_ref());
    let files = [Some(name), was].into_iter().flatten().map(|name| directory.join(format!("{name}.json")));
    files.into_iter().find(|file| file.exists())
}

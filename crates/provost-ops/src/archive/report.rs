//! `provost archive report`: a page for people, and CSV.

use std::io::BufWriter;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use provost_archive::phases::Dossier;
use provost_archive::report::{Csv, Head, Html, Row};
use provost_engine::registry::{Page, Query, Registry, Session as SessionRow};
use provost_fleet::archive::Archive;
use serde::Serialize;

use super::{ArchiveError, Which};
use crate::OpsError;
use crate::error::io;
use crate::session::{Access, Call, Session};

/// Units that are read at once.
const PAGE: u32 = 1000;

/// Reports that were written.
#[derive(Debug, Serialize)]
pub struct Reported {
    /// Version of this form.
    pub schema: u32,
    /// The session.
    pub session: i64,
    /// The page.
    pub html: Utf8PathBuf,
    /// The CSV.
    pub csv: Utf8PathBuf,
}

/// Writes the report of a session into a directory.
pub async fn report(call: &Call, which: &Which, to: &Utf8Path) -> Result<Reported, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        fs_err::create_dir_all(call.environment.directory.join(to)).map_err(io("make", to))?;
        let stem = format!("archive-{}-{}", row.name, row.id.0);
        let (html, csv) = (to.join(format!("{stem}.html")), to.join(format!("{stem}.csv")));
        let paths = (call.environment.directory.join(&html), call.environment.directory.join(&csv));
        write(&*registry, &row, &paths).await?;
        Ok(Reported { schema: 1, session: row.id.0, html, csv })
    };
    let done = done.await;
    session.close().await;
    done
}

async fn write(
    registry: &dyn Registry,
    row: &SessionRow,
    (html, csv): &(Utf8PathBuf, Utf8PathBuf),
) -> Result<(), OpsError> {
    let declared: Archive =
        serde_json::from_value(row.declared.clone()).map_err(ArchiveError::Declaration)?;
    let totals = registry.totals(row.id).await.map_err(ArchiveError::from)?;
    let (from, to) = (declared.from.site.to_string(), declared.to.site.to_string());
    let head = Head::of(row, &from, &to, totals, Timestamp::now());
    let create = |path: &Utf8PathBuf| std::fs::File::create(path).map(BufWriter::new);
    let mut page = create(html).and_then(|file| Html::begin(file, &head)).map_err(io("write", html))?;
    let mut table = create(csv).and_then(Csv::begin).map_err(io("write", csv))?;
    let mut query = Query { limit: PAGE, ..Query::default() };
    loop {
        let Page { units, next } = registry.page(row.id, &query).await.map_err(ArchiveError::from)?;
        for unit in &units {
            let place = Dossier::from_facts(&unit.facts).unwrap_or_default().place;
            let row = Row::of(unit, format!("/{}", place.join("/")));
            page.row(&row).map_err(io("write", html))?;
            table.row(&row).map_err(io("write", csv))?;
        }
        query.after = next;
        if query.after.is_none() {
            break;
        }
    }
    page.end().map_err(io("write", html))?;
    table.end().map_err(io("write", csv))?;
    Ok(())
}

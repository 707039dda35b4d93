//! Sessions as a whole: made, ordered about, listed.

use jiff::Timestamp;

use super::super::database::{Act, Db, Row, first, values};
use super::super::error::RegistryError;
use super::super::session::{NewSession, Session, SessionId, SessionOrder, SessionState};

/// The columns of a session, in the order in which [`read`] reads them.
const COLUMNS: &str = "id, coalesce(name, ''), actor, declared, state, orders, orders_version, created_at";

fn read(mut row: Row) -> Result<Session, RegistryError> {
    let row = &mut row;
    Ok(Session {
        id: crate::store::OperationId(row.int()?),
        name: row.text()?,
        actor: row.text()?,
        declared: row.json()?,
        state: state(row.text()?)?,
        orders: row.json()?,
        orders_version: row.int()?,
        created_at: row.written_time()?,
    })
}

fn state(word: String) -> Result<SessionState, RegistryError> {
    SessionState::parse(&word).ok_or(RegistryError::Foreign { what: "state of a session", value: word })
}

/// How a session stands, and the version of its orders.
pub(super) async fn standing<D: Db>(
    db: &mut D,
    session: SessionId,
    lock: &str,
) -> Result<(SessionState, i64), RegistryError> {
    let sql =
        format!("select state, orders_version from operation where id = $1 and machine = 'archive'{lock}");
    let mut row = first(db, &sql, values![session.0]).await?.ok_or(RegistryError::NoSession(session))?;
    Ok((state(row.text()?)?, row.int()?))
}

pub(in super::super) struct Draft {
    pub(in super::super) session: NewSession,
    pub(in super::super) now: Timestamp,
}

impl Act for Draft {
    type Out = SessionId;

    async fn act<D: Db>(&self, db: &mut D) -> Result<SessionId, RegistryError> {
        let new = &self.session;
        let sql = "insert into operation (machine, actor, declared, state, created_at, schema, name, orders) \
                   values ('archive', $1, $2, 'drafting', $3, 1, $4, $5) returning id";
        let bound = values![
            new.actor.clone(),
            new.declared.to_string(),
            self.now.to_string(),
            new.name.clone(),
            new.orders.to_string()
        ];
        let mut row = first(db, sql, bound)
            .await?
            .ok_or(RegistryError::Foreign { what: "number of a session", value: String::new() })?;
        Ok(crate::store::OperationId(row.int()?))
    }
}

pub(in super::super) struct Order {
    pub(in super::super) session: SessionId,
    pub(in super::super) order: SessionOrder,
}

impl Act for Order {
    type Out = SessionState;

    async fn act<D: Db>(&self, db: &mut D) -> Result<SessionState, RegistryError> {
        let (state, _) = standing(db, self.session, D::LOCK).await?;
        let after = state.after(self.order).ok_or(RegistryError::Order { state, order: self.order })?;
        db.run("update operation set state = $2 where id = $1", values![self.session.0, after.word()])
            .await?;
        if state == SessionState::Drafting && !D::ADDED.is_empty() {
            db.run(D::ADDED, &[]).await?;
        }
        Ok(after)
    }
}

pub(in super::super) struct SetOrders {
    pub(in super::super) session: SessionId,
    pub(in super::super) orders: serde_json::Value,
    pub(in super::super) seen: i64,
}

impl Act for SetOrders {
    type Out = Option<i64>;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Option<i64>, RegistryError> {
        let (_, version) = standing(db, self.session, D::LOCK).await?;
        if version != self.seen {
            return Ok(None);
        }
        let sql = "update operation set orders = $2, orders_version = orders_version + 1 \
                   where id = $1 and machine = 'archive' returning orders_version";
        let row = first(db, sql, values![self.session.0, self.orders.to_string()]).await?;
        Ok(Some(row.ok_or(RegistryError::NoSession(self.session))?.int()?))
    }
}

pub(in super::super) struct Sessions {
    pub(in super::super) only: Option<SessionId>,
    pub(in super::super) name: Option<String>,
    pub(in super::super) limit: u32,
}

impl Act for Sessions {
    type Out = Vec<Session>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Vec<Session>, RegistryError> {
        let sql = format!(
            "select {COLUMNS} from operation where machine = 'archive' \
             and (id = $1 or cast($1 as bigint) is null) and (name = $2 or cast($2 as text) is null) \
             order by id desc limit $3"
        );
        let bound = values![self.only.map(|id| id.0), self.name.clone(), self.limit];
        db.rows(&sql, bound).await?.into_iter().map(read).collect()
    }
}

/// The clock of the database's machine.
pub(in super::super) struct Clock;

impl Act for Clock {
    type Out = Timestamp;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Timestamp, RegistryError> {
        let missing = RegistryError::Foreign { what: "time", value: String::new() };
        first(db, D::CLOCK, &[])
            .await?
            .ok_or(missing)?
            .maybe_time()?
            .ok_or(RegistryError::Foreign { what: "time", value: String::new() })
    }
}

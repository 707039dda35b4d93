//! Reading a site's roles, and bringing some there.

use std::collections::BTreeSet;

use provost_fleet::name::Name;
use provost_sites::roles::{ImportRequest, Roles, RolesDoor};

use super::RolesError;
use super::plan::{self, Action, RolePlan};
use super::source::Source;
use crate::reach::reach;
use crate::session::Session;

/// What is to be done at one site.
pub(super) struct Work<'a> {
    source: &'a Source,
    named: &'a [String],
    roles: Vec<RolePlan>,
}

/// All roles of a site.
pub(super) async fn read(session: &Session, name: &Name) -> Result<Roles, RolesError> {
    let mut door = door(session, name).await?;
    let roles = door.export(&session.cx).await;
    door.close().await;
    roles.map_err(RolesError::Read)
}

async fn door(session: &Session, name: &Name) -> Result<RolesDoor, RolesError> {
    let (_, account) = reach(session, name).await.map_err(RolesError::Site)?;
    let subject = format!("roles/{name}");
    RolesDoor::open(&session.cx, name, &account, Some(&subject)).await.map_err(RolesError::Read)
}

impl<'a> Work<'a> {
    pub(super) fn of(source: &'a Source, named: &'a [String], roles: &[RolePlan]) -> Self {
        let roles = roles.iter().filter(|role| role.is_work()).cloned().collect();
        Self { source, named, roles }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Does it, reads it back, and says what was done.
    pub(super) async fn bring(&self, session: &Session, name: &Name) -> Result<String, RolesError> {
        let mut door = door(session, name).await?;
        let brought = self.through(session, &mut door).await;
        door.close().await;
        brought
    }

    async fn through(&self, session: &Session, door: &mut RolesDoor) -> Result<String, RolesError> {
        let cx = &session.cx;
        let coming = self.with(Action::Make);
        let mut again = Vec::new();
        for role in &self.roles {
            let lacks = self.import(session, door, role, role.action == Action::Change).await?;
            if lacks.iter().any(|other| coming.contains(other)) {
                again.push(role);
            }
        }
        // Roles that may be allowed to do something with each other come one after the other.
        for role in again {
            self.import(session, door, role, true).await?;
        }
        let now = door.export(cx).await.map_err(RolesError::Read)?;
        let wrong: Vec<String> = plan::plan(&self.source.at(&now), &now, self.named)
            .into_iter()
            .filter(|seen| {
                seen.action != Action::Same && self.roles.iter().any(|role| role.role == seen.role)
            })
            .map(|seen| seen.role)
            .collect();
        if !wrong.is_empty() {
            return Err(RolesError::ReadBack(wrong));
        }
        let changed = self.roles.len() - coming.len();
        Ok(format!("{} made, {changed} changed, read back", coming.len()))
    }

    /// Makes or changes one, and returns the roles that it names and that are not there.
    async fn import(
        &self,
        session: &Session,
        door: &mut RolesDoor,
        role: &RolePlan,
        change: bool,
    ) -> Result<BTreeSet<String>, RolesError> {
        let request = ImportRequest { role: role.wanted.clone(), change };
        let imported = door.import(&session.cx, &request).await;
        let imported = imported.map_err(|source| RolesError::Write { role: role.role.clone(), source })?;
        Ok(imported.lacks.roles)
    }

    fn with(&self, action: Action) -> BTreeSet<&String> {
        self.roles.iter().filter(|role| role.action == action).map(|role| &role.role).collect()
    }
}

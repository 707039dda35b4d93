//! Accounts of seats that are nobody's yet (see [`crate::seat`]).

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_engine::process::Account;
use provost_fleet::name::Name;

use super::{
    AccountError, User, ensure_with, find, fleet_digits, is_ours, read, remove, rename_whole, site_user_name,
    users, web,
};

/// How the names of these accounts begin: no site's does.
pub(super) const PREFIX: &str = "pv_seat";

fn name(fleet_id: &str, number: u32) -> String {
    format!("{PREFIX}{number}-{}", fleet_digits(fleet_id))
}

/// The number in the name of a seat's account of this fleet.
fn number(fleet_id: &str, name: &str) -> Option<u32> {
    let (number, fleet) = name.strip_prefix(PREFIX)?.split_once('-')?;
    (fleet == fleet_digits(fleet_id)).then(|| number.parse().ok())?
}

/// The accounts of a fleet's free seats, by number.
pub(crate) fn free(fleet_id: &str) -> Result<BTreeMap<u32, User>, AccountError> {
    let all = users().map_err(AccountError::List)?;
    let each = all.iter().filter_map(|(name, &(uid, gid))| {
        let user = User { name: name.clone(), account: Account::Other { uid, gid } };
        Some((number(fleet_id, name)?, user))
    });
    Ok(each.collect())
}

/// Makes the account of a free seat, with nginx's account in its group.
pub(crate) async fn make(cx: &Context, fleet_id: &str, number: u32) -> Result<User, AccountError> {
    let web = web(cx, fleet_id).await?;
    ensure_with(cx, &name(fleet_id, number), &web).await
}

/// Gives the account of a free seat to a site that has none. `None` where it is no longer there.
pub(crate) async fn give(
    cx: &Context,
    fleet_id: &str,
    number: u32,
    site: &Name,
) -> Result<Option<User>, AccountError> {
    let (from, to) = (name(fleet_id, number), site_user_name(fleet_id, site));
    if find(&from)?.is_none() {
        return Ok(None);
    }
    rename_whole(cx, &from, &to).await?;
    find(&to)
}

/// The numbers of all users that carry a name of ours.
pub(crate) fn ours() -> Result<BTreeSet<u32>, AccountError> {
    let all = users().map_err(AccountError::List)?;
    Ok(all.iter().filter(|(name, _)| is_ours(name)).map(|(_, &(uid, _))| uid).collect())
}

/// Removes the accounts of all free seats of a fleet, and groups that are left of some.
pub(crate) async fn remove_all(cx: &Context, fleet_id: &str) -> Result<(), AccountError> {
    if !cx.machine.root {
        return Ok(());
    }
    let lists = [read("/etc/passwd")?, read("/etc/group")?];
    let names = lists.iter().flat_map(|list| list.lines()).filter_map(|line| line.split(':').next());
    let names: BTreeSet<&str> = names.filter(|name| number(fleet_id, name).is_some()).collect();
    for name in names {
        remove(cx, name).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_known_by_its_name_and_by_its_fleet() {
        let one = name("fleet one", 12);
        assert!(one.len() <= 32, "{one}");
        assert_eq!(number("fleet one", &one), Some(12));
        assert_eq!(number("fleet two", &one), None);
        let site: Name = "seat12".parse().unwrap();
        assert_eq!(number("fleet one", &site_user_name("fleet one", &site)), None);
    }
}

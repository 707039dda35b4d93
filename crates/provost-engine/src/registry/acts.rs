//! What happens in the registry's transactions: the rules, written once for both databases.

pub(super) mod draft;
pub(super) mod journal;
pub(super) mod look;
pub(super) mod manoeuvre;
pub(super) mod row;
pub(super) mod session;
pub(super) mod take;
pub(super) mod tell;

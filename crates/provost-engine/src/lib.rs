//! The reconcile engine: what a kind of thing is, plans, their execution, leases, the journal, and the one module that
//! starts processes. It knows no Moodle.
//!
//! The flow of one `apply`: every [`kind::Kind`] observes, then plans purely; [`plan::Plan`] is data; [`execute`] runs its
//! steps, each under a lease, each written to the journal in [`store`].

pub mod context;
pub mod event;
pub mod execute;
pub mod files;
pub mod kind;
pub mod lease;
pub mod paths;
pub mod plan;
pub mod process;
pub mod reconcile;
pub mod registry;
pub mod store;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod transcripts;

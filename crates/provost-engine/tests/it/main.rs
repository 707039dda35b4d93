//! The registry against both of its databases, by what is public of it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says where it stands"
)]

mod contract;
mod kills;
#[allow(clippy::duplicate_mod, reason = "the campaign has it for itself")]
#[path = "../../examples/registry_kills/server.rs"]
mod server;
mod stage;

//! Sites and what they live on: database servers, databases, agents, sites, and the files of the web server.
//!
//! Kinds: `server`, `redis`, `database`, `keyspace`, `template`, `site`, `vhost`. Nobody above this crate opens a database or starts PHP.

pub mod accounts;
pub mod agent;
pub mod archive;
pub mod clone;
pub mod cron;
pub mod database;
pub mod errand;
pub mod fleet_state;
pub mod kind_database;
pub mod kind_keyspace;
pub mod kind_redis;
pub mod kind_server;
pub mod kind_settings;
pub mod kind_site;
pub mod kind_spare;
pub mod kind_template;
pub mod kind_vhost;
pub mod leave;
pub mod mark;
pub mod php;
pub mod relocation;
pub mod rename;
pub mod roles;
pub mod script;
pub mod seat;
pub mod secrets;
pub mod server;
pub mod settings;
pub mod site;
pub mod sql;
pub mod up;
pub mod web;

#[cfg(test)]
mod transcripts;

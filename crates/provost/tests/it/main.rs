//! Everything together: the real program on real Moodle, PostgreSQL, nginx and php-fpm. Faults that need many runs use the stand-in.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says where it stands"
)]

mod administration;
mod archive;
mod archive_agent;
mod archive_proof;
mod bad_input;
mod builds;
mod campaigns;
mod clones;
mod codebase;
mod copy;
mod cron;
mod declared;
mod environment;
mod existing_mariadb;
mod existing_server;
mod faults;
mod http;
mod interrupted;
mod isolation;
mod last_site;
mod mariadb;
mod mirrors;
mod moodle;
mod outages;
mod output;
mod php;
mod postgres;
mod real_input;
mod recovery;
mod redis;
mod renamed_server;
mod requirements;
mod restored;
mod roles;
mod seats;
mod settings;
mod site_create;
mod site_delete;
mod site_maintenance;
mod site_move;
mod site_rename;
mod site_switch;
mod sites_below;
mod spares;
mod sql;
mod sql_write;
mod transcript;

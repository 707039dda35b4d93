//! The hosts that files lie on, and the process that works there.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::process::{Account, Program};

/// What works at an end, as PHP that needs nothing but PHP.
const CARRY: &str = include_str!("../../../../php/carry/carry.php");

/// How long a connection may take to come about, in seconds.
const CONNECT_SECONDS: u32 = 20;

/// After three times so many seconds without a sign of life a connection is broken.
const ALIVE_SECONDS: u32 = 15;

/// Where files lie.
#[derive(Debug, Clone)]
pub enum Host {
    /// On this machine, or on a file system that it has mounted.
    Here {
        /// PHP.
        php: Utf8PathBuf,
        /// The account that the files belong to.
        account: Account,
    },
    /// On another one, reached by the system's `ssh`, under the account that the files belong to.
    Ssh(Ssh),
}

/// How another host is reached. Keys, known hosts and everything else is what the user's own configuration of `ssh` says.
#[derive(Debug, Clone)]
pub struct Ssh {
    /// The `ssh` program.
    pub program: Utf8PathBuf,
    /// `host` or `user@host`, as in `~/.ssh/config`.
    pub destination: String,
    /// A file of configuration in place of the user's.
    pub configuration: Option<Utf8PathBuf>,
    /// PHP there.
    pub php: String,
    /// The environment that `ssh` sees: `HOME`, `SSH_AUTH_SOCK`.
    pub environment: std::collections::BTreeMap<String, String>,
}

impl Host {
    /// Whether two places are of one account of this machine: then a file is given from one to the other by linking it.
    pub(super) fn is_one_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here { account: one, .. }, Self::Here { account: other, .. }) => one == other,
            _ => false,
        }
    }

    /// The process at this end. `Err`: why there can be none.
    pub(super) fn program(&self) -> Result<Program, String> {
        let code = CARRY.strip_prefix("<?php").unwrap_or(CARRY);
        match self {
            Self::Here { php, account } => {
                Ok(Program::new(php.clone()).args(["-n", "-r", code]).account(account.clone()))
            }
            Self::Ssh(ssh) => {
                check_destination(&ssh.destination)?;
                let remote = format!("exec {} -n -r {}", quoted(&ssh.php), quoted(code));
                let mut program = Program::new(ssh.program.clone())
                    .args(["-T", "-x", "-a"])
                    .args(["-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes", "-o", "ControlMaster=no"])
                    .arg("-o")
                    .arg(format!("ConnectTimeout={CONNECT_SECONDS}"))
                    .arg("-o")
                    .arg(format!("ServerAliveInterval={ALIVE_SECONDS}"))
                    .args(["-o", "ServerAliveCountMax=3"]);
                if let Some(configuration) = &ssh.configuration {
                    program = program.args(["-F", configuration.as_str()]);
                }
                let mut program = program.args(["--", ssh.destination.as_str(), remote.as_str()]);
                program = program.envs(&ssh.environment);
                Ok(program)
            }
        }
    }

    /// Makes the directory where backups arrive, for its account. Only here: elsewhere the account makes it itself.
    pub(super) fn prepare(&self, staging: &Utf8Path) -> std::io::Result<()> {
        let Self::Here { account: Account::Other { uid, gid }, .. } = self else { return Ok(()) };
        if let Some(parent) = staging.parent() {
            fs_err::create_dir_all(parent)?;
        }
        match fs_err::create_dir(staging) {
            Ok(()) => std::os::unix::fs::lchown(staging, Some(*uid), Some(*gid)),
            // Whose it is was decided when it was made.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A destination is a word, and never an option.
fn check_destination(destination: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_@:[]%".contains(c);
    if destination.is_empty() || destination.starts_with('-') || !destination.chars().all(plain) {
        return Err(format!("`{destination}` is not the name of a host"));
    }
    Ok(())
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_no_option() {
        for wrong in ["", "-oProxyCommand=x", "a b", "a;b", "a\nb", "$(a)", "a'b"] {
            assert!(check_destination(wrong).is_err(), "{wrong}");
        }
        for right in ["moodle1", "www-data@moodle1.example.org", "u@[fe80::1%eth0]"] {
            check_destination(right).unwrap();
        }
    }

    #[test]
    fn a_shell_reads_one_word() {
        let mut said = std::process::Command::new("/bin/sh");
        said.arg("-c").arg(format!("printf %s {}", quoted("a'b $c\n\"")));
        assert_eq!(said.output().unwrap().stdout, b"a'b $c\n\"");
    }

    #[test]
    fn the_code_fits_into_an_argument() {
        // Linux takes 128 KiB for one.
        assert!(quoted(CARRY).len() < 100_000);
        assert!(CARRY.starts_with("<?php"));
    }
}

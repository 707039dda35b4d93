//! PHP inside the sites of a test.

use std::path::Path;
use std::process::Command;

use crate::environment::TestEnv;

impl TestEnv {
    /// PHP inside a site, as the site's own user; the first argument is the build's config.php.
    pub(crate) fn php_command(&self, site: &str, script: &Path) -> Command {
        let mut command = match self.account(site) {
            Some(account) => {
                let mut command = Command::new("runuser");
                command.args(["-u", &account, "--", "php"]);
                command
            }
            None => Command::new("php"),
        };
        command.args(["-d", "memory_limit=-1", "-d", "max_input_vars=5000", "-d", "display_errors=stderr"]);
        command.arg(script).arg(self.state().join(format!("made/sites/{site}/code/config.php")));
        command.env("PROVOST_SITE", site).current_dir("/");
        command
    }
}

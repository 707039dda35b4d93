//! What the process was given by its caller.

use camino::Utf8PathBuf;
use provost_ops::environment::{Environment, Variables};

/// Reads the surroundings of this process.
pub(crate) fn read() -> Result<Environment, String> {
    let directory =
        std::env::current_dir().map_err(|error| format!("cannot tell the working directory: {error}"))?;
    let directory = Utf8PathBuf::from_path_buf(directory)
        .map_err(|path| format!("the working directory `{}` is not UTF-8", path.display()))?;
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Environment {
        directory,
        variables: Variables(variables),
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        cores,
    })
}

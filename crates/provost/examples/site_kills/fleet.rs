//! The fleet that the campaign works on: two managed servers of each engine, a template on the first of each, sites that are clones.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::event::Silent;
use provost_fleet::model::{Fleet, Site};
use provost_fleet::name::Name;
use provost_ops::environment::{Environment, Variables};
use provost_ops::session::{Access, Call, Session};

use super::Result;

/// The longest that a command may take: a real Moodle is installed in a minute, on a busy machine in some.
const LONGEST: Duration = Duration::from_mins(15);

/// The servers, by name: PostgreSQL and MariaDB by turns.
pub(crate) const SERVERS: [&str; 4] = ["pg", "my", "pg2", "my2"];

/// Whether a server is PostgreSQL.
pub(crate) fn is_postgresql(server: &str) -> bool {
    server.starts_with("pg")
}

/// The other server of the same engine.
pub(crate) fn other(server: &str) -> &'static str {
    let at = SERVERS.iter().position(|one| *one == server).unwrap_or_default();
    SERVERS[(at + 2) % SERVERS.len()]
}

/// One template on the first server of each engine.
pub(crate) const TEMPLATES: [&str; 2] = ["of-pg", "of-my"];

/// The fleet and how it is commanded.
pub(crate) struct World {
    pub(crate) program: Utf8PathBuf,
    pub(crate) at: Utf8PathBuf,
    pub(crate) port: u16,
    /// Whether sites are copies of templates. The stand-in has not what a template needs: there they are installed.
    pub(crate) cloned: bool,
    variables: Vec<(&'static str, String)>,
    /// Holds the servers between commands.
    held: Option<Session>,
    up: Option<Child>,
}

/// How a command ended.
pub(crate) struct Ended {
    /// `None` where it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
    pub(crate) said: String,
}

impl World {
    /// Writes the fleet file; nothing is made yet.
    pub(crate) fn new(program: &Utf8Path, at: &Utf8Path, moodle: (&str, &str), cloned: bool) -> Result<Self> {
        for directory in ["home", "run", "cache"] {
            std::fs::create_dir_all(at.join(directory))?;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (git, reference) = moodle;
        let mut text = format!(
            "[fleet]\nname = \"kills\"\nmoodle_git = \"{git}\"\nstate = \"{at}/state\"\n\n[web]\nlisten = [\"127.0.0.1:{port}\"]\n\n\
             [codebase.main]\nmoodle = \"{reference}\"\n"
        );
        for server in SERVERS {
            let engine = if is_postgresql(server) { "postgresql" } else { "mariadb" };
            text += &format!("\n[database.{server}]\nmanaged = true\nengine = \"{engine}\"\n");
        }
        for (template, server) in TEMPLATES.iter().zip(SERVERS).filter(|_| cloned) {
            text += &format!("\n[template.{template}]\ncodebase = \"main\"\ndatabase = \"{server}\"\n");
        }
        std::fs::write(at.join("fleet.toml"), text)?;
        let variables = vec![
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
            ("HOME", at.join("home").into_string()),
            ("USER", "campaign".to_owned()),
            ("XDG_CACHE_HOME", at.join("cache").into_string()),
            ("XDG_RUNTIME_DIR", at.join("run").into_string()),
        ];
        Ok(Self {
            program: program.to_owned(),
            at: at.to_owned(),
            port,
            cloned,
            variables,
            held: None,
            up: None,
        })
    }

    /// Starts a command; what it says goes to a file.
    pub(crate) fn spawn(&self, arguments: &[&str], log: &str) -> Result<Child> {
        let log = std::fs::File::create(self.at.join(log))?;
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.at)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command.spawn()?)
    }

    /// Waits for a command's end, looking at it every millisecond. `meanwhile` says whether to go on.
    pub(crate) fn wait(
        &self,
        mut child: Child,
        mut meanwhile: impl FnMut(&mut Child, Duration),
    ) -> Result<Ended> {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if begun.elapsed() > LONGEST {
                child.kill()?;
                child.wait()?;
                return Err(format!("a command did not end: {}", self.log()).into());
            }
            meanwhile(&mut child, begun.elapsed());
            std::thread::sleep(Duration::from_millis(1));
        };
        Ok(Ended { code: status.code(), took: begun.elapsed(), said: self.log() })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.at.join("log")).unwrap_or_default()
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ended> {
        self.wait(self.spawn(arguments, "log")?, |_, _| {})
    }

    pub(crate) fn call(&self) -> Call {
        let uid = rustix::process::geteuid().as_raw();
        let variables = self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Call {
            environment: Environment {
                directory: self.at.clone(),
                variables: Variables(variables.collect()),
                uid,
                gid: rustix::process::getegid().as_raw(),
                cores: 2,
            },
            file: "fleet.toml".into(),
            reporter: Arc::new(Silent),
            cancel: tokio_util::sync::CancellationToken::new(),
            jobs: None,
        }
    }

    /// What the file says now.
    pub(crate) fn fleet(&self) -> Result<Arc<Fleet>> {
        Ok(self.call().load().map_err(|error| format!("the fleet file is broken: {error}"))?.fleet)
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.at.join("fleet.toml"))?)
    }

    /// Takes a site out of the file, as a person with an editor does.
    pub(crate) fn take_out(&self, site: &str) -> Result<()> {
        let text = self.text()?;
        let header = format!("[site.{site}]");
        let mut kept = String::new();
        let mut within = false;
        for line in text.lines() {
            if line.starts_with('[') {
                within = line == header || line.starts_with(&format!("[site.{site}."));
            }
            if !within {
                kept += line;
                kept.push('\n');
            }
        }
        Ok(std::fs::write(self.at.join("fleet.toml"), kept)?)
    }

    /// A list of sites to create, on both engines by turns. `first` says which engine begins.
    pub(crate) fn write_list(&self, names: &[String], first: usize) -> Result<()> {
        let (key, values) =
            if self.cloned { ("template", &TEMPLATES[..]) } else { ("database", &SERVERS[..]) };
        let mut list = format!("name,url,{key}\n");
        for (number, name) in names.iter().enumerate() {
            let value = values[(first + number) % values.len()];
            list += &format!("{name},http://{name}.localhost:{},{value}\n", self.port);
        }
        Ok(std::fs::write(self.at.join("sites.csv"), list)?)
    }

    /// Keeps the servers running between commands, so that what is on them can be looked at; or lets each command start and stop them.
    pub(crate) async fn hold(&mut self) -> Result<&Session> {
        if self.held.is_none() {
            let session = Session::open(&self.call(), Access::Look)?;
            for server in SERVERS {
                session.servers.ensure_running(&session.cx, &server.parse()?).await?;
            }
            self.held = Some(session);
        }
        self.held.as_ref().ok_or_else(|| "nothing is held".into())
    }

    /// Lets go of the servers.
    pub(crate) async fn let_go(&mut self) {
        if let Some(session) = self.held.take() {
            session.close().await;
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Serves the fleet, with its cron.
    pub(crate) fn start_up(&mut self) -> Result<()> {
        let mut child = self.spawn(&["up"], "up.log")?;
        let begun = Instant::now();
        while !std::fs::read_to_string(self.at.join("up.log"))?.contains("The fleet is up") {
            if child.try_wait()?.is_some() || begun.elapsed() > LONGEST {
                return Err(format!(
                    "`up` did not come up: {}",
                    std::fs::read_to_string(self.at.join("up.log"))?
                )
                .into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.up = Some(child);
        Ok(())
    }

    /// Ends `up` the way Ctrl-C does.
    pub(crate) fn end_up(&mut self) -> Result<()> {
        if let Some(mut child) = self.up.take() {
            super::processes::interrupt(child.id());
            child.wait()?;
        }
        Ok(())
    }

    /// The process of `up`, where the fleet is served.
    pub(crate) fn up(&self) -> Option<u32> {
        self.up.as_ref().map(Child::id)
    }

    /// Asks a server as its administrator; one column, a row a line.
    pub(crate) fn sql(&self, server: &str, database: Option<&str>, query: &str) -> Result<Vec<String>> {
        let fleet = self.fleet()?;
        let paths = self.call().environment.paths(&fleet);
        let name: Name = server.parse()?;
        let secret = paths.secrets().join(format!("server-{server}-admin"));
        let password = std::fs::read_to_string(secret)?;
        let sockets = paths.server_socket_directory(&name);
        let output = if is_postgresql(server) {
            let mut command = Command::new("psql");
            command.args([
                "-h",
                sockets.as_str(),
                "-U",
                "provost",
                "-d",
                database.unwrap_or("postgres"),
                "-XAtc",
                query,
            ]);
            command.env("PGPASSWORD", password.trim()).output()?
        } else {
            let options = self.at.join("client.cnf");
            std::fs::write(
                &options,
                format!("[client]\nuser = provost\npassword = \"{}\"\n", password.trim()),
            )?;
            let mut command = Command::new("mariadb");
            command
                .args([&format!("--defaults-file={options}"), &format!("--socket={sockets}/mariadb.sock")]);
            command.args(["--skip-column-names", "--batch", "--raw", "-e", query]);
            command.args(database.map(|database| format!("--database={database}"))).output()?
        };
        if !output.status.success() {
            return Err(format!("{server}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// The status of a page, and the beginning of what came; 0 where nobody answers.
    pub(crate) fn get(&self, site: &Site) -> (u16, String) {
        use std::io::{Read as _, Write as _};
        let asked = || -> std::io::Result<String> {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_mins(1)))?;
            write!(
                stream,
                "GET /login/index.php HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n",
                site.url.host(),
                self.port
            )?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = asked().unwrap_or_default();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer.chars().take(400).collect())
    }
}

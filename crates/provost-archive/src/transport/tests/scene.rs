//! Two places in a temporary directory, with a backup in one, and every way between them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::{Event, Reporter};
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_engine::store::Store;
use provost_moodle::mbz::{ContentHash, StructureFile, hexadecimal, structure_digest};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::ends::UnitKey;
use crate::transport::{Cargo, Form, Host, Landing, Origin, Route, Ssh};

/// A way between two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// One account has both.
    Linked,
    /// A command in the place of `ssh`, which can be cut.
    Command,
    /// `ssh` to a server of our own on loopback.
    Ssh,
}

/// All that can be had here.
pub(super) fn ways() -> Vec<Way> {
    let mut ways = vec![Way::Linked, Way::Command];
    if sshd().is_some() {
        ways.push(Way::Ssh);
    } else {
        println!("without sshd: a command in its place");
    }
    ways
}

/// An `sshd`: the machine's, or the one that `PROVOST_TEST_SSHD` names.
fn sshd() -> Option<Utf8PathBuf> {
    let named = std::env::var("PROVOST_TEST_SSHD").unwrap_or_default();
    [named.as_str(), "/usr/sbin/sshd"].into_iter().map(Utf8PathBuf::from).find(|path| path.is_file())
}

struct Silent;

impl Reporter for Silent {
    fn event(&self, _: &Event) {}
}

/// Both places, a way, and what is to be carried.
pub(super) struct Scene {
    pub(super) root: Utf8PathBuf,
    pub(super) way: Way,
    pub(super) cx: Context,
    port: u16,
    server: Option<Child>,
    _directory: tempfile::TempDir,
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            server.kill().ok();
            server.wait().ok();
        }
    }
}

impl Scene {
    pub(super) fn new(way: Way) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
        for name in ["source/filedir", "source/work", "target/filedir", "ssh"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let machine = Machine {
            program_directories: vec!["/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()],
            cores: 2,
            ..Machine::default()
        };
        let cx = Context {
            paths: Arc::new(Paths {
                state: root.join("state"),
                run: root.join("run"),
                cache: root.join("cache"),
                store: root.join("state/store"),
            }),
            store: Arc::new(Store::in_memory().unwrap()),
            cancel: tokio_util::sync::CancellationToken::new(),
            reporter: Arc::new(Silent),
            machine: Arc::new(machine),
            limits: Limits { steps: 1, observations: 1 },
        };
        let mut scene = Self { root, way, cx, port: 0, server: None, _directory: directory };
        match way {
            Way::Linked => {}
            Way::Command => scene.write_command(),
            Way::Ssh => scene.start_server(),
        }
        scene
    }

    fn php(&self) -> Utf8PathBuf {
        self.cx.machine.program("php").expect("PHP is installed")
    }

    /// Takes the place of `ssh`: what `cut.HOST` says is how many bytes come through from a source, or to a target, before the line is cut.
    fn write_command(&self) {
        let script = format!(
            "#!/bin/sh\ndest=; command=; for word; do dest=$command; command=$word; done\n\
             cut={root}/ssh/cut.$dest\n\
             [ -f {root}/ssh/nonsense.$dest ] && exec cat {root}/ssh/nonsense.$dest\n\
             [ -f $cut ] || exec sh -c \"$command\"\n\
             n=$(cat $cut); rm $cut\n\
             case $dest in\n\
             origin) {{ sh -c \"$command\" <&3 & echo $! >$cut.pid; wait; }} 3<&0 | {{ stdbuf -o0 head -c $n; kill $(cat $cut.pid); }};;\n\
             *) stdbuf -o0 head -c $n | sh -c \"$command\";; esac\n\
             echo 'Connection closed by remote host' >&2\nexit 255\n",
            root = self.root
        );
        let path = self.root.join("ssh/ssh");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The next process at this end loses its line after so many bytes.
    pub(super) fn cut(&self, end: &str, bytes: u64) {
        std::fs::write(self.root.join(format!("ssh/cut.{end}")), bytes.to_string()).unwrap();
    }

    /// Whether the cut is still to come.
    pub(super) fn uncut(&self, end: &str) -> bool {
        self.root.join(format!("ssh/cut.{end}")).exists()
    }

    fn start_server(&mut self) {
        let directory = self.root.join("ssh");
        for key in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            command
                .args(["-q", "-t", "ed25519", "-N", "", "-f", key])
                .current_dir(&directory)
                .stdin(Stdio::null());
            assert!(command.status().unwrap().success());
        }
        std::fs::copy(directory.join("user.pub"), directory.join("authorized")).unwrap();
        // A port that is free now; somebody else may have it in a moment, then the test says so.
        self.port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {}\nHostKey {directory}/host\nAuthorizedKeysFile {directory}/authorized\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n",
            self.port
        );
        std::fs::write(directory.join("sshd.conf"), config).unwrap();
        let sshd = sshd().unwrap();
        let start = format!("exec {sshd} -D -e -f {directory}/sshd.conf");
        // As root it wants an account of its own and a directory, which a machine without the package has not. The whole of `/etc` is
        // replaced in its namespace: whoever adds an account meanwhile renames a new `passwd` over one that were mounted alone.
        let mut command = if rustix::process::geteuid().is_root() {
            let inside = format!(
                "mkdir {directory}/etc && cd /etc && cp -a passwd group shadow nsswitch.conf ld.so.cache alternatives {directory}/etc && \
                 echo sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin >> {directory}/etc/passwd && cd / && \
                 mount --make-rprivate / && mount --bind {directory}/etc /etc && mount -t tmpfs tmpfs /run && mkdir /run/sshd && \
                 {start}"
            );
            let mut command = Command::new("unshare");
            command.args(["-m", "sh", "-c", &inside]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", &start]);
            command
        };
        self.server = Some(command.stdin(Stdio::null()).spawn().unwrap());
        for _ in 0..1200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("sshd did not start");
    }

    fn host(&self, end: &str) -> Host {
        match self.way {
            Way::Linked => Host::Here { php: self.php(), account: Account::Own },
            Way::Command => Host::Ssh(Ssh {
                program: self.root.join("ssh/ssh"),
                destination: end.to_owned(),
                configuration: None,
                php: self.php().into_string(),
                environment: BTreeMap::new(),
            }),
            Way::Ssh => {
                let directory = self.root.join("ssh");
                let known = std::fs::read_to_string(directory.join("host.pub")).unwrap();
                std::fs::write(directory.join("known"), format!("[127.0.0.1]:{} {known}", self.port))
                    .unwrap();
                let config = format!(
                    "Host origin landing\nHostName 127.0.0.1\nPort {}\nIdentityFile {directory}/user\nIdentitiesOnly yes\n\
                     UserKnownHostsFile {directory}/known\nStrictHostKeyChecking yes\n",
                    self.port
                );
                std::fs::write(directory.join("config"), config).unwrap();
                Host::Ssh(Ssh {
                    program: self.cx.machine.program("ssh").unwrap(),
                    destination: end.to_owned(),
                    configuration: Some(directory.join("config")),
                    php: self.php().into_string(),
                    environment: BTreeMap::new(),
                })
            }
        }
    }

    pub(super) fn staging(&self) -> Utf8PathBuf {
        self.root.join("target/staging")
    }

    pub(super) fn route(&self) -> Route {
        let origin = Origin { host: self.host("origin"), filedir: self.root.join("source/filedir") };
        let landing = Landing {
            host: self.host("landing"),
            staging: self.staging(),
            filedir: Some(self.root.join("target/filedir")),
        };
        Route::new(self.cx.clone(), origin, landing).with_reserve(0)
    }

    /// Puts a content into a `filedir`.
    pub(super) fn content(&self, site: &str, bytes: &[u8]) -> ContentHash {
        let hash = ContentHash::from_bytes(Sha1::digest(bytes).into());
        let path = self.root.join(site).join("filedir").join(hash.place_in_filedir());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        hash
    }

    /// An unpacked backup that refers to contents, which the source has.
    pub(super) fn backup(&self, key: &str, contents: &[&[u8]]) -> Cargo {
        let at = self.root.join("source/work").join(key);
        let mut rows = String::from(
            "<file id=\"1\"><contenthash>da39a3ee5e6b4b0d3255bfef95601890afd80709</contenthash><filename>.</filename><filesize>0</filesize></file>\n",
        );
        for (number, bytes) in contents.iter().enumerate() {
            let hash = self.content("source", bytes);
            rows.push_str(&format!(
                "<file id=\"{number}\"><contenthash>{hash}</contenthash><component>mod_resource</component><filepath>/</filepath>\
                 <filename>file{number}.pdf</filename><filesize>{}</filesize><repositoryid>$@NULL@$</repositoryid></file>\n",
                bytes.len()
            ));
        }
        let files = [
            ("moodle_backup.xml".to_owned(), information("0")),
            (
                "files.xml".to_owned(),
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n{rows}</files>"),
            ),
            ("course/course.xml".to_owned(), format!("<course id=\"{key}\"/>")),
            ("empty.xml".to_owned(), String::new()),
        ];
        let activities = (0..40).map(|number| {
            (format!("activities/page_{number}/page.xml"), "<page>é</page>\n".repeat(number * 20))
        });
        for (path, text) in files.into_iter().chain(activities) {
            let path = at.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Cargo { key: unit(key), form: Form::Thin, at, digest: None }
    }
}

/// A unit's key.
pub(super) fn unit(key: &str) -> UnitKey {
    UnitKey::try_from(key.to_owned()).unwrap()
}

/// A `moodle_backup.xml`.
pub(super) fn information(include_files: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<moodle_backup><information><name>b.mbz</name>\
         <moodle_version>2025041400</moodle_version><moodle_release>5.0</moodle_release>\
         <include_files>{include_files}</include_files><original_wwwroot>https://a.example</original_wwwroot>\
         <original_course_id>7</original_course_id><original_course_shortname>A &amp; B</original_course_shortname>\
         <details><detail backup_id=\"x\"><type>course</type><format>moodle2</format></detail></details>\
         <settings><setting><level>root</level><name>users</name><value>1</value></setting></settings>\
         </information></moodle_backup>"
    )
}

/// The structure below a directory, and its digest.
pub(super) fn structure(root: &Utf8Path) -> (Vec<StructureFile>, String) {
    let mut files = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in directory.read_dir_utf8().unwrap() {
            let path = entry.unwrap().path().to_owned();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            files.push(StructureFile {
                path: path.strip_prefix(root).unwrap().to_string(),
                bytes: bytes.len() as u64,
                sha256: hexadecimal(&Sha256::digest(&bytes)),
            });
        }
    }
    files.sort();
    let digest = structure_digest(&files);
    (files, digest)
}

/// Bytes that nobody compresses, other ones for each seed.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

/// Everything of a backup that arrived is as at the source, and its contents are with it.
pub(super) fn assert_arrived(cargo: &Cargo, at: &Utf8Path, contents: &[&[u8]]) {
    let main = std::fs::read_to_string(at.join("moodle_backup.xml")).unwrap();
    assert_eq!(main, information("1"));
    let come = |root: &Utf8Path| {
        let files = structure(root).0.into_iter();
        files
            .filter(|file| file.path != "moodle_backup.xml" && !file.path.starts_with("files/"))
            .collect::<Vec<_>>()
    };
    assert_eq!(come(at), come(&cargo.at));
    for bytes in contents {
        let hash = ContentHash::from_bytes(Sha1::digest(bytes).into());
        assert!(std::fs::read(at.join("files").join(hash.place_in_backup())).unwrap() == *bytes, "{hash}");
    }
}

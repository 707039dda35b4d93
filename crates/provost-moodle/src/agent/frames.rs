//! The frames and their JSON.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decoder::FrameError;

/// One message, in either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// To the agent, first: which site, and by what right.
    Hello(Hello),
    /// From the agent, in answer to `hello`.
    Ready(Ready),
    /// To the agent: something to do.
    Request(Request),
    /// From the agent, any number of times: how far a request is.
    Progress(Progress),
    /// From the agent, once for each request: how it ended.
    Result(Outcome),
    /// To the agent: end now.
    Bye,
}

/// The first frame to an agent. `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`super::PROTOCOL`].
    pub protocol: u32,
    /// The site's name in the fleet.
    pub site: String,
    /// A secret of this one process, by which the agent knows who speaks.
    pub token: String,
}

/// What the agent says of itself and its site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// [`super::PROTOCOL`].
    pub protocol: u32,
    /// Digest of the agent's own code.
    pub agent: String,
    /// Moodle's `$version` on disk, as text.
    pub moodle: String,
    /// The tree hash of the build that it runs on.
    pub build: String,
    /// The version of PHP.
    pub php: String,
    /// Its process id.
    pub pid: u32,
    /// Names of the operations that it knows, such as `settings.set`.
    pub operations: Vec<String>,
    /// What the site is fit for.
    pub state: SiteState,
}

/// What a site is fit for, as its agent sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// Installed, and its database is at the version of its code.
    Ok,
    /// Its database is older than its code.
    UpgradePending,
    /// There is no Moodle in its database.
    NotInstalled,
}

/// Something for the agent to do. `Debug` does not show the parameters: they may hold secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// A number of its own within this process.
    pub id: u64,
    /// What to do, such as `settings.set`.
    pub operation: String,
    /// What the operation needs.
    pub params: Value,
    /// After how many seconds it is given up.
    pub deadline_s: u32,
    /// Whether it may be sent again if the agent dies over it.
    pub retry: Retry,
}

/// Whether a request whose agent died may be sent to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Yes: doing it twice is as good as once.
    Safe,
    /// No: someone must look first.
    Never,
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The request's number.
    pub id: u64,
    /// How much is done, in units that the operation chooses.
    pub done: u64,
    /// How much there is, if known.
    #[serde(default)]
    pub total: Option<u64>,
    /// What is being done, for a person.
    #[serde(default)]
    pub note: String,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The request's number.
    pub id: u64,
    /// What the operation answers, or why it failed.
    pub result: Result<Value, Failure>,
    /// What it changed, as the operation describes it.
    pub effects: Vec<Value>,
    /// The most memory that PHP used, in bytes.
    pub peak_bytes: u64,
    /// How many times it read from the database.
    pub db_reads: u64,
    /// How many times it wrote to the database.
    pub db_writes: u64,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// A word for programs: an exception's class, or a code of the operation's own.
    pub kind: String,
    /// What happened, for a person.
    pub message: String,
    /// More for those who debug: Moodle's debug information, a trace.
    #[serde(default)]
    pub debug: Option<String>,
    /// What to do about it.
    #[serde(default)]
    pub hint: Option<String>,
}

/// An [`Outcome`] as it is written: `ok` or `error`, never both.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOutcome {
    id: u64,
    #[serde(default, skip_serializing_if = "Answer::is_missing")]
    ok: Answer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    #[serde(default)]
    effects: Vec<Value>,
    #[serde(default)]
    peak_bytes: u64,
    #[serde(default)]
    db_reads: u64,
    #[serde(default)]
    db_writes: u64,
}

/// An answer that may be missing, which `null` is not: an operation may well answer `null`.
#[derive(Default)]
struct Answer(Option<Value>);

impl Answer {
    fn is_missing(&self) -> bool {
        self.0.is_none()
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Some(Value::deserialize(deserializer)?)))
    }
}

/// A frame as it is written, its `type` first.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Written<'a> {
    Hello(&'a Hello),
    Ready(&'a Ready),
    Request(&'a Request),
    Progress(&'a Progress),
    Result(WrittenOutcome),
    Bye,
}

/// Writes a frame as a JSON object on one line.
pub(super) fn to_json(frame: &Frame) -> Result<String, FrameError> {
    let written = match frame {
        Frame::Hello(hello) => Written::Hello(hello),
        Frame::Ready(ready) => Written::Ready(ready),
        Frame::Request(request) => Written::Request(request),
        Frame::Progress(progress) => Written::Progress(progress),
        Frame::Result(outcome) => Written::Result(written(outcome.clone())),
        Frame::Bye => Written::Bye,
    };
    serde_json::to_string(&written).map_err(|error| shape(&error))
}

/// Reads a frame from the JSON between its marks.
pub(super) fn from_json(json: &[u8]) -> Result<Frame, FrameError> {
    let mut object: Map<String, Value> = serde_json::from_slice(json).map_err(|error| shape(&error))?;
    let Some(Value::String(kind)) = object.remove("type") else {
        return Err(FrameError::Shape("it has no `type`".to_owned()));
    };
    match kind.as_str() {
        "hello" => read(object).map(Frame::Hello),
        "ready" => read(object).map(Frame::Ready),
        "request" => read(object).map(Frame::Request),
        "progress" => read(object).map(Frame::Progress),
        "result" => outcome(read(object)?).map(Frame::Result),
        "bye" if object.is_empty() => Ok(Frame::Bye),
        "bye" => Err(FrameError::Shape("`bye` has nothing with it".to_owned())),
        _ => Err(FrameError::UnknownType(kind.chars().take(40).collect())),
    }
}

fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, FrameError> {
    serde_json::from_value(Value::Object(object)).map_err(|error| shape(&error))
}

/// The error's text, shortened: it can quote what was read.
fn shape(error: &serde_json::Error) -> FrameError {
    FrameError::Shape(error.to_string().chars().take(200).collect())
}

fn written(outcome: Outcome) -> WrittenOutcome {
    let Outcome { id, result, effects, peak_bytes, db_reads, db_writes } = outcome;
    let (ok, error) = match result {
        Ok(answer) => (Some(answer), None),
        Err(failure) => (None, Some(failure)),
    };
    WrittenOutcome { id, ok: Answer(ok), error, effects, peak_bytes, db_reads, db_writes }
}

fn outcome(written: WrittenOutcome) -> Result<Outcome, FrameError> {
    let WrittenOutcome { id, ok, error, effects, peak_bytes, db_reads, db_writes } = written;
    let result = match (ok.0, error) {
        (Some(answer), None) => Ok(answer),
        (None, Some(failure)) => Err(failure),
        _ => return Err(FrameError::Shape("a result has either `ok` or `error`".to_owned())),
    };
    Ok(Outcome { id, result, effects, peak_bytes, db_reads, db_writes })
}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello")
            .field("protocol", &self.protocol)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("operation", &self.operation)
            .field("deadline_s", &self.deadline_s)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

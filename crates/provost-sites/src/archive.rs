//! What an archive session asks of a Moodle: the typed requests and answers of the agent's operations `archive.*`, and their door.
//!
//! Every operation looks first whether what it is asked for is there, does it where it is not, and reads the effect back: each may be
//! asked again after its process was killed in the middle. One that finds something that a person has to decide does nothing and says
//! so ([`Problem`]); what the declaration accepts is told by name.
//!
//! | operation | where | what |
//! |---|---|---|
//! | `archive.site` | both | facts of the site: versions, plugins, roles, categories, names |
//! | `archive.courses` | source | facts of courses, page by page |
//! | `archive.users` | source | who a backup of some courses would bring |
//! | `archive.users.where` | source | which of the courses some of them take part in |
//! | `archive.match` | target | whom each of them would become there |
//! | `archive.backup` | source | one course into a directory: its structure alone, or with all contents |
//! | `archive.locate` | source | where the contents of files lie |
//! | `archive.missing` | target | which contents are not there |
//! | `archive.stage` | target | links contents into an unpacked backup, which is whole from then on |
//! | `archive.path` | source | the categories from the top to one, with their descriptions |
//! | `archive.category` | target | the category of a path, made where it is missing |
//! | `archive.uncategory` | target | takes away categories that a session made and that are empty |
//! | `archive.restore` | target | one course from an unpacked backup, hidden and marked |
//! | `archive.find` | target | the courses that carry marks |
//! | `archive.discard` | target | takes a marked course away again |
//! | `archive.finish` | target | what is done with a restored course: freeze, enrolments, names, tags, notice, script |
//! | `archive.settle` | target | brings the course to rest and its rows and files to disk |
//! | `archive.move` | both | one course to another category of its own site |
//! | `archive.revert` | both | such a course back to where and what it was |
//! | `archive.hide` | source | hides a course, or shows it again |
//! | `archive.delete` | source | deletes a course for good |

mod backup;
mod contents;
mod courses;
mod door;
mod finish;
mod marks;
mod place;
mod problem;
mod restore;
mod source;
mod users;

pub use backup::{BackedUp, Backup, BackupRequest, BackupSettings, Form};
pub use contents::{
    Content, LocateRequest, Located, LocatedContent, Missing, MissingRequest, StageRequest, Staged,
};
pub use courses::{CoursePage, CoursesRequest, Detail};
pub use door::ArchiveDoor;
pub use finish::{Enrolments, FinishRequest, Finished, Notice, SettleRequest, Settled};
pub use marks::{DiscardRequest, Discarded, FindRequest, Found, MarkedCourse, RestoreState};
pub use place::{
    CategoryPath, CategoryRequest, CategoryStep, PathRequest, Placed, Uncategorised, UncategoryRequest,
};
pub use problem::{Accepted, Problem};
pub use restore::{Restore, RestoreRequest, Restored};
pub use source::{
    DeleteRequest, Deleted, Expected, Hidden, HideRequest, MoveRequest, Moved, RevertRequest, Reverted,
};
pub use users::{
    Account, Conflict, Fate, MatchBy, MatchRequest, MatchedUser, Matches, Unmatched, UserPage, UserPolicy,
    UsersRequest, WhereRequest, Whereabouts,
};

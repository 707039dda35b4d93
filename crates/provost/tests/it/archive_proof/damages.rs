//! What is done to a restored course, and what the census has to say of it. How it is done stands in `corruptions.php`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::environment::TestEnv;

/// One way in which a copy is not whole.
pub(super) struct Damage {
    /// Its name, as `corruptions.php` has it.
    pub(super) name: &'static str,
    /// A difference that has to be among those that are left.
    pub(super) told_as: &'static str,
}

const fn damage(name: &'static str, told_as: &'static str) -> Damage {
    Damage { name, told_as }
}

/// All of them, in the order of `corruptions.php`.
pub(super) const DAMAGES: &[Damage] = &[
    damage("section-missing", "missing:course_sections"),
    damage("section-renamed", "changed:course_sections.name"),
    damage("section-summary-cut", "changed:course_sections.summary"),
    damage("course-summary-encoding", "changed:course.summary"),
    damage("format-option-changed", "changed:course_format_options.value"),
    damage("course-dates-moved", "changed:course.startdate"),
    damage("activity-missing", "missing:course_modules"),
    damage("activity-moved", "changed:course_modules.section"),
    damage("activity-order", "changed:course_sections.sequence"),
    damage("activity-hidden", "changed:course_modules.visible"),
    damage("activity-twice", "extra:course_modules"),
    damage("availability-dropped", "changed:course_modules.availability"),
    damage("quiz-time-limit", "changed:quiz.timelimit"),
    damage("quiz-password-lost", "changed:quiz.password"),
    damage("quiz-slot-missing", "missing:quiz_slots"),
    damage("page-link-to-old-site", "changed:page.content"),
    damage("link-to-another-chapter", "changed:page.content"),
    damage("book-chapter-missing", "missing:book_chapters"),
    damage("grade-lost", "missing:grade_grades"),
    damage("grade-changed", "changed:grade_grades.finalgrade"),
    damage("grade-feedback-lost", "changed:grade_grades.feedback"),
    damage("grade-weight", "changed:grade_items.aggregationcoef"),
    damage("submission-missing", "missing:assign_submission"),
    damage("submission-swapped-user", "changed:assignsubmission_onlinetext.submission"),
    damage("submission-text-cut", "changed:assignsubmission_onlinetext.onlinetext"),
    damage("assignment-extension-lost", "missing:assign_user_flags"),
    damage("assignment-grade-lost", "missing:assign_grades"),
    damage("attempt-missing", "missing:quiz_attempts"),
    damage("attempt-swapped-user", "missing:quiz_attempts"),
    damage("answer-changed", "changed:question_attempt_step_data.value"),
    damage("answer-order-changed", "changed:question_attempt_step_data.value"),
    damage("answer-step-missing", "missing:question_attempt_steps"),
    damage("question-text-changed", "changed:question.questiontext"),
    damage("question-author-changed", "changed:question.createdby"),
    damage("random-questions-elsewhere", "changed:question_set_references.filtercondition"),
    damage("question-right-answer", "missing:question_answers"),
    damage("post-missing", "missing:forum_posts"),
    damage("post-swapped-user", "missing:forum_posts"),
    damage("post-text-changed", "changed:forum_posts.message"),
    damage("rating-lost", "missing:rating"),
    damage("comment-lost", "missing:comments"),
    damage("completion-lost", "missing:course_modules_completion"),
    damage("course-completion-undone", "changed:course_completions.timecompleted"),
    damage("enrolment-lost", "missing:user_enrolments"),
    damage("enrolment-suspended", "changed:user_enrolments.status"),
    damage("role-lost", "missing:role_assignments"),
    damage("role-risen", "changed:role_assignments.roleid"),
    damage("account-deleted", "missing:user"),
    damage("group-member-lost", "missing:groups_members"),
    damage("group-renamed", "missing:groups"),
    damage("group-field-lost", "missing:customfield_data.groups"),
    damage("grouping-emptied", "missing:groupings_groups"),
    damage("block-lost", "missing:block_instances"),
    damage("block-text-changed", "changed:block_instances.configdata"),
    damage("permission-lost", "missing:role_capabilities"),
    damage("calendar-event-lost", "missing:event"),
    damage("tag-lost", "missing:tag_instance"),
    damage("badge-lost", "missing:badge"),
    damage("badge-condition-changed", "changed:badge_criteria_param.value"),
    damage("tool-setting-changed", "changed:lti_types_config.value"),
    damage("glossary-entry-lost", "missing:glossary_entries"),
    damage("choice-answer-changed", "changed:choice_answers.optionid"),
    damage("wiki-version-lost", "missing:wiki_versions"),
    damage("log-rows-lost", "missing:logstore_standard_log"),
    damage("file-missing", "missing:files"),
    damage("file-truncated", "content-missing:copy"),
    damage("file-one-bit", "content-missing:copy"),
    damage("file-content-gone", "content-missing:copy"),
    damage("file-swapped", "changed:files.contenthash"),
    damage("file-owner-changed", "changed:files.userid"),
    damage("file-licence-changed", "changed:files.license"),
    damage("file-author-lost", "changed:files.author"),
    damage("alias-elsewhere", "changed:files.reference"),
    damage("file-renamed", "changed:files.filename"),
    damage("file-of-another-submission", "changed:files.itemid"),
];

/// `corrupt.php` inside a site: it loads Moodle once.
pub(super) struct Helper {
    child: Child,
    into: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
}

impl Helper {
    pub(super) fn start(env: &TestEnv, site: &str) -> Self {
        let mut command = env.php_command(site, &super::script("corrupt.php"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (into, out) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, into, out }
    }

    /// Has it do something, and returns what it says.
    pub(super) fn ask(&mut self, line: &str) -> String {
        writeln!(self.into.as_mut().unwrap(), "{line}").unwrap();
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the helper died");
            if let Some(answer) = line.strip_prefix("= ") {
                return answer.trim_end().to_owned();
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.into.take();
        self.child.wait().ok();
    }
}

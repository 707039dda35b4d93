//! What came of comparing plugins, as text.

use provost_ops::plugins::{CodeGone, PluginsDiff};

use super::classes::{Words, csv, shown};

/// Which sites have equal plugins, and where the others differ.
pub(crate) fn diff(diff: &PluginsDiff, as_csv: bool) -> String {
    let words = Words {
        one: "line",
        head: &["PLUGIN", "WHAT"],
        cells: |key| vec![key.of.to_string(), key.name.to_string()],
    };
    if as_csv { csv(&diff.compared, &words) } else { shown(&diff.compared, &words) }
}

/// What became of a site's code.
pub(crate) fn code_gone(one: &CodeGone) -> String {
    match (&one.error, &one.effect) {
        (Some(error), _) => format!("✗ {}  its code stays, and it stays in maintenance: {error}", one.site),
        (None, Some(effect)) if one.shut => format!(
            "✓ {0}  on a build without them: {effect}; in maintenance, as before: `provost site maintenance off {0}`",
            one.site
        ),
        (None, Some(effect)) => format!("✓ {}  on a build without them: {effect}", one.site),
        (None, None) => format!("= {}  its code was without them before", one.site),
    }
}

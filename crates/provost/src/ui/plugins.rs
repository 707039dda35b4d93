//! What came of comparing plugins, as text.

use provost_ops::plugins::PluginsDiff;

use super::classes::{Words, shown};

/// Which sites have equal plugins, and where the others differ.
pub(crate) fn diff(diff: &PluginsDiff) -> String {
    let words = Words {
        one: "line",
        head: &["PLUGIN", "WHAT"],
        cells: |key| vec![key.of.to_string(), key.name.to_string()],
    };
    shown(&diff.compared, &words)
}

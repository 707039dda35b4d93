//! `[profile.NAME]`: settings that several sites share.

use super::draft::ProfileDraft;
use super::setting;
use super::value::Reader;

pub(super) fn read(mut reader: Reader<'_>) -> ProfileDraft {
    let parents = reader.texts("parents");
    let settings = setting::read(&mut reader);
    reader.finish();
    ProfileDraft { parents, settings }
}

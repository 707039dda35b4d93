//! Backups as core packs them, and as nobody should.

mod hostile;
mod packed;
mod properties;
mod texts;

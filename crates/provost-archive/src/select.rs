//! Which courses a session takes.

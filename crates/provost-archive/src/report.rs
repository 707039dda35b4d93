//! The report of a session, as HTML and CSV.

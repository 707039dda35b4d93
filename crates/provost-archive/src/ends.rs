//! The two Moodles of a session, as the phases see them.

//! When a session may work, with time zones and exceptions.

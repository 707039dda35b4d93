//! A session: its declaration, its units, its workers.

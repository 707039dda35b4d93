//! The comparison of scripted ends.

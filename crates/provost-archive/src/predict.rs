//! How long a unit will take, learned from those that are finished.

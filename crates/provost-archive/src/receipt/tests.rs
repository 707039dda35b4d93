//! Receipts: signed, verified, changed.

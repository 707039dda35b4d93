//! The phases of a unit, each idempotent and checked by its effect.

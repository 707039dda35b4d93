//! Which unit is begun next, pure.

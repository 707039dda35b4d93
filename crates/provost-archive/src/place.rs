//! Where a course comes to lie at the target.
